package report

import (
	"cmp"
	"maps"
	"math"
	"net/netip"
	"slices"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// survey is what the text tells of single connections, grouped.
type survey struct {
	probers []*prober
	opened  []*openings
}

// proberKey is one side that sends keep-alive probes to another.
type proberKey struct {
	client netip.Addr
	server netip.AddrPort
	by     analyze.Party
}

// prober is what the probes of one side have in common.
type prober struct {
	proberKey
	connections, sent, answered int64
	idle, interval              durationRange
}

// openings is how the connections to one server came to be.
type openings struct {
	server                                           netip.AddrPort
	complete, refused, unanswered, other, synsResent int64
}

// trouble counts what did not go well.
func (o *openings) trouble() int64 { return o.refused + o.unanswered + o.synsResent }

// durationRange is the range of some durations.
type durationRange struct{ least, most int64 }

// noDuration is of no duration at all.
var noDuration = durationRange{math.MaxInt64, analyze.Unknown}

// add takes ns into the range, unless it is Unknown.
func (s *durationRange) add(ns int64) {
	if ns != analyze.Unknown {
		s.least, s.most = min(s.least, ns), max(s.most, ns)
	}
}

// String writes the range; one value if all are within 5 %, "-" if there is
// none.
func (s durationRange) String() string {
	switch {
	case s.most == analyze.Unknown:
		return "-"
	case float64(s.most-s.least) <= 0.05*float64(s.most):
		return cause.Duration(s.most)
	}
	return cause.Duration(s.least) + " to " + cause.Duration(s.most)
}

// takeSurvey looks at each connection of r once.
func takeSurvey(r *Report) *survey {
	probers := make(map[proberKey]*prober)
	servers := make(map[netip.AddrPort]*openings)
	var c analyze.Connection
	found := r.Records()
	for i := range found.Len() {
		found.Numbers(i, &c)
		addProbes(probers, &c, analyze.Client, &c.ClientProbes)
		addProbes(probers, &c, analyze.Server, &c.ServerProbes)
		addOpened(servers, &c)
	}
	s := &survey{probers: slices.Collect(maps.Values(probers))}
	for _, o := range servers {
		if o.trouble() > 0 {
			s.opened = append(s.opened, o)
		}
	}
	slices.SortFunc(s.probers, func(a, b *prober) int {
		return cmp.Or(cmp.Compare(b.sent, a.sent), a.client.Compare(b.client), a.server.Compare(b.server), cmp.Compare(a.by, b.by))
	})
	slices.SortFunc(s.opened, func(a, b *openings) int {
		return cmp.Or(cmp.Compare(b.trouble(), a.trouble()), a.server.Compare(b.server))
	})
	return s
}

// addProbes counts the probes that one side of c sent.
func addProbes(probers map[proberKey]*prober, c *analyze.Connection, by analyze.Party, sent *analyze.Probes) {
	if sent.Sent == 0 {
		return
	}
	key := proberKey{c.Client.Addr(), c.Server, by}
	g := probers[key]
	if g == nil {
		g = &prober{proberKey: key, idle: noDuration, interval: noDuration}
		probers[key] = g
	}
	g.connections++
	g.sent += int64(sent.Sent)
	g.answered += int64(sent.Answered)
	g.idle.add(sent.Idle)
	g.interval.add(sent.Interval)
}

// addOpened counts how c came to be.
func addOpened(servers map[netip.AddrPort]*openings, c *analyze.Connection) {
	g := servers[c.Server]
	if g == nil {
		g = &openings{server: c.Server}
		servers[c.Server] = g
	}
	g.synsResent += int64(c.SYNRetransmissions)
	switch c.Handshake {
	case flows.HandshakeComplete:
		g.complete++
	case flows.HandshakeRefused:
		g.refused++
	case flows.HandshakeUnanswered:
		g.unanswered++
	default:
		g.other++
	}
}
