package kernel_test

import (
	"encoding/binary"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaanalyze/kaanalyze/internal/anonymize"
	"github.com/kaanalyze/kaanalyze/internal/kernel"
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

// noon is when these tests read.
var noon = time.Unix(1_800_000_000, 0)

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

// files returns the files of a host with these sockets.
func files(tcp, tcp6 string, overflow int) map[string]string {
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

func read(t *testing.T, files, links map[string]string) *kernel.Host {
	t.Helper()
	h, err := kernel.Read(fakeProc(t, files, links), noon)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestRead(t *testing.T) {
	h := read(t, files(row("10.0.0.1:80", "10.0.0.2:5000", 1, 5), row("[::ffff:10.0.0.1]:80", "[::ffff:10.0.0.2]:5001", 1, 6), 4), nil)
	if want := (kernel.Counts{Established: 2, TimeWait: 126, InUse: 9, Orphaned: 1}); h.Counts != want {
		t.Errorf("sockets: got %+v, want %+v", h.Counts, want)
	}
	want := kernel.Settings{FirstPort: 40000, LastPort: 40999, TWReuse: 2, MaxTWBuckets: 131072, FINTimeoutSeconds: 60, KeepaliveSeconds: kernel.Unknown}
	if h.Settings != want {
		t.Errorf("settings: got %+v, want %+v", h.Settings, want)
	}
	h.Addresses = []netip.Addr{netip.MustParseAddr("10.0.0.1")}
	for a, want := range map[string]int64{"10.0.0.1": 1000, "127.0.0.9": 1000, "::1": 1000, "10.0.0.2": 0} {
		if got := h.PortBudget(netip.MustParseAddr(a)); got != want {
			t.Errorf("ports of %s: got %d, want %d", a, got, want)
		}
	}
	wantCounters := map[string]int64{"SyncookiesSent": 0, "TW": 316, "TCPTimeWaitOverflow": 4, "ListenOverflows": 2}
	if !maps.Equal(h.Counters, wantCounters) {
		t.Errorf("counters: got %+v, want %+v", h.Counters, wantCounters)
	}
}

func TestReadWithout(t *testing.T) {
	if _, err := kernel.Read(filepath.Join(t.TempDir(), "none"), noon); err == nil {
		t.Error("without /proc: got no error")
	}
	if _, err := kernel.Read(t.TempDir(), noon); err == nil {
		t.Error("without sockets: got no error")
	}
	h := read(t, map[string]string{"net/tcp": tableHead}, nil)
	if h.Counts.TimeWait != kernel.Unknown || h.Settings.Ports() != kernel.Unknown || h.PortBudget(netip.MustParseAddr("127.0.0.1")) != 0 {
		t.Errorf("with an empty table alone: got %+v, %+v; want the rest to be unknown", h.Counts, h.Settings)
	}
	for name, text := range map[string]string{
		"a torn line":     tableHead + "   0: 0100007F:1F90 0100",
		"no hexadecimals": tableHead + strings.ReplaceAll(row("10.0.0.1:80", "10.0.0.2:1", 1, 1), "0A", "XX"),
	} {
		if _, err := kernel.Read(fakeProc(t, map[string]string{"net/tcp": text}, nil), noon); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	odd := files("", "", 0)
	odd["net/netstat"] = "TcpExt: TW\nTcpExt:\nTcpExt: \x00 9 9 9\n\nTcpExt\n"
	odd["sys/net/ipv4/ip_local_port_range"] = "60999\n"
	if h := read(t, odd, nil); h.Settings.LastPort != kernel.Unknown {
		t.Errorf("got last port %d, want Unknown", h.Settings.LastPort)
	}
}

// TestOwners finds who has a socket. A process that may not be seen, and one without
// a name, are nobody.
func TestOwners(t *testing.T) {
	h := read(t, files("", "", 0), map[string]string{
		"78/fd/3": "socket:[12]", "78/fd/4": "socket:[12]", "77/fd/1": "socket:[12]", "77/fd/2": "/dev/null", "77/fd/3": "socket:[x]",
		"77/fd/4": "socket:[99]", "80/fd/1": "socket:[12]",
	})
	want := map[uint64][]kernel.Process{12: {{PID: 77, Name: "evil\x1bname"}, {PID: 78, Name: "nginx"}}, 99: {{PID: 77, Name: "evil\x1bname"}}}
	if !maps.EqualFunc(h.Owners, want, slices.Equal) {
		t.Errorf("got %v, want %v", h.Owners, want)
	}
}

// TestAnonymize replaces all addresses, keeps what a host's own addresses are, and
// names nobody.
func TestAnonymize(t *testing.T) {
	a := anonymize.New([]byte("key"))
	h := read(t, files(row("10.0.0.1:80", "10.0.0.2:5000", 1, 12)+row("0.0.0.0:80", "0.0.0.0:0", 10, 13), "", 0), map[string]string{"78/fd/3": "socket:[12]"})
	h.Addresses = []netip.Addr{netip.MustParseAddr("10.0.0.1")}
	h.Anonymize(a.Addr)
	now := func(addr string) netip.Addr {
		return netip.AddrFrom16(a.Addr(netip.MustParseAddr(addr).As16())).Unmap()
	}
	want := []kernel.Socket{
		{Local: netip.AddrPortFrom(now("10.0.0.1"), 80), Remote: netip.AddrPortFrom(now("10.0.0.2"), 5000), State: kernel.Established, Inode: 12},
		{Local: netip.MustParseAddrPort("0.0.0.0:80"), Remote: netip.MustParseAddrPort("0.0.0.0:0"), State: kernel.Listening, Inode: 13},
	}
	if !slices.Equal(h.Sockets, want) {
		t.Errorf("sockets: got %v, want %v", h.Sockets, want)
	}
	if !h.Anonymous || len(h.Owners) != 0 {
		t.Errorf("got anonymous %v, owners %v; want true and none", h.Anonymous, h.Owners)
	}
	for addr, want := range map[string]int64{"10.0.0.1": 1000, "127.0.0.9": 1000, "::1": 1000, "10.200.0.2": 0, "2001:db8::1": 0} {
		if got := h.PortBudget(now(addr)); got != want {
			t.Errorf("ports of %s, now %v: got %d, want %d", addr, now(addr), got, want)
		}
	}
}

// TestThisHost reads the real /proc: this test listens.
func TestThisHost(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the numbers are those of Linux")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skip("no loopback interface:", err)
	}
	defer l.Close()
	h, err := kernel.Read(kernel.Proc, noon)
	if err != nil {
		t.Skip("no numbers here:", err)
	}
	at := netip.MustParseAddrPort(l.Addr().String())
	i := slices.IndexFunc(h.Sockets, func(s kernel.Socket) bool { return s.Local == at })
	if i < 0 || h.Sockets[i].State != kernel.Listening {
		t.Fatalf("nobody listens at %v in %v", at, h.Sockets)
	}
	if by := h.Owners[h.Sockets[i].Inode]; len(by) != 1 || by[0].PID != os.Getpid() {
		t.Errorf("got %v, want process %d to listen at %v", by, os.Getpid(), at)
	}
	if !slices.Contains(h.Addresses, netip.MustParseAddr("127.0.0.1")) || h.Settings.Ports() == kernel.Unknown {
		t.Errorf("got addresses %v and settings %+v", h.Addresses, h.Settings)
	}
}
