package app

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/gopacket/pcapgo"
)

// liveFolder is what testdata/lab/live.sh has recorded: kaanalyze itself, and
// in out/ CASE.pcap and CASE.truth.json as the lab has them, CASE.live.json and
// CASE.live.pcap, which kaanalyze wrote at the same time.
func liveFolder(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("KAANALYZE_LIVE")
	if dir == "" {
		t.Skip("make test-live runs this test")
	}
	return dir
}

// TestLiveLab holds what was saved to tcpdump's file, live reports to what was
// saved, and both to the truth. That the causes are right is up to [TestLab].
func TestLiveLab(t *testing.T) {
	out := filepath.Join(liveFolder(t), "out")
	found, err := filepath.Glob(filepath.Join(out, "*.live.json"))
	if err != nil || len(found) == 0 {
		t.Fatalf("got no reports, error %v", err)
	}
	for _, name := range found {
		name := strings.TrimSuffix(filepath.Base(name), ".live.json")
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(out, name+".live.json"))
			if err != nil {
				t.Fatal(err)
			}
			live := seen(t, string(text))
			saved := filepath.Join(out, name+".live.pcap")
			again := seen(t, succeedJSON(t, reading(saved)))
			endAlike(again, live)
			if diff := cmp.Diff(again, live); diff != "" {
				t.Errorf("-%s, +live:\n%s", saved, diff)
			}
			if diff := cmp.Diff(inTimeOrder(t, filepath.Join(out, name+".pcap")), inTimeOrder(t, saved)); diff != "" {
				t.Errorf("-tcpdump, +%s:\n%s", saved, diff)
			}
			truthText, err := os.ReadFile(filepath.Join(out, name+".truth.json"))
			if err != nil {
				t.Fatal(err)
			}
			var want truth
			if err := json.Unmarshal(truthText, &want); err != nil {
				t.Fatal(err)
			}
			got := decode(t, string(text))
			checkTotals(t, got, &want, want.TLS)
			checkConnections(t, got, &want, want.TLS)
			checkProbes(t, got, "client", want.Probes)
			checkProbes(t, got, "server", want.ProbesServer)
		})
	}
}

// endAlike leaves out of a live report what comes of its end, which is the clock's: a file
// ends with its last packet.
func endAlike(file, live map[string]any) {
	from, to := file["series"].(map[string]any), live["series"].(map[string]any)
	for key, x := range from {
		if steps, ok := x.([]any); ok {
			to[key] = to[key].([]any)[:len(steps)]
		}
	}
	for _, report := range []map[string]any{file, live} {
		for _, c := range report["connections"].([]any) {
			if c := c.(map[string]any); c["close"].(map[string]any)["kind"] == "open" {
				delete(c["not_reused"].(map[string]any), "observed") // for how long it is
			}
		}
		for _, f := range report["findings"].([]any) {
			for key := range f.(map[string]any) {
				if key != "rule" && key != "severity" { // the rest is words
					delete(f.(map[string]any), key)
				}
			}
		}
		delete(report["verdict"].(map[string]any), "text")
		waits := report["totals"].(map[string]any)["time_wait"].(map[string]any)
		delete(waits, "steady_state")
		for _, host := range waits["hosts"].([]any) {
			delete(host.(map[string]any), "steady_state")
		}
	}
}

// inTimeOrder lists the packets of a pcap file. Two sockets on one interface may
// get what two processors sent at once in orders of their own; the kernel's time
// of a packet is the same in both.
func inTimeOrder(t *testing.T, name string) []string {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r, err := pcapgo.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var packets []string
	for {
		data, info, err := r.ReadPacketData()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		packets = append(packets, fmt.Sprintf("%s %d %x", info.Timestamp.Format(time.RFC3339Nano), info.Length, data))
	}
	slices.Sort(packets)
	return packets
}

// seen reads a JSON report, and leaves out where the packets are from.
func seen(t *testing.T, text string) map[string]any {
	t.Helper()
	var r map[string]any
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	delete(r, "tool")
	delete(r, "host")
	c := r["capture"].(map[string]any)
	if dropped, ok := c["kernel_dropped"].(float64); ok && dropped != 0 {
		t.Errorf("got %v packets dropped, want none", dropped)
	}
	for _, key := range []string{"sources", "format", "filter", "kernel_dropped", "interface_dropped"} {
		delete(c, key)
	}
	return r
}
