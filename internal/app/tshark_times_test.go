package app

import (
	"encoding/json"
	"math"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestServerTimesAsTshark compares the quantiles of server_seconds of each server with the
// times that tshark has in http.time, which are until the end of a response: where all
// times are known to both, and each response came in one segment.
func TestServerTimesAsTshark(t *testing.T) {
	if os.Getenv("KAANALYZE_TSHARK") == "" {
		t.Skip("KAANALYZE_TSHARK is not set: comparing with tshark takes a while")
	}
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed")
	}
	compared := 0
	for _, name := range captures(t, recordings) {
		file := filepath.Join(recordings, name+".pcap")
		times := tsharkTimes(t, tshark, file)
		if len(times) == 0 {
			continue
		}
		var got struct {
			Servers []struct {
				Server netip.AddrPort
				Time   *struct {
					Responses               int64
					P50, P90, P95, P99, Max float64
				} `json:"server_seconds"`
			}
		}
		if err := json.Unmarshal([]byte(succeedJSON(t, reading(file))), &got); err != nil {
			t.Fatal(err)
		}
		for _, s := range got.Servers {
			want, x := times[s.Server.String()], s.Time
			if x == nil || int64(len(want)) != x.Responses {
				continue
			}
			slices.Sort(want)
			exact := func(percent float64) (least, most float64) {
				rank := percent / 100 * float64(len(want))
				i, j := max(0, int(math.Round(rank))-1), max(0, int(math.Ceil(rank))-1)
				return want[min(i, j)], want[max(i, j)]
			}
			for _, q := range []struct{ percent, got float64 }{{50, x.P50}, {90, x.P90}, {95, x.P95}, {99, x.P99}, {100, x.Max}} {
				if least, most := exact(q.percent); q.got < least-2e-6 || q.got > most*1.01+2e-6 {
					t.Errorf("%s: %v, p%g of %d: got %g s, tshark has %g to %g", name, s.Server, q.percent, x.Responses, q.got, least, most)
				}
				compared++
			}
		}
	}
	if compared < 50 {
		t.Errorf("%d quantiles compared, want 50 at least", compared)
	}
}

// tsharkTimes returns the times in http.time, in seconds, by server, of the responses that
// follow their request in one segment.
func tsharkTimes(t *testing.T, tshark, file string) map[string][]float64 {
	t.Helper()
	out, err := exec.Command(tshark, "-r", file, "-o", "http.desegment_body:FALSE", "-Y", "http.response and http.time",
		"-T", "fields", "-E", "occurrence=f", "-e", "ip.src", "-e", "tcp.srcport", "-e", "http.time").Output()
	if err != nil {
		t.Fatal(err)
	}
	times := map[string][]float64{}
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) != 3 {
			continue
		}
		seconds, err := strconv.ParseFloat(f[2], 64)
		if err != nil {
			t.Fatal(err)
		}
		times[f[0]+":"+f[1]] = append(times[f[0]+":"+f[1]], seconds)
	}
	return times
}
