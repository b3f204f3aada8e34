package live_test

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/anonymize"
	"github.com/kaanalyze/kaanalyze/internal/live"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// row is a line of /proc/net/tcp.
func row(local, remote string, state int, inode int) string {
	hex := func(text string) string {
		a := netip.MustParseAddrPort(text)
		ip := a.Addr().AsSlice()
		s := ""
		for ; len(ip) > 0; ip = ip[4:] {
			s += fmt.Sprintf("%08X", binary.LittleEndian.Uint32(ip))
		}
		return fmt.Sprintf("%s:%04X", s, a.Port())
	}
	return fmt.Sprintf("   0: %s %s %02X 00000000:00000000 00:00000000 00000000  1000        0 %d 1 0000000000000000 100 0 0 10 0\n", hex(local), hex(remote), state, inode)
}

const tableHead = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

// fakeProc makes a /proc of files by name. Links are of processes' files.
func fakeProc(t *testing.T, files, links map[string]string) string {
	t.Helper()
	root := t.TempDir()
	write := func(name string, to func(path string) error) {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := to(path); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range files {
		write(name, func(path string) error { return os.WriteFile(path, []byte(text), 0o644) })
	}
	for name, target := range links {
		write(name, func(path string) error { return os.Symlink(target, path) })
	}
	return root
}

// kernel returns the files of a host with these sockets.
func kernel(tcp, tcp6 string, overflow int) map[string]string {
	return map[string]string{
		"net/tcp": tableHead + tcp, "net/tcp6": tableHead + tcp6,
		"net/sockstat":  "sockets: used 13\nTCP: inuse 7 orphan 1 tw 126 alloc 9 mem 200\nUDP: inuse 0 mem 0\n",
		"net/sockstat6": "TCP6: inuse 2\nUDP6: inuse 0\n",
		"net/netstat": "TcpExt: SyncookiesSent TW TCPTimeWaitOverflow ListenOverflows\n" + fmt.Sprintf("TcpExt: 0 316 %d 2\n", overflow) +
			"IpExt: InNoRoutes TW\nIpExt: 5 6\n",
		"sys/net/ipv4/ip_local_port_range": "40000\t40999\n", "sys/net/ipv4/tcp_tw_reuse": "2\n", "sys/net/ipv4/tcp_max_tw_buckets": "131072\n",
		"sys/net/ipv4/tcp_fin_timeout": "60\n",
		"77/comm":                      "evil\x1bname\n", "78/comm": "nginx\n", "9/comm": "hidden\n", "self/comm": "x\n",
	}
}

func readHost(t *testing.T, files, links map[string]string) *live.Host {
	t.Helper()
	h, err := live.ReadHost(fakeProc(t, files, links), noon())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// compare is Compare with a snapshot of that moment.
func compare(h, before *live.Host, x *live.Snapshot) *report.Host {
	h.At = x.At
	return live.Compare(h, before, x.Result, x, time.Minute)
}

// snapshot is of a script.
func snapshot(t *testing.T, script string) *live.Snapshot {
	t.Helper()
	segs := capturetest.Segments(t, script)
	s := live.NewSession(analyze.Options{}, live.DefaultKeep)
	_ = s.Apply(segs)
	return s.Snapshot(segs[0].Time, segs[len(segs)-1].Time)
}

func TestReadHost(t *testing.T) {
	h := readHost(t, kernel(row("10.0.0.1:80", "10.0.0.2:5000", 1, 5), row("[::ffff:10.0.0.1]:80", "[::ffff:10.0.0.2]:5001", 1, 6), 4), nil)
	if want := (report.HostSockets{Established: 2, TimeWait: 126, InUse: 9, Orphaned: 1}); h.Sockets != want {
		t.Errorf("sockets: got %+v, want %+v", h.Sockets, want)
	}
	want := report.HostSettings{FirstPort: 40000, LastPort: 40999, TWReuse: 2, MaxTWBuckets: 131072, FINTimeoutSeconds: 60, KeepaliveSeconds: analyze.Unknown}
	if h.Settings != want {
		t.Errorf("settings: got %+v, want %+v", h.Settings, want)
	}
	h.Addresses = []netip.Addr{netip.MustParseAddr("10.0.0.1")}
	for a, want := range map[string]int64{"10.0.0.1": 1000, "127.0.0.9": 1000, "::1": 1000, "10.0.0.2": 0} {
		if got := h.PortBudget(netip.MustParseAddr(a)); got != want {
			t.Errorf("ports of %s: got %d, want %d", a, got, want)
		}
	}
	out := compare(h, readHost(t, kernel("", "", 1), nil), snapshot(t, closing(1)))
	wantCounters := []report.HostCounter{{Name: "TW", Total: 316, New: 0}, {Name: "TCPTimeWaitOverflow", Total: 4, New: 3}, {Name: "ListenOverflows", Total: 2, New: 0}}
	if !slices.Equal(out.Counters, wantCounters) {
		t.Errorf("counters: got %+v, want %+v", out.Counters, wantCounters)
	}
	if got := compare(h, nil, snapshot(t, closing(1))).Counters[0].New; got != analyze.Unknown {
		t.Errorf("without a look before: got %d new, want Unknown", got)
	}
}

func TestReadHostWithout(t *testing.T) {
	if _, err := live.ReadHost(filepath.Join(t.TempDir(), "none"), noon()); err == nil {
		t.Error("without /proc: got no error")
	}
	if _, err := live.ReadHost(t.TempDir(), noon()); err == nil {
		t.Error("without sockets: got no error")
	}
	h := readHost(t, map[string]string{"net/tcp": tableHead}, nil)
	if h.Sockets.TimeWait != analyze.Unknown || h.Settings.Ports() != analyze.Unknown || h.PortBudget(netip.MustParseAddr("127.0.0.1")) != 0 {
		t.Errorf("with an empty table alone: got %+v, %+v; want the rest to be unknown", h.Sockets, h.Settings)
	}
	for name, text := range map[string]string{
		"a torn line":     tableHead + "   0: 0100007F:1F90 0100",
		"no hexadecimals": tableHead + strings.ReplaceAll(row("10.0.0.1:80", "10.0.0.2:1", 1, 1), "0A", "XX"),
	} {
		if _, err := live.ReadHost(fakeProc(t, map[string]string{"net/tcp": text}, nil), noon()); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	files := kernel("", "", 0)
	files["net/netstat"] = "TcpExt: TW\nTcpExt:\nTcpExt: \x00 9 9 9\n\nTcpExt\n"
	files["sys/net/ipv4/ip_local_port_range"] = "60999\n"
	if h := readHost(t, files, nil); h.Settings.LastPort != analyze.Unknown {
		t.Errorf("got last port %d, want Unknown", h.Settings.LastPort)
	}
}

// TestCompare sets what the kernel lists beside a hundred connections that the
// server has closed, and one that is open.
func TestCompare(t *testing.T) {
	const n = 100
	x := snapshot(t, closing(n)+"conn 1\n25.0 > S 0:0(0)\n25.1 < S. 0:0(0) ack 1\n25.2 > . ack 1\n")
	server := x.Connections[0].Server
	client := x.Connections[0].Client.Addr()
	open := x.Connections[n].Client
	waits := func(n int) string {
		var s strings.Builder
		for i := range n {
			s.WriteString(row(server.String(), x.Connections[i].Client.String(), 6, 0))
		}
		return s.String()
	}
	opened := row(server.String(), open.String(), 1, 11)
	others := strings.Repeat(row("10.0.0.1:9", "10.0.0.2:9", 6, 0), 5)
	for _, c := range []struct {
		name          string
		tcp           string
		overflow      int
		waits, unseen int64
		agree         [2]bool
		said          [2]string
	}{
		{"the same", waits(n) + opened, 0, n, 0, [2]bool{true, true}, [2]string{}},
		{"a little less", waits(n-3) + opened, 0, n - 3, 0, [2]bool{true, true}, [2]string{}},
		{"others besides", waits(n) + opened + others, 0, n, 5, [2]bool{true, true}, [2]string{"5 more are not in the capture"}},
		{"too many for the kernel", waits(40) + opened, 60, 40, 0, [2]bool{false, true}, [2]string{"dropped 60 of them early: there were more than tcp_max_tw_buckets"}},
		{"another namespace", "", 0, 0, 0, [2]bool{false, true}, [2]string{"another network namespace"}},
		{"open by the kernel", waits(n-20) + opened + strings.ReplaceAll(waits(20), " 06 ", " 01 "), 0, n - 20, 0, [2]bool{false, false},
			[2]string{"dropped 20 of them early: by RSTs", "the kernel holds 20 open that have ended by the packets"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := readHost(t, kernel(c.tcp, "", c.overflow), nil)
			h.Addresses = []netip.Addr{server.Addr()}
			got := compare(h, readHost(t, kernel("", "", 0), nil), x).Compared
			if got[0].Packets != n || got[0].Kernel != c.waits || got[0].Unseen != c.unseen {
				t.Errorf("TIME_WAIT: got %+v, want %d by the packets, %d by the kernel, %d unseen", got[0], n, c.waits, c.unseen)
			}
			for i := range got {
				if got[i].Agree != c.agree[i] || !strings.Contains(got[i].Said, c.said[i]) || c.said[i] == "" && got[i].Said != "" {
					t.Errorf("%s: got agree %v, said %q; want %v, %q", got[i].State, got[i].Agree, got[i].Said, c.agree[i], c.said[i])
				}
			}
		})
	}

	// Whose they are. A process that may not be seen, and one without a name, are nobody.
	h := readHost(t, kernel(opened+row("0.0.0.0:80", "0.0.0.0:0", 10, 12), "", 0), map[string]string{
		"78/fd/3": "socket:[12]", "78/fd/4": "socket:[12]", "77/fd/1": "socket:[12]", "77/fd/2": "/dev/null", "77/fd/3": "socket:[x]",
		"77/fd/4": "socket:[99]", "80/fd/1": "socket:[12]",
	})
	h.Addresses = []netip.Addr{server.Addr(), client}
	got := compare(h, nil, x).Processes
	want := []report.LocalEnd{
		{Server: server, Connections: n + 1, Processes: []report.HostProcess{{PID: 77, Name: "evil\x1bname"}, {PID: 78, Name: "nginx"}}},
		{Server: server, Client: client, Connections: n + 1},
	}
	if len(got) != 2 || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("processes: got %v, want %v", got, want)
	}
}

// TestAnonymize sets the kernel's sockets beside connections whose addresses are
// pseudonyms: they match as before, and nobody is named.
func TestAnonymize(t *testing.T) {
	const n = 20
	a := anonymize.New([]byte("key"))
	segs := capturetest.Segments(t, closing(n))
	var sockets strings.Builder
	for i := range segs {
		if s := &segs[i]; s.Flags == flows.SYN {
			sockets.WriteString(row(s.Dst().AddrPort().String(), s.Src().AddrPort().String(), 6, 12))
		}
	}
	server := segs[0].Dst().AddrPort()
	for i := range segs {
		segs[i].SrcIP, segs[i].DstIP = a.Addr(segs[i].SrcIP), a.Addr(segs[i].DstIP)
	}
	h := readHost(t, kernel(sockets.String(), "", 0), map[string]string{"78/fd/3": "socket:[12]"})
	h.Addresses = []netip.Addr{server.Addr()}
	h.Anonymize(a.Addr)
	s := live.NewSession(analyze.Options{}, live.DefaultKeep)
	_ = s.Apply(segs)
	got := compare(h, nil, s.Snapshot(segs[0].Time, segs[len(segs)-1].Time))
	if c := got.Compared[0]; c.Packets != n || c.Kernel != n || c.Unseen != 0 || !c.Agree {
		t.Errorf("TIME_WAIT: got %+v, want %d by both", c, n)
	}
	if len(got.Processes) != 0 {
		t.Errorf("processes: got %v, want none", got.Processes)
	}
	for addr, want := range map[string]int64{server.Addr().String(): 1000, "127.0.0.9": 1000, "::1": 1000, "10.200.0.2": 0, "2001:db8::1": 0} {
		ip := netip.AddrFrom16(a.Addr(netip.MustParseAddr(addr).As16())).Unmap()
		if got := h.PortBudget(ip); got != want {
			t.Errorf("ports of %s, now %v: got %d, want %d", addr, ip, got, want)
		}
	}
}

// TestThisHost reads the real /proc: this test listens, and has a connection.
func TestThisHost(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the numbers are those of Linux")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skip("no loopback interface:", err)
	}
	defer l.Close()
	h, err := live.ReadHost(live.Proc, noon())
	if err != nil {
		t.Skip("no numbers here:", err)
	}
	at := netip.MustParseAddrPort(l.Addr().String())
	x := snapshot(t, closing(1))
	x.Result.Servers[0].Server = at
	got := compare(h, nil, x).Processes
	if len(got) == 0 || got[0].Server != at || len(got[0].Processes) != 1 || got[0].Processes[0].PID != os.Getpid() {
		t.Errorf("got %v, want process %d to listen at %v", got, os.Getpid(), at)
	}
	if !slices.Contains(h.Addresses, netip.MustParseAddr("127.0.0.1")) || h.Settings.Ports() == analyze.Unknown {
		t.Errorf("got addresses %v and settings %+v", h.Addresses, h.Settings)
	}
}
