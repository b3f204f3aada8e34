package report

import (
	"fmt"

	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// shownRepeats is how many repeats are told of one connection.
const shownRepeats = 5

// repeats writes which requests of a connection were lost and sent again elsewhere, or
// came again there.
func (p *teller) repeats(id uint64) {
	list := p.r.Diagnosed().RepeatsOf(id)
	for i := range list[:min(shownRepeats, len(list))] {
		x := &list[i]
		after, outcome := cause.Duration(x.AfterLoss()), x.Outcome.Words()
		if x.Status != 0 && x.Outcome != rules.LostAgain {
			outcome = fmt.Sprintf("answered with %d", x.Status)
			if x.Outcome == rules.ExecutedTwice {
				outcome += "; " + x.Outcome.Words()
			}
		}
		if x.Lost == id {
			p.para(2, "lost: the %s of packet %d; sent again %s later on connection %d (packet %d), %s",
				x.Method, x.LostPacket, after, x.Connection, x.Packet, outcome)
			continue
		}
		p.para(2, "sent again: the %s of packet %d, which connection %d had lost %s before (packet %d); %s",
			x.Method, x.Packet, x.Lost, after, x.LostPacket, outcome)
	}
	if n := len(list) - shownRepeats; n > 0 {
		p.para(2, "and %s more", cause.Plural(int64(n), "request", "requests"))
	}
}
