package report

import (
	"fmt"
	"strings"

	"github.com/kaanalyze/kaanalyze/httpparse/http2"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// maxDebug is how many characters of the text of a GOAWAY are shown.
const maxDebug = 60

// manySettings is how many SETTINGS frames a connection may have before they are told: each
// side sends one at the beginning, and few programs send more.
const manySettings = 20

// HTTP2Words says what HTTP/2 shows of a connection, nothing without it: each is what it is
// about, a colon, and what there is to say. clock writes when a GOAWAY came.
func HTTP2Words(x *analyze.HTTP2, clock func(ns int64) string) []string {
	if x == nil {
		return nil
	}
	said := []string{"HTTP/2: " + streams(x)}
	if x.GRPCCalls > 0 {
		said = append(said, "gRPC: "+calls(x.GRPCCalls, x.GRPCFailed))
	}
	if x.GoAway.By != analyze.Nobody {
		said = append(said, goAway(&x.GoAway, clock))
	}
	if pings := pings(x); pings != "" {
		said = append(said, pings)
	}
	if stalls := stalls(x); stalls != "" {
		said = append(said, stalls)
	}
	if x.Settings > manySettings {
		said = append(said, "SETTINGS: sent "+cause.Count(x.Settings)+" times")
	}
	if x.OddFrames > 0 {
		said = append(said, "odd frames: "+cause.Count(x.OddFrames)+" too long, or with header fields that cannot be decoded")
	}
	if x.Lost {
		said = append(said, "frames: not found again after missing bytes, so there may have been more requests")
	}
	return said
}

// streams says how many streams a connection had, and what became of them.
func streams(x *analyze.HTTP2) string {
	s := fmt.Sprintf("%s opened, at most %s at once", cause.Plural(x.StreamsOpened, "stream", "streams"), cause.Count(x.MostAtOnce))
	if x.Limit != analyze.Unknown {
		s += " of " + cause.Count(x.Limit) + " that the server allows"
	}
	for _, m := range []tally{{"refused by the server", x.StreamsRefused}, {"reset by the server", x.Failed}, {"cancelled by the client", x.Abandoned}} {
		if m.n > 0 {
			s += fmt.Sprintf(", %s %s", cause.Count(m.n), m.name)
		}
	}
	if x.Lasting > 0 {
		s += fmt.Sprintf(", %s of events or streaming calls that last 1 s or longer", cause.Count(x.Lasting))
	}
	return s
}

// calls says how many calls of gRPC were answered, and how many of them failed.
func calls(n, failed int64) string {
	if failed == 0 {
		return cause.Plural(n, "call", "calls") + " answered"
	}
	return fmt.Sprintf("%s answered, %s of them with an error", cause.Plural(n, "call", "calls"), cause.Count(failed))
}

// goAway says what a GOAWAY said.
func goAway(g *analyze.GoAway, clock func(ns int64) string) string {
	s := fmt.Sprintf("GOAWAY: by the %s at %s (packet %d), %v", g.By, clock(g.Mark.At), g.Mark.Packet, g.Code)
	if g.Debug != "" {
		s += ", " + Fit(g.Debug, maxDebug)
	}
	if g.LastStream != http2.MaxStream {
		s += fmt.Sprintf(", last stream %d", g.LastStream)
	}
	if g.Open > 0 {
		s += fmt.Sprintf(", %s open", cause.Plural(g.Open, "stream", "streams"))
	}
	if g.After > 0 {
		s += fmt.Sprintf(", %s opened after it", cause.Plural(g.After, "stream", "streams"))
	}
	return s
}

// pings says which PINGs there were, "" for none.
func pings(x *analyze.HTTP2) string {
	var said []string
	for _, side := range []struct {
		name string
		p    *analyze.Pings
	}{{"client", &x.ClientPings}, {"server", &x.ServerPings}} {
		if side.p.KeepAlive == 0 {
			continue
		}
		s := cause.Count(side.p.KeepAlive) + " of the " + side.name + " in silence"
		if side.p.Idle != analyze.Unknown {
			s += ", the first after " + cause.Duration(side.p.Idle)
		}
		if side.p.Interval != analyze.Unknown {
			s += ", then every " + cause.Duration(side.p.Interval)
		}
		said = append(said, s)
	}
	for _, m := range []tally{
		{"with the reset of a stream", x.CancelPings}, {"to measure the bandwidth", x.BDPPings}, {"beside messages", x.OtherPings - x.CancelPings - x.BDPPings},
	} {
		if m.n > 0 {
			said = append(said, cause.Count(m.n)+" "+m.name)
		}
	}
	if len(said) == 0 {
		return ""
	}
	return "PING: " + strings.Join(said, "; ")
}

// stalls says how long windows of flow control held a side up, "" if they did not.
func stalls(x *analyze.HTTP2) string {
	var said []string
	for _, side := range []struct {
		name string
		s    *analyze.Stalls
	}{{"client", &x.ClientStalls}, {"server", &x.ServerStalls}} {
		for _, level := range []struct {
			name     string
			n, lasts int64
		}{{"a stream", side.s.Stream, side.s.StreamTime}, {"the connection", side.s.Connection, side.s.ConnectionTime}} {
			if level.n > 0 {
				said = append(said, fmt.Sprintf("the %s waited %s, %s in all, for the window of %s", side.name,
					cause.Plural(level.n, "time", "times"), cause.Duration(level.lasts), level.name))
			}
		}
	}
	if len(said) == 0 {
		return ""
	}
	return "flow control: " + strings.Join(said, "; ")
}

// trustFrames writes what cannot be read of HTTP/2.
func (p *teller) trustFrames() {
	n := &p.r.Result.Totals.Streams
	if n.Odd > 0 {
		p.fact("HTTP/2 frames", fmt.Sprintf("%s on %s that RFC 9113 does not allow: too long, or with header fields that cannot be decoded",
			cause.Plural(n.OddFrames, "frame", "frames"), cause.Plural(n.Odd, "connection", "connections")))
	}
	if n.Lost > 0 {
		p.fact("HTTP/2 frames", cause.Plural(n.Lost, "connection has", "connections have")+" frames that were not found again after bytes that are missing: there may have been more requests")
	}
}

// streamNumbers adds the rows about streams of HTTP/2, if there were any.
func streamNumbers(tab *Table, n *analyze.StreamCount) {
	if n.Connections == 0 {
		return
	}
	tab.Row("streams of HTTP/2 opened", cause.Count(n.Opened), "")
	if n.Refused > 0 {
		tab.Row("  refused by the server", cause.Count(n.Refused), "")
	}
	if n.GRPCCalls > 0 {
		tab.Row("gRPC calls that failed", cause.Count(n.GRPCFailed)+" of "+cause.Count(n.GRPCCalls), "0")
	}
}

// streamsAt says what HTTP/2 shows of a server, "" without it.
func streamsAt(n *analyze.StreamCount) string {
	if n.Connections == 0 {
		return ""
	}
	s := fmt.Sprintf("HTTP/2: %s opened", cause.Plural(n.Opened, "stream", "streams"))
	if n.Refused > 0 {
		s += ", " + cause.Count(n.Refused) + " refused"
	}
	if n.GRPCCalls > 0 {
		s += "; gRPC: " + calls(n.GRPCCalls, n.GRPCFailed)
	}
	return s
}
