package cause

import (
	"maps"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// Clone returns a copy that shares nothing with p.
func (p *Past) Clone() Past {
	x := Past{slices.Clone(p.Causes), p.losses, p.estimatedLosses}
	x.losses.byServer, x.estimatedLosses.byServer = maps.Clone(p.losses.byServer), maps.Clone(p.estimatedLosses.byServer)
	return x
}

// AddUnanswered adds a connection whose SYN nobody answered, without looking at others
// of its server.
func (p *Past) AddUnanswered() {
	p.Causes = plus(p.Causes, Total{Unanswered, analyze.Network, 1})
}

// Renumber takes the new numbers of servers, 0 for one that has no row any more.
func (p *Past) Renumber(server func(uint32) uint32) {
	for _, l := range [...]*losses{&p.losses, &p.estimatedLosses} {
		renumbered := make(map[uint32]Lost, len(l.byServer))
		for n, x := range l.byServer {
			if n = server(n); n != 0 {
				renumbered[n] = x
			}
		}
		l.byServer = renumbered
	}
}
