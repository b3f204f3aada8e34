package live

import (
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
