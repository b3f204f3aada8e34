package rules

import (
	"fmt"
	"net/netip"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var serverTimeWait = &Rule{
	ID:      "KA1033",
	Title:   "TIME_WAIT piles up at the server",
	Who:     analyze.Server,
	SetWhen: "a server that closes first holds 1,000 TIME_WAIT or more, in the capture or at its rate in 60 s",
	Why:     "the server ends most connections: it keeps each for 60 s; that costs memory and connection tracking, not ports of the server",
	Advice:  products.Advise("let connections be reused, and let clients close them").Noting("do not set tcp_tw_recycle (removed from Linux) or lower tcp_fin_timeout (it does not affect TIME_WAIT)"),
	Filter:  "tcp.flags.fin == 1",
	Hint:    "the first of each stream is the server's",
	Needs:   Opening | BothSides,
	Check:   checkServerTimeWait,
}

func checkServerTimeWait(v *view, r *Rule) []Finding {
	return v.pileUp(r, analyze.Server)
}

// pileUp finds hosts that hold many TIME_WAIT as that party.
func (v *view) pileUp(r *Rule, as analyze.Party) []Finding {
	var out []Finding
	for _, h := range v.result.Totals.TimeWait.Hosts {
		level, how := h.Peak, "holds up to %s TIME_WAIT"
		if v.duration >= ShortestRate && h.SteadyState > float64(level) {
			level, how = int64(h.SteadyState), "will hold %s TIME_WAIT at this rate"
		}
		if level < pile {
			continue
		}
		e := v.holding(h.Host, as)
		if len(e.records) == 0 {
			continue
		}
		f := v.told(r, e, "%s "+how, h.Host, cause.Count(level))
		f.Severity, f.Confidence, f.Saves = Notable, cause.High, saving(v, e.records)
		if level*hardlyUsed(e.records) < pile*e.len() {
			f.Severity = Info // most of it is the price of much traffic
		}
		sparesNothing(&f, e.records)
		f.Observed = fmt.Sprintf("%s left TIME_WAIT there", conns(e.len()))
		out = append(out, f)
	}
	return out
}

// holding returns the connections after which a host holds TIME_WAIT as that
// party, if these are most of those that it holds.
func (v *view) holding(host netip.Addr, as analyze.Party) group {
	e := group{subject: subject{host: host.String()}}
	each := func(mine func(r *cause.Record)) (others int) {
		for _, p := range v.Pairs() {
			if p.Server.Addr() != host && p.Client != host {
				continue
			}
			for _, x := range p.Records {
				atClient := x.TimeWait == analyze.TimeWaitClient || x.TimeWait == analyze.TimeWaitBoth
				atServer := x.TimeWait == analyze.TimeWaitServer || x.TimeWait == analyze.TimeWaitBoth
				is, other := atServer && p.Server.Addr() == host, atClient && p.Client == host
				if as == analyze.Client {
					is, other = other, is
				}
				if is {
					mine(x)
				} else if other {
					others++
				}
			}
		}
		return others
	}
	n := 0
	switch others := each(func(*cause.Record) { n++ }); {
	case others > n:
	case n == len(v.Records()):
		e.records = v.Records()
	default:
		e.records = make([]*cause.Record, 0, n)
		each(func(r *cause.Record) { e.records = append(e.records, r) })
	}
	return e
}

// hardlyUsed returns how many of some connections carried but a few requests.
func hardlyUsed(records []*cause.Record) (n int64) {
	for _, x := range records {
		if x.Requests < usedWell {
			n++
		}
	}
	return n
}
