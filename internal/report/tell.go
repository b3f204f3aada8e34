package report

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// TellConnection tells on m what is known of c, without its packets.
func TellConnection(m Medium, r *Report, c *analyze.Connection) {
	p := &teller{medium: m, r: r}
	p.connection(c)
}

// Tell tells all of r on m, with at most that many rows in a table.
func Tell(m Medium, r *Report, rows int) {
	p := &teller{m, r, rows}
	if s := p.r.Story; s != nil {
		p.story(s)
		p.evidence()
		return
	}
	p.header()
	p.verdict()
	p.recent()
	p.gates()
	p.comparison()
	if r.Options.Brief {
		return
	}
	if p.r.Result.Totals.Connections > 0 {
		s := takeSurvey(p.r)
		p.numbers()
		p.overTime()
		p.causes()
		p.closes()
		p.servers()
		p.answers()
		p.pairs()
		p.policies()
		p.probes(s)
		p.handshakes(s)
		p.example()
	}
	p.otherSide()
	p.evidence()
	p.host()
	p.names()
	p.trust()
	p.provenance()
}

// header writes what the report is about.
func (p *teller) header() {
	p.medium.Title(p.r.Meta.Title(), p.r.Meta.Extent(), p.r.Meta.Narrowed.Words())
}
