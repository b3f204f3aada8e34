package kernel

import (
	"errors"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/kaanalyze/kaanalyze/internal/anonymize"
)

// noon is when these tests read.
var noon = time.Unix(1_800_000_000, 0)

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

// files returns the files of a host.
func files() map[string]string {
	return map[string]string{
		"net/sockstat":  "sockets: used 13\nTCP: inuse 7 orphan 1 tw 126 alloc 9 mem 200\nUDP: inuse 0 mem 0\n",
		"net/sockstat6": "TCP6: inuse 2\nUDP6: inuse 0\n",
		"net/netstat": "TcpExt: SyncookiesSent TW TCPTimeWaitOverflow ListenOverflows\nTcpExt: 0 316 4 2\n" +
			"IpExt: InNoRoutes TW\nIpExt: 5 6\n",
		"sys/net/ipv4/ip_local_port_range": "40000\t40999\n", "sys/net/ipv4/tcp_tw_reuse": "2\n", "sys/net/ipv4/tcp_max_tw_buckets": "131072\n",
		"sys/net/ipv4/tcp_fin_timeout": "60\n",
		"77/comm":                      "evil\x1bname\n", "78/comm": "nginx\n", "9/comm": "hidden\n", "self/comm": "x\n",
	}
}

// socket is one as the kernel lists it.
func socket(local, remote string, state State, inode uint64) Socket {
	return Socket{netip.MustParseAddrPort(local), netip.MustParseAddrPort(remote), state, inode}
}

// listed are the sockets of a kernel that lists these.
func listed(sockets ...Socket) func() ([]Socket, error) {
	return func() ([]Socket, error) { return slices.Clone(sockets), nil }
}

var errRefused = errors.New("operation not permitted")

func refused() ([]Socket, error) { return nil, errRefused }

// read reads a host of these files, links of processes' files, and sockets.
func read(t *testing.T, files, links map[string]string, sockets ...Socket) *Host {
	t.Helper()
	h, err := source{fakeProc(t, files, links), listed(sockets...)}.read(noon, nil)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestRead(t *testing.T) {
	h := read(t, files(), nil, socket("10.0.0.1:80", "10.0.0.2:5000", Established, 5), socket("10.0.0.1:80", "10.0.0.2:5001", Established, 6),
		socket("10.0.0.1:80", "10.0.0.2:5002", TimeWait, 0), socket("0.0.0.0:80", "0.0.0.0:0", Listening, 7))
	if want := (Counts{Established: 2, TimeWait: 126, InUse: 9, Orphaned: 1}); h.Counts != want {
		t.Errorf("sockets: got %+v, want %+v", h.Counts, want)
	}
	want := Settings{FirstPort: 40000, LastPort: 40999, TWReuse: 2, MaxTWBuckets: 131072, FINTimeoutSeconds: 60, KeepaliveSeconds: Unknown}
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

// TestReadWithout reads hosts that do not tell all.
func TestReadWithout(t *testing.T) {
	if _, err := (source{filepath.Join(t.TempDir(), "none"), listed()}).read(noon, nil); err == nil {
		t.Error("without /proc: got no error")
	}
	if _, err := (source{t.TempDir(), refused}).read(noon, nil); !errors.Is(err, errRefused) {
		t.Errorf("without anything: got error %v, want %v", err, errRefused)
	}
	h := read(t, nil, nil)
	if h.Counts != (Counts{Established: 0, TimeWait: Unknown, InUse: Unknown, Orphaned: Unknown}) || h.Settings.Ports() != Unknown || h.PortBudget(netip.MustParseAddr("127.0.0.1")) != 0 {
		t.Errorf("with no sockets and no files: got %+v, %+v; want the rest to be unknown", h.Counts, h.Settings)
	}
	h, err := source{fakeProc(t, files(), nil), refused}.read(noon, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !errors.Is(h.SocketsErr, errRefused) || h.Counts != (Counts{Established: Unknown, TimeWait: 126, InUse: 9, Orphaned: 1}) || h.Settings.Ports() != 1000 || h.Counters["TW"] != 316 {
		t.Errorf("without sockets: got error %v, %+v, %+v, %v; want the rest to be known", h.SocketsErr, h.Counts, h.Settings, h.Counters)
	}
	odd := files()
	odd["net/netstat"] = "TcpExt: TW\nTcpExt:\nTcpExt: \x00 9 9 9\n\nTcpExt\n"
	odd["sys/net/ipv4/ip_local_port_range"] = "60999\n"
	odd["net/sockstat"] = "sockets: used 13\nTCP: inuse 7\n"
	h = read(t, odd, nil)
	if h.Settings.LastPort != Unknown {
		t.Errorf("got last port %d, want Unknown", h.Settings.LastPort)
	}
	if h.Counts.TimeWait != Unknown || h.Counts.Orphaned != Unknown || h.Counts.InUse != 9 {
		t.Errorf("got counts %+v, want TIME_WAIT and orphans to be unknown", h.Counts)
	}
}

// TestOwners finds who has a socket. A process that may not be seen, and one without
// a name, are nobody.
func TestOwners(t *testing.T) {
	h := read(t, files(), map[string]string{
		"78/fd/3": "socket:[12]", "78/fd/4": "socket:[12]", "77/fd/1": "socket:[12]", "77/fd/2": "/dev/null", "77/fd/3": "socket:[x]",
		"77/fd/4": "socket:[99]", "80/fd/1": "socket:[12]",
	})
	want := map[uint64][]Process{12: {{PID: 77, Name: "evil\x1bname"}, {PID: 78, Name: "nginx"}}, 99: {{PID: 77, Name: "evil\x1bname"}}}
	if !maps.EqualFunc(h.Owners, want, slices.Equal) {
		t.Errorf("got %v, want %v", h.Owners, want)
	}
}

// TestAnonymize replaces all addresses, keeps what a host's own addresses are, and
// names nobody.
func TestAnonymize(t *testing.T) {
	a := anonymize.New([]byte("key"))
	h := read(t, files(), map[string]string{"78/fd/3": "socket:[12]"}, socket("10.0.0.1:80", "10.0.0.2:5000", Established, 12), socket("0.0.0.0:80", "0.0.0.0:0", Listening, 13))
	h.Addresses = []netip.Addr{netip.MustParseAddr("10.0.0.1")}
	h.Anonymize(a.Addr)
	now := func(addr string) netip.Addr {
		return netip.AddrFrom16(a.Addr(netip.MustParseAddr(addr).As16())).Unmap()
	}
	want := []Socket{
		{Local: netip.AddrPortFrom(now("10.0.0.1"), 80), Remote: netip.AddrPortFrom(now("10.0.0.2"), 5000), State: Established, Inode: 12},
		{Local: netip.MustParseAddrPort("0.0.0.0:80"), Remote: netip.MustParseAddrPort("0.0.0.0:0"), State: Listening, Inode: 13},
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
