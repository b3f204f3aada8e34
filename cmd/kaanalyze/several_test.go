//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze"
	"github.com/kaanalyze/kaanalyze/internal/app"
)

// bridged is a network with a bridge br0, behind whose port va another network lies, and an
// interface without traffic, idle0. The line that it is given runs in it; $behind runs a
// command in the other network.
const bridged = `set -e
ip link set lo up
ip link add idle0 type veth peer name idle1
ip link set idle0 up
ip link set idle1 up
ip link add br0 type bridge
ip addr add 10.77.0.1/24 dev br0
ip link add va type veth peer name vb
ip link set va master br0
unshare --net sleep 60 &
other=$!
trap 'kill $other' EXIT
until [ "$(readlink /proc/$other/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do sleep .01; done
ip link set vb netns $other
behind="nsenter --net=/proc/$other/ns/net"
$behind ip addr add 10.77.0.2/24 dev vb
$behind ip link set vb up
ip link set br0 up
ip link set va up
until ip -o link show br0 | grep -q "state UP"; do sleep .01; done
export behind
`

// inBridged runs a line of sh there, in a folder, and returns what it wrote to standard error.
func inBridged(t *testing.T, dir, line string) (stderr string, code int) {
	t.Helper()
	p := start(t, dir, nil, nil, "unshare", "--net", "--mount-proc", "--pid", "--fork", "sh", "-c", bridged+line)
	<-p.ended
	return p.stderr.String(), p.ProcessState.ExitCode()
}

// mayBridge skips where that network cannot be made.
func mayBridge(t *testing.T) {
	t.Helper()
	for _, tool := range []string{"unshare", "nsenter", "ip"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	if testing.Short() {
		t.Skip("it makes networks, and captures from them")
	}
	if out, err := exec.Command("unshare", "--net", "--mount-proc", "--pid", "--fork", "sh", "-c", bridged).CombinedOutput(); err != nil {
		t.Skipf("no networks of its own: %v, %s", err, out)
	}
}

// reportOf reads a report.
func reportOf(t *testing.T, dir, name string) *kaanalyze.Report {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	report := &kaanalyze.Report{}
	if err == nil {
		err = json.Unmarshal(text, report)
	}
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// TestSeveralInterfaces captures from a loopback, a bridge and a port of it at once. It is one
// report: what passes port and bridge is captured twice and counted once. What is saved is
// a pcapng file with the interfaces, of which the report is the same.
func TestSeveralInterfaces(t *testing.T) {
	program := executable(t)
	mayBridge(t)
	tools := filepath.Dir(program)
	asks := tools + "/ask 127.0.0.1:18473 4; $behind " + tools + "/ask 10.77.0.1:18473 3"
	serve := tools + "/serve 0.0.0.0:18473 sh -c '" + asks + "'"
	for _, engine := range []string{"pcap", "ring"} {
		t.Run(engine, func(t *testing.T) {
			if engine == "pcap" && !hasLibpcap() {
				t.Skip("this build has no libpcap")
			}
			dir := t.TempDir()
			stderr, code := inBridged(t, dir, program+" -i lo -i br0 -i va -i idle0 --capture-engine "+engine+
				` -w saved.pcapng -o live.json --exec "`+serve+`" tcp port 18473 >live.txt`)
			if code != app.ExitOK {
				t.Fatalf("got exit code %d:\n%s", code, stderr)
			}
			live := reportOf(t, dir, "live.json")
			of := map[string]uint64{}
			for _, s := range live.Capture.Sources {
				of[s.Name] = s.Packets
				if s.KernelDropped == nil || s.InterfaceDropped == nil || *s.KernelDropped != 0 {
					t.Errorf("%s: got drops %v and %v", s.Name, s.KernelDropped, s.InterfaceDropped)
				}
			}
			c, sum := &live.Capture, of["lo"]+of["br0"]+of["va"]
			if len(of) != 4 || of["lo"] == 0 || of["br0"] == 0 || of["br0"] != of["va"] || of["idle0"] != 0 || c.Packets != sum || c.DuplicatePackets != of["br0"] {
				t.Errorf("got packets %v, %d in all, %d duplicates", of, c.Packets, c.DuplicatePackets)
			}
			if n := &live.Totals; n.Connections != 2 || *n.Requests != 7 || *n.Responses != 7 || n.Retransmissions != 0 || c.TimeBack > 0.02 {
				t.Errorf("got %d connections, %d requests, %d retransmissions, packets %v s out of order", n.Connections, *n.Requests, n.Retransmissions, c.TimeBack)
			}
			sameSaved(t, program, dir, live)
			interfacesOf(t, filepath.Join(dir, "saved.pcapng"), of)
		})
	}
}

// sameSaved reads back what was saved.
func sameSaved(t *testing.T, program, dir string, live *kaanalyze.Report) {
	t.Helper()
	if out, err := exec.Command(program, "-q", "-r", filepath.Join(dir, "saved.pcapng"), "-o", filepath.Join(dir, "saved.json")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	saved := reportOf(t, dir, "saved.json")
	saved.Totals.TimeWait = live.Totals.TimeWait // at the end, and a live capture ends later
	for _, c := range []struct{ live, saved any }{
		{live.Totals, saved.Totals}, {live.Connections, saved.Connections}, {live.Causes, saved.Causes},
		{live.Capture.DuplicatePackets, saved.Capture.DuplicatePackets}, {live.Capture.Packets, saved.Capture.Packets},
		{live.Capture.KernelDropped, saved.Capture.KernelDropped}, {live.Capture.LinkTypes, saved.Capture.LinkTypes},
	} {
		a, errLive := json.MarshalIndent(c.live, "", " ")
		b, errSaved := json.MarshalIndent(c.saved, "", " ")
		if err := errors.Join(errLive, errSaved); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(a), string(b)); diff != "" {
			t.Errorf("live, then read back:\n%s", diff)
		}
	}
}

// interfacesOf has tshark count the packets of each interface.
func interfacesOf(t *testing.T, name string, want map[string]uint64) {
	t.Helper()
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		return
	}
	out, err := exec.Command(tshark, "-n", "-r", name, "-T", "fields", "-e", "frame.interface_name").Output()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]uint64{"idle0": 0}
	for _, iface := range strings.Fields(string(out)) {
		got[iface]++
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("kaanalyze, then tshark:\n%s", diff)
	}
}

// TestSeveralInterfacesEnd: the capture goes on when one of its interfaces goes down or
// away, ends by itself after the packets that are asked for though one of them has none,
// and does not begin if one is not there.
func TestSeveralInterfacesEnd(t *testing.T) {
	program := executable(t)
	mayBridge(t)
	tools := filepath.Dir(program)
	serve := tools + "/serve 127.0.0.1:18474 "
	for _, c := range []struct {
		name, flags, command string
		code                 int
		stderr               []string
		requests             int64
	}{
		{"one goes down", "-i idle0 -i lo", serve + "sh -c 'ip link set idle0 down; sleep 1.5; " + tools + "/ask 127.0.0.1:18474 3'", app.ExitOK,
			[]string{"warning: idle0: network is down; the capture goes on with the other interfaces\n", "idle0 ended early, network is down: what has passed it since is not in the numbers"}, 3},
		{"one goes away", "-i idle0 -i lo", serve + "sh -c 'ip link del idle0; sleep 1.5; " + tools + "/ask 127.0.0.1:18474 3'", app.ExitOK,
			[]string{"; the capture goes on with the other interfaces\n"}, 3},
		{"one has no packets", "-i idle0 -i lo -c 6", serve + tools + "/ask 127.0.0.1:18474 3", app.ExitOK, nil, 1},
		{"one is not there", "-i lo -i eth77", "true", app.ExitFailed, []string{"error: eth77: no such device\n", "hint: kaanalyze -D lists the interfaces"}, 0},
		{"one is named twice", "-i lo -i idle0 -i lo", "true", app.ExitUsage, []string{"error: -i lo is given twice\n"}, 0},
		{"all of them and one", "-i lo -i any", "true", app.ExitUsage, []string{"error: -i any is all interfaces, so no other can be given with it\n"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			stderr, code := inBridged(t, dir, program+" "+c.flags+` -o live.json --exec "`+c.command+`" tcp port 18474 >live.txt`)
			missing := slices.DeleteFunc(slices.Clone(c.stderr), func(line string) bool { return strings.Contains(stderr, line) })
			if code != c.code || len(missing) > 0 {
				t.Fatalf("got exit code %d, want %d, and no %q in\n%s", code, c.code, missing, stderr)
			}
			if c.requests == 0 {
				return
			}
			if r := reportOf(t, dir, "live.json"); *r.Totals.Requests != c.requests {
				t.Errorf("got %d requests, want %d", *r.Totals.Requests, c.requests)
			}
		})
	}
}
