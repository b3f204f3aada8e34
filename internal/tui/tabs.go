package tui

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/live"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// The tabs, in the order of their keys.
const (
	findingsTab = iota
	serversTab
	pairsTab
	connectionsTab
	tabs
)

// newFindings returns the table of findings.
func newFindings(m *model) *table[rules.Finding] {
	type F = rules.Finding
	return &table[F]{
		name: "findings", sortBy: -1,
		count: func() int { return len(m.diagnosis().Findings) },
		item:  func(i int) *F { return &m.diagnosis().Findings[i] },
		key:   func(f *F) string { return f.Rule.ID + " " + f.Subject },
		words: func(b []byte, f *F) []byte {
			return fmt.Append(b, f.Severity, " ", f.Rule.ID, " ", f.Title, " ", f.Subject, " ", f.Words())
		},
		columns: []column[F]{
			{head: "severity", text: func(f *F) string { return f.Severity.String() }, value: func(f *F) float64 { return float64(f.Severity) }, paint: severityPaint},
			{head: "rule", text: func(f *F) string { return f.Rule.ID }},
			{head: "finding", flex: 50, text: func(f *F) string { return f.Title }},
			{head: "conns", right: true, text: func(f *F) string { return countCell(f.Connections) }, value: func(f *F) float64 { return float64(f.Connections) }},
			{head: "failed", right: true, rank: 2, text: func(f *F) string { return countCell(f.Failed) }, value: func(f *F) float64 { return float64(f.Failed) }},
			{head: "saves", right: true, rank: 1, text: func(f *F) string { return countCell(f.Saves.Connections) }, value: func(f *F) float64 { return float64(f.Saves.Connections) }},
			{head: "confidence", rank: 3, text: func(f *F) string { return f.Confidence.String() }, value: func(f *F) float64 { return float64(f.Confidence) }},
		},
	}
}

// severityPaint is the colour of the severity of f.
func severityPaint(f *rules.Finding) paint {
	return [...]paint{rules.Info: none, rules.Notable: warning, rules.Grave: bad}[f.Severity]
}

// newServers returns the table of servers.
func newServers(m *model) *table[analyze.ServerSummary] {
	type S = analyze.ServerSummary
	idle := func(s *S) int64 { return m.diagnosis().Limit(cause.IdleTimeout, s) }
	return &table[S]{
		name: "servers", sortBy: -1,
		count: func() int { return len(m.result().Servers) },
		item:  func(i int) *S { return &m.result().Servers[i] },
		key:   func(s *S) string { return s.Server.String() },
		words: func(b []byte, s *S) []byte { return append(append(s.Server.AppendTo(b), ' '), s.Software.String()...) },
		columns: []column[S]{
			{head: "server", text: func(s *S) string { return s.Server.String() }, order: func(s *S) string { return byAddress(s.Server) }},
			{head: "clients", right: true, rank: 3, text: func(s *S) string { return countCell(s.Clients) }, value: func(s *S) float64 { return float64(s.Clients) }},
			{head: "conns", right: true, text: func(s *S) string { return countCell(s.Connections) }, value: func(s *S) float64 { return float64(s.Connections) }},
			{head: "requests", right: true, text: func(s *S) string { return requestsCell(s.Requests, &s.Estimated) }, value: func(s *S) float64 { return float64(max(s.Requests, 0) + s.Estimated.Requests) }},
			{head: "reused", right: true, text: func(s *S) string { return reuseCell(s.ReuseRatio, &s.Estimated) }, value: func(s *S) float64 { return reuse(s.ReuseRatio, &s.Estimated) }},
			{head: "server closed", right: true, rank: 1, text: func(s *S) string { return countCell(s.ClosedFirst.Server + s.ClosedFirst.Both) }, value: func(s *S) float64 { return float64(s.ClosedFirst.Server + s.ClosedFirst.Both) }},
			{head: "client closed", right: true, rank: 1, text: func(s *S) string { return countCell(s.ClosedFirst.Client + s.ClosedFirst.Both) }, value: func(s *S) float64 { return float64(s.ClosedFirst.Client + s.ClosedFirst.Both) }},
			{head: "TIME_WAIT peak", right: true, rank: 2, text: func(s *S) string { return countCell(s.TimeWaitPeak) }, value: func(s *S) float64 { return float64(s.TimeWaitPeak) }},
			{head: "idle timeout", right: true, rank: 4, text: func(s *S) string { return durationCell(idle(s)) }, value: func(s *S) float64 { return float64(idle(s)) }},
			{head: "software", rank: 5, text: func(s *S) string { return s.Software.String() }},
		},
	}
}

// newPairs returns the table of clients and servers.
func newPairs(m *model) *table[analyze.Pair] {
	type P = analyze.Pair
	return &table[P]{
		name: "pairs", sortBy: -1,
		count: func() int { return len(m.result().Pairs) },
		item:  func(i int) *P { return &m.result().Pairs[i] },
		key:   pairName,
		words: func(b []byte, p *P) []byte {
			return append(append(append(b, pairName(p)...), ' '), p.Agent.String()...)
		},
		columns: []column[P]{
			{head: "client -> server", text: pairName, order: func(p *P) string {
				return byAddress(netip.AddrPortFrom(p.Client, 0)) + byAddress(p.Server)
			}},
			{head: "conns", right: true, text: func(p *P) string { return countCell(p.Connections) }, value: func(p *P) float64 { return float64(p.Connections) }},
			{head: "requests", right: true, rank: 1, text: func(p *P) string { return requestsCell(p.Requests, &p.Estimated) }, value: func(p *P) float64 { return float64(max(p.Requests, 0) + p.Estimated.Requests) }},
			{head: "reused", right: true, text: func(p *P) string { return reuseCell(p.ReuseRatio, &p.Estimated) }, value: func(p *P) float64 { return reuse(p.ReuseRatio, &p.Estimated) }},
			{head: "need", right: true, rank: 2, text: func(p *P) string { return countCell(p.Need()) + guessed(&p.Estimated) }, value: func(p *P) float64 { return float64(p.Need()) }},
			{head: "avoidable", right: true, text: func(p *P) string { return countCell(p.Avoidable()) + guessed(&p.Estimated) }, value: func(p *P) float64 { return float64(p.Avoidable()) }},
			{head: "ports", right: true, rank: 3, text: func(p *P) string { return countCell(p.PortsInUse) }, value: func(p *P) float64 { return float64(p.PortsInUse) }},
			{head: "client is", rank: 4, text: func(p *P) string { return p.Agent.String() }},
		},
	}
}

// pairName names a client and a server.
func pairName(p *analyze.Pair) string { return p.Client.String() + " -> " + p.Server.String() }

// newConnections returns the table of connections.
func newConnections(m *model) *table[analyze.Connection] {
	type C = analyze.Connection
	reason := func(c *C) string { return m.diagnosis().Of(c.ID).Cause.String() }
	return &table[C]{
		name: "connections", sortBy: -1, newestFirst: m.opt.Live,
		count: func() int { return m.snapshot().Len() },
		item:  m.connection,
		key:   func(c *C) string { return strconv.FormatUint(c.ID, 10) },
		words: func(b []byte, c *C) []byte {
			state, _ := m.state(c)
			b = append(strconv.AppendUint(append(b, '#'), c.ID, 10), ' ')
			b = append(c.Client.AppendTo(b), ' ')
			b = append(c.Server.AppendTo(b), ' ')
			return append(b, state.String()+" "+protocol(c)+" "+reason(c)+" "+c.Close.Kind.String()...)
		},
		columns: []column[C]{
			{head: "id", right: true, text: func(c *C) string { return strconv.FormatUint(c.ID, 10) }, order: func(c *C) string { return string(binary.BigEndian.AppendUint64(nil, c.ID)) }},
			{head: "state", text: m.stateText, order: m.stateOrder, paint: m.statePaint, width: len("TIME_WAIT 60 s")},
			{head: "reqs", right: true, text: carried, value: func(c *C) float64 { return float64(c.Carried()) }},
			{head: "client", text: func(c *C) string { return c.Client.String() }, order: func(c *C) string { return byAddress(c.Client) }},
			{head: "server", text: func(c *C) string { return c.Server.String() }, order: func(c *C) string { return byAddress(c.Server) }},
			{head: "not reused because", flex: 18, text: reason},
			{head: "by", rank: 1, text: func(c *C) string { return m.diagnosis().Of(c.ID).By.String() }},
			{head: "close", rank: 2, text: func(c *C) string { return c.Close.Kind.String() }},
			{head: "TIME_WAIT", rank: 2, text: func(c *C) string { return c.Close.TimeWait.String() }},
			{head: "lasted", right: true, rank: 3, text: func(c *C) string { return cause.Duration(c.End - c.Start) }, value: func(c *C) float64 { return float64(c.End - c.Start) }},
			{head: "connect", right: true, rank: 4, text: func(c *C) string { return durationCell(c.ConnectTime) }, value: func(c *C) float64 { return float64(c.ConnectTime) }},
			{head: "longest idle", right: true, rank: 5, text: func(c *C) string { return durationCell(c.IdleMax) }, value: func(c *C) float64 { return float64(c.IdleMax) }},
			{head: "bytes", right: true, rank: 6, text: func(c *C) string { return countCell(int64(c.BytesClient + c.BytesServer)) }, value: func(c *C) float64 { return float64(c.BytesClient + c.BytesServer) }},
			{head: "retrans", right: true, rank: 7, text: func(c *C) string { return countCell(resent(c)) }, value: func(c *C) float64 { return float64(resent(c)) }},
			{head: "probes", right: true, rank: 7, text: func(c *C) string { return countCell(probes(c)) }, value: func(c *C) float64 { return float64(probes(c)) }},
			{head: "protocol", rank: 8, text: protocol},
			{head: "streams", right: true, rank: 9, text: func(c *C) string { return countCell(streams(c)) }, value: func(c *C) float64 { return float64(streams(c)) }},
		},
	}
}

// resent returns how many segments both sides sent again.
func resent(c *analyze.Connection) int64 {
	return int64(c.RetransmissionsClient) + int64(c.RetransmissionsServer)
}

// probes returns how many keep-alive probes both sides sent.
func probes(c *analyze.Connection) int64 {
	return int64(c.ClientProbes.Sent) + int64(c.ServerProbes.Sent)
}

// streams returns the most streams of HTTP/2 that were open at once, Unknown without it.
func streams(c *analyze.Connection) int64 {
	if c.HTTP2 == nil {
		return analyze.Unknown
	}
	return c.HTTP2.MostAtOnce
}

// connection returns the i-th connection of the snapshot, which is valid until the
// next one is asked for.
func (m *model) connection(i int) *analyze.Connection {
	return m.snapshot().ConnectionAt(i, &m.scratch)
}

// state returns what c is doing at the moment that is drawn.
func (m *model) state(c *analyze.Connection) (live.State, int64) {
	return m.recycled.State(c, m.now, int64(m.opt.TimeWait))
}

// stateText names the state of c, with the time that goes with it.
func (m *model) stateText(c *analyze.Connection) string {
	s, d := m.state(c)
	if s == live.Closed || d == analyze.Unknown {
		return s.String()
	}
	return s.String() + " " + seconds(d)
}

// stateOrder sorts connections by state; within one, those first that have been in it
// for longest, or whose TIME_WAIT ends first.
func (m *model) stateOrder(c *analyze.Connection) string {
	s, d := m.state(c)
	if s != live.TimeWait {
		d = -d
	}
	return string(binary.BigEndian.AppendUint64([]byte{byte(s)}, uint64(d)^1<<63))
}

// statePaint is the colour of the state of c.
func (m *model) statePaint(c *analyze.Connection) paint {
	s, _ := m.state(c)
	return [...]paint{live.Opening: warning, live.Active: good, live.Idle: none, live.Silent: bad, live.HalfClosed: warning, live.TimeWait: warning, live.Closed: faint}[s]
}
