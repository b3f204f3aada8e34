package cause

import (
	"time"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

// announced returns the timeout that a server's Keep-Alive field announces; 0 without.
func (s *Server) announced() time.Duration {
	if s.AdvertisedTimeout == analyze.Unknown {
		return 0
	}
	return time.Duration(s.AdvertisedTimeout) * time.Second
}

// idleMatches returns the settings that an idle timeout of the server may be.
func (s *Server) idleMatches(idle time.Duration) []string {
	if m := products.MatchServer(idle, s.Software); len(m) > 0 {
		return m
	}
	return products.MatchAnnounced(idle, s.announced())
}

// idleMatches returns the settings that an idle timeout of the client may be: what it
// makes of the timeout that the server announces comes first.
func (p *Pair) idleMatches(idle time.Duration) []string {
	if m := products.MatchHeeded(idle, p.To.announced(), p.Program); len(m) > 0 {
		return m
	}
	return products.MatchClient(idle, p.Program)
}

// announcedTooShort settles what Node closes right after a response because the
// server announces no more than it keeps as a distance, and returns the others.
func (p *Pair) announcedTooShort(prompt []*Record) []*Record {
	if t := p.To.announced(); t <= 0 || t > products.FetchTakes || p.Program != products.Node {
		return prompt
	}
	settle(prompt, ClientIdleTimeout, analyze.Client, Medium)
	return nil
}

// tellNode takes Java and others off the programs whose idle timeout a client's may
// be, if its keep-alive probes begin after the second that Node's http.Agent sets.
func (d *Decisions) tellNode() {
	for i := range d.Policies {
		p := &d.Policies[i]
		if p.Kind != IdleTimeout || p.By != analyze.Client || len(p.Matches) < 2 {
			continue
		}
		probes, ok := d.PolicyOf(ProbeIdle, analyze.Client, p.Subject)
		if ok && products.NodeProbes(time.Duration(probes.Value)) {
			p.Matches = products.OfNode(p.Matches)
		}
	}
}

// HeedsAnnounced reports whether the client gave these requests up after what Node's
// http.Agent takes for the timeout of a connection that it uses again: what the server
// announces, less a second, whatever its own timeout is.
func (p *Pair) HeedsAnnounced(gaveUp []*Record, after int64) bool {
	if p.Program != products.Node && p.Program != products.Unknown && p.Program != products.Other {
		return false
	}
	if len(products.MatchHeeded(time.Duration(after), p.To.announced(), products.Node)) == 0 ||
		time.Duration(after) < p.To.announced()-products.AgentTakes-time.Duration(MinIdle) {
		return false
	}
	again := where(gaveUp, func(r *Record) bool { return r.Requests > 1 })
	return len(again)*10 >= len(gaveUp)*9
}
