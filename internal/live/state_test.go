package live

import (
	"net/netip"
	"testing"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

func TestStateOf(t *testing.T) {
	const s = int64(1e9)
	open := analyze.Connection{
		Start: 10 * s, End: 20 * s, Handshake: flows.HandshakeComplete, Protocol: analyze.HTTP11, Requests: 1,
		Evidence: analyze.Evidence{LastDone: 19 * s, Request: analyze.Mark{At: 18 * s, Packet: 4}},
	}
	for _, tc := range []struct {
		name   string
		now    int64
		change func(c *analyze.Connection)
		want   State
		time   int64
	}{
		{"response complete", 25 * s, func(c *analyze.Connection) {}, Idle, 6 * s},
		{"request under way", 25 * s, func(c *analyze.Connection) { c.Evidence.Outstanding = 1 }, Active, 7 * s},
		{"head begun", 25 * s, func(c *analyze.Connection) { c.Evidence.HeadStarted = true }, Active, 5 * s},
		{"no request yet", 25 * s, func(c *analyze.Connection) {
			c.Requests, c.Protocol, c.Evidence = 0, analyze.NoProtocol, analyze.Evidence{LastDone: analyze.Unknown}
		}, Idle, 5 * s},
		{"encrypted, just now", 20*s + s/2, func(c *analyze.Connection) { c.Protocol, c.HTTPUnknown = analyze.TLS, true }, Active, 10*s + s/2},
		{"encrypted, a while ago", 25 * s, func(c *analyze.Connection) { c.Protocol, c.HTTPUnknown = analyze.TLS, true }, Idle, 5 * s},
		{"SYN alone", 21 * s, func(c *analyze.Connection) {
			c.Requests, c.Handshake, c.Close.Kind = 0, flows.HandshakeUnanswered, flows.CloseSilent
		}, Opening, 11 * s},
		{"SYN long ago", 90 * s, func(c *analyze.Connection) {
			c.Requests, c.Handshake, c.Close.Kind = 0, flows.HandshakeUnanswered, flows.CloseSilent
		}, Silent, 70 * s},
		{"SYN and SYN-ACK", 21 * s, func(c *analyze.Connection) { c.Requests, c.Handshake = 0, flows.HandshakeIncomplete }, Opening, 11 * s},
		{"data unanswered", 25 * s, func(c *analyze.Connection) { c.Close.Kind = flows.CloseSilent }, Silent, 5 * s},
		{"one FIN", 25 * s, func(c *analyze.Connection) { c.Close = analyze.Close{Kind: flows.CloseHalf, At: 15 * s} }, HalfClosed, 10 * s},
		{"two FINs", 25 * s, func(c *analyze.Connection) {
			c.Close = analyze.Close{Kind: flows.CloseFIN, TimeWait: analyze.TimeWaitServer}
		}, TimeWait, 55 * s},
		{"two FINs, over", 80 * s, func(c *analyze.Connection) {
			c.Close = analyze.Close{Kind: flows.CloseFIN, TimeWait: analyze.TimeWaitServer}
		}, Closed, 60 * s},
		{"FINs, then an RST", 25 * s, func(c *analyze.Connection) {
			c.Close = analyze.Close{Kind: flows.CloseFINReset, TimeWait: analyze.TimeWaitNone}
		}, Closed, 5 * s},
	} {
		c := open
		tc.change(&c)
		if got, d := StateOf(&c, tc.now, 60*s); got != tc.want || d != tc.time {
			t.Errorf("%s: got %v, %.1f s; want %v, %.1f s", tc.name, got, float64(d)/1e9, tc.want, float64(tc.time)/1e9)
		}
	}
}

// TestRecycled ends TIME_WAIT where a later connection took the entry over.
func TestRecycled(t *testing.T) {
	const s = int64(1e9)
	client, server := netip.MustParseAddrPort("10.0.0.2:5000"), netip.MustParseAddrPort("10.0.0.1:80")
	waits := analyze.Close{Kind: flows.CloseFIN, TimeWait: analyze.TimeWaitServer}
	x := &Snapshot{Connections: []analyze.Connection{
		{ID: 1, Client: client, Server: server, End: 10 * s, Close: waits},
		{ID: 2, Client: client, Server: server, End: 20 * s, Close: waits, Evidence: analyze.Evidence{Recycled: analyze.Client}},
		{ID: 3, Client: netip.AddrPortFrom(client.Addr(), 5001), Server: server, End: 20 * s, Close: waits},
	}}
	r := x.Recycled()
	for i, want := range []State{Closed, TimeWait, TimeWait} {
		if got, _ := r.State(&x.Connections[i], 30*s, 60*s); got != want {
			t.Errorf("connection %d: got %v, want %v", i+1, got, want)
		}
	}
	if _, since := r.State(&x.Connections[0], 30*s, 60*s); since != analyze.Unknown {
		t.Errorf("got %d ns since it was taken over, which nobody knows", since)
	}
	if got := (&Snapshot{Connections: x.Connections[2:]}).Recycled(); got != nil {
		t.Errorf("got %v where nothing is taken over, want nil", got)
	}
}

func TestStateNames(t *testing.T) {
	for s, want := range map[State]string{Opening: "opening", Active: "active", Idle: "idle", Silent: "silent", HalfClosed: "half-closed", TimeWait: "TIME_WAIT", Closed: "closed"} {
		if got := s.String(); got != want {
			t.Errorf("state %d: got %q, want %q", s, got, want)
		}
	}
}
