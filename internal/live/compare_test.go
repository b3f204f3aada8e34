package live_test

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/anonymize"
	"github.com/kaanalyze/kaanalyze/internal/kernel"
	"github.com/kaanalyze/kaanalyze/internal/live"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// compare is Compare with a snapshot of that moment.
func compare(h, before *kernel.Host, x *live.Snapshot) *report.Host {
	h.At = x.At
	return live.Compare(h, before, x.Result, x, time.Minute)
}

// snapshot is of a script.
func snapshot(t *testing.T, script string) *live.Snapshot {
	t.Helper()
	segs := capturetest.Segments(t, script)
	s := live.NewSession(analyze.Options{}, live.DefaultKeep, 0)
	s.Apply(segs)
	return s.Peek().Snapshot(segs[0].Time, segs[len(segs)-1].Time)
}

// host is what the kernel says where it lists these sockets.
func host(overflow int64, sockets ...kernel.Socket) *kernel.Host {
	return &kernel.Host{
		Counts:   kernel.Counts{Established: 2, TimeWait: 126, InUse: 9, Orphaned: 1},
		Settings: kernel.Settings{FirstPort: 40000, LastPort: 40999, TWReuse: 2, MaxTWBuckets: 131072, FINTimeoutSeconds: 60, KeepaliveSeconds: kernel.Unknown},
		Counters: map[string]int64{"TW": 316, "TCPTimeWaitOverflow": overflow, "ListenOverflows": 2, "SyncookiesSent": 5},
		Sockets:  sockets,
	}
}

// TestCompareCounts hands on what the kernel counts, and what is new of it.
func TestCompareCounts(t *testing.T) {
	out := compare(host(4), host(1), snapshot(t, closing(1)))
	want := []report.HostCounter{{Name: "TW", Total: 316, New: 0}, {Name: "TCPTimeWaitOverflow", Total: 4, New: 3}, {Name: "ListenOverflows", Total: 2, New: 0}}
	if !slices.Equal(out.Counters, want) {
		t.Errorf("counters: got %+v, want %+v", out.Counters, want)
	}
	if got := compare(host(4), nil, snapshot(t, closing(1))).Counters[0].New; got != analyze.Unknown {
		t.Errorf("without a look before: got %d new, want Unknown", got)
	}
	if want := (report.HostSockets{Established: 2, TimeWait: 126, InUse: 9, Orphaned: 1}); out.Sockets != want {
		t.Errorf("sockets: got %+v, want %+v", out.Sockets, want)
	}
	settings := report.HostSettings{FirstPort: 40000, LastPort: 40999, TWReuse: 2, MaxTWBuckets: 131072, FINTimeoutSeconds: 60, KeepaliveSeconds: analyze.Unknown}
	if out.Settings != settings {
		t.Errorf("settings: got %+v, want %+v", out.Settings, settings)
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
	sockets := func(state kernel.State, n int) (list []kernel.Socket) {
		for i := range n {
			list = append(list, kernel.Socket{Local: server, Remote: x.Connections[i].Client, State: state})
		}
		return list
	}
	waits := func(n int, more ...kernel.Socket) []kernel.Socket {
		return append(sockets(kernel.TimeWait, n), more...)
	}
	opened := kernel.Socket{Local: server, Remote: open, State: kernel.Established, Inode: 11}
	others := slices.Repeat([]kernel.Socket{{Local: netip.MustParseAddrPort("10.0.0.1:9"), Remote: netip.MustParseAddrPort("10.0.0.2:9"), State: kernel.TimeWait}}, 5)
	for _, c := range []struct {
		name          string
		sockets       []kernel.Socket
		overflow      int64
		waits, unseen int64
		agree         [2]bool
		said          [2]string
	}{
		{"the same", waits(n, opened), 0, n, 0, [2]bool{true, true}, [2]string{}},
		{"a little less", waits(n-3, opened), 0, n - 3, 0, [2]bool{true, true}, [2]string{}},
		{"others besides", waits(n, append(others, opened)...), 0, n, 5, [2]bool{true, true}, [2]string{"5 more are not in the capture"}},
		{"too many for the kernel", waits(40, opened), 60, 40, 0, [2]bool{false, true}, [2]string{"dropped 60 of them early: there were more than tcp_max_tw_buckets"}},
		{"another namespace", nil, 0, 0, 0, [2]bool{false, true}, [2]string{"another network namespace"}},
		{"open by the kernel", waits(n-20, append(sockets(kernel.Established, 20), opened)...), 0, n - 20, 0, [2]bool{false, false},
			[2]string{"dropped 20 of them early: by RSTs", "the kernel holds 20 open that have ended by the packets"}},
		{"more TIME_WAIT by the kernel", waits(n, kernel.Socket{Local: server, Remote: open, State: kernel.TimeWait}, kernel.Socket{Local: server, Remote: open, State: kernel.TimeWait},
			kernel.Socket{Local: server, Remote: open, State: kernel.TimeWait}, kernel.Socket{Local: server, Remote: open, State: kernel.TimeWait}), 0, n + 4, 0, [2]bool{false, true},
			[2]string{"the kernel has 4 more of them: the capture does not hold the packets that ended these"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := host(c.overflow, c.sockets...)
			h.Addresses = []netip.Addr{server.Addr()}
			got := compare(h, host(0), x).Compared
			if got[0].Packets != n || got[0].Kernel != c.waits || got[0].Unseen != c.unseen {
				t.Errorf("TIME_WAIT: got %+v, want %d by the packets, %d by the kernel, %d unseen", got[0], n, c.waits, c.unseen)
			}
			for i := range got {
				if got[i].Agree != c.agree[i] || !strings.Contains(got[i].Note, c.said[i]) || c.said[i] == "" && got[i].Note != "" {
					t.Errorf("%s: got agree %v, said %q; want %v, %q", got[i].State, got[i].Agree, got[i].Note, c.agree[i], c.said[i])
				}
			}
		})
	}

	// Whose they are.
	h := host(0, opened, kernel.Socket{Local: netip.MustParseAddrPort("0.0.0.0:80"), Remote: netip.MustParseAddrPort("0.0.0.0:0"), State: kernel.Listening, Inode: 12},
		kernel.Socket{Local: server, Remote: netip.MustParseAddrPort("0.0.0.0:0"), State: kernel.Listening, Inode: 99})
	h.Owners = map[uint64][]kernel.Process{12: {{PID: 77, Name: "evil\x1bname"}, {PID: 78, Name: "nginx"}}, 99: {{PID: 77, Name: "evil\x1bname"}}}
	h.Addresses = []netip.Addr{server.Addr(), client}
	got := compare(h, nil, x).Ends
	want := []report.HostEnd{
		{Server: server, Connections: n + 1, Processes: []report.HostProcess{{PID: 77, Name: "evil\x1bname"}, {PID: 78, Name: "nginx"}}},
		{Server: server, Client: client, Connections: n + 1},
	}
	if len(got) != 2 || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("processes: got %v, want %v", got, want)
	}

	// What was known when the capture began is known still, of sockets that are there or not.
	before := host(0, kernel.Socket{Local: netip.AddrPortFrom(client, 5000), Remote: server, State: kernel.Established, Inode: 13})
	before.Owners = kernel.Owners{12: {{PID: 76, Name: "earlier"}}, 99: {{PID: 77, Name: "web"}}, 13: {{PID: 80, Name: "asks"}}}
	delete(h.Owners, 99)
	got = compare(h, before, x).Ends
	want[0].Processes = []report.HostProcess{{PID: 77, Name: "web"}, {PID: 77, Name: "evil\x1bname"}, {PID: 78, Name: "nginx"}}
	want[1].Processes = []report.HostProcess{{PID: 80, Name: "asks"}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("processes known before: got %v, want %v", got, want)
	}
}

// TestAnonymize sets the kernel's sockets beside connections whose addresses are
// pseudonyms: they match as before, and nobody is named.
func TestAnonymize(t *testing.T) {
	const n = 20
	a := anonymize.New([]byte("key"))
	segs := capturetest.Segments(t, closing(n))
	var sockets []kernel.Socket
	for i := range segs {
		if s := &segs[i]; s.Flags == flows.SYN {
			sockets = append(sockets, kernel.Socket{Local: s.Dst().AddrPort(), Remote: s.Src().AddrPort(), State: kernel.TimeWait, Inode: 12})
		}
	}
	server := segs[0].Dst().AddrPort()
	for i := range segs {
		segs[i].SrcIP, segs[i].DstIP = a.Addr(segs[i].SrcIP), a.Addr(segs[i].DstIP)
	}
	h := host(0, sockets...)
	h.Owners = map[uint64][]kernel.Process{12: {{PID: 78, Name: "nginx"}}}
	h.Addresses = []netip.Addr{server.Addr()}
	h.Anonymize(a.Addr)
	s := live.NewSession(analyze.Options{}, live.DefaultKeep, 0)
	s.Apply(segs)
	got := compare(h, nil, s.Peek().Snapshot(segs[0].Time, segs[len(segs)-1].Time))
	if c := got.Compared[0]; c.Packets != n || c.Kernel != n || c.Unseen != 0 || !c.Agree {
		t.Errorf("TIME_WAIT: got %+v, want %d by both", c, n)
	}
	if len(got.Ends) != 0 {
		t.Errorf("processes: got %v, want none", got.Ends)
	}
}

// TestCompareOpen compares connections that are all open.
func TestCompareOpen(t *testing.T) {
	const n = 10
	var script strings.Builder
	for i := range n {
		fmt.Fprintf(&script, "conn %d\n%d.0 > S 0:0(0)\n%d.1 < S. 0:0(0) ack 1\n%d.2 > . ack 1\n", 3000+i, i, i, i)
	}
	x := snapshot(t, script.String())
	server := x.Connections[0].Server
	var sockets []kernel.Socket
	for i := range n {
		sockets = append(sockets, kernel.Socket{Local: server, Remote: x.Connections[i].Client, State: kernel.Established})
	}
	other := kernel.Socket{Local: netip.MustParseAddrPort("10.0.0.1:9"), Remote: netip.MustParseAddrPort("10.0.0.2:9"), State: kernel.Established}
	for _, c := range []struct {
		name    string
		sockets []kernel.Socket
		kernel  int64
		agree   bool
		said    string
	}{
		{"the same", sockets, n, true, ""},
		{"others besides", append(slices.Clone(sockets), other), n, true, "1 more are not in the capture"},
		{"closed without a packet", sockets[:4], 4, false, "the kernel has closed 6 of them without a packet"},
		{"another namespace", nil, 0, false, "the kernel has none of them"},
	} {
		h := host(0, c.sockets...)
		h.Addresses = []netip.Addr{server.Addr()}
		got := compare(h, nil, x).Compared[1]
		if got.Packets != n || got.Kernel != c.kernel || got.Agree != c.agree || !strings.Contains(got.Note, c.said) || c.said == "" && got.Note != "" {
			t.Errorf("%s: got %+v, want %d by the packets, %d by the kernel, agree %v, said %q", c.name, got, n, c.kernel, c.agree, c.said)
		}
	}
}

// TestCompareWithoutSockets tells of counts and settings alone.
func TestCompareWithoutSockets(t *testing.T) {
	h := host(4)
	h.SocketsErr, h.Counts.Established = errors.New("operation not permitted"), kernel.Unknown
	got := compare(h, nil, snapshot(t, closing(1)))
	if got.Sockets.Established != analyze.Unknown || got.Sockets.TimeWait != 126 || got.Settings.Ports() != 1000 || len(got.Counters) != 3 {
		t.Errorf("got %+v, want counts and settings, and established sockets to be unknown", got)
	}
	if got.Compared != nil || got.Ends != nil {
		t.Errorf("got %+v and processes %v without sockets, want none", got.Compared, got.Ends)
	}
}

// TestUnknown holds the two words for what is not known to one value: reports take
// the kernel's numbers as they are.
func TestUnknown(t *testing.T) {
	if kernel.Unknown != analyze.Unknown {
		t.Errorf("got %d from the kernel, want %d", kernel.Unknown, analyze.Unknown)
	}
}

// TestCompareHalfClosed sets the kernel's half-closed sockets beside those of the packets,
// and leaves states out of which neither has any.
func TestCompareHalfClosed(t *testing.T) {
	const closed = "conn 40001\n0.0 > S 0:0(0)\n0.1 < S. 0:0(0) ack 1\n0.2 > . ack 1\n1.0 < F. 1:1(0) ack 1\n1.1 > . ack 2\n"
	for _, c := range []struct {
		name            string
		client          kernel.State // of the socket there; 0 for none
		at              int64        // s after the first packet
		packets, kernel [2]int64     // CLOSE_WAIT, FIN_WAIT_2
	}{
		{"the same", kernel.CloseWait, 3, [2]int64{1, 1}, [2]int64{1, 1}},
		{"FIN_WAIT_2 ends after a minute", kernel.CloseWait, 90, [2]int64{1, 0}, [2]int64{1, 1}},
		{"closed without a packet", 0, 3, [2]int64{1, 1}, [2]int64{0, 1}},
	} {
		x := snapshot(t, closed)
		ends := x.Connections[0]
		sockets := []kernel.Socket{{Local: ends.Server, Remote: ends.Client, State: kernel.FINWait2}}
		if c.client != 0 {
			sockets = append(sockets, kernel.Socket{Local: ends.Client, Remote: ends.Server, State: c.client})
		}
		h := host(0, sockets...)
		h.Addresses = []netip.Addr{ends.Server.Addr(), ends.Client.Addr()}
		h.At = ends.Start + c.at*1e9
		got := live.Compare(h, host(0), x.Result, x, time.Minute).Compared
		if len(got) != 4 || got[2].State != "close_wait" || got[3].State != "fin_wait_2" {
			t.Fatalf("%s: got %+v, want both states behind the others", c.name, got)
		}
		for i, x := range got[2:] {
			if x.Packets != c.packets[i] || x.Kernel != c.kernel[i] || x.Unseen != 0 {
				t.Errorf("%s: %s: got %d by the packets, %d by the kernel; want %d and %d", c.name, x.State, x.Packets, x.Kernel, c.packets[i], c.kernel[i])
			}
		}
	}
	if got := compare(host(0), host(0), snapshot(t, closing(1))).Compared; len(got) != 2 {
		t.Errorf("got %+v, want no half-closed sockets", got)
	}
}
