package report

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// answers writes how servers answer: by class of status, and how long that takes.
func (p *teller) answers() {
	list, seldom := answering(p.r.Result.Servers)
	if len(list) == 0 {
		return
	}
	p.section("RESPONSES BY SERVER")
	tab := Table{Align: "lrrrrrrrrr", Heads: []string{"server", "2xx", "3xx", "4xx", "5xx", "p50", "p90", "p95", "p99", "max"}}
	if seldom {
		tab.Align, tab.Heads = "lrrrrrrrrrr", append([]string{"server", "1xx"}, tab.Heads[1:]...)
	}
	for _, s := range list[:min(len(list), p.rows)] {
		cells := []string{p.r.Meta.AddrText(s.Server)}
		for class, n := range s.ByClass {
			if class > 0 || seldom {
				cells = append(cells, cell(n))
			}
		}
		x := &s.Times
		for _, ns := range []int64{x.P50, x.P90, x.P95, x.P99, x.Max} {
			cells = append(cells, timeCell(ns))
		}
		tab.Row(cells...)
	}
	p.table(&tab)
	p.para(0, "(p50 to max: time from the last byte of a request to the first byte of its final response, of HTTP/2 by stream)")
	p.more(len(list))
	if n := untimed(p.r.Result.Servers); n > 0 {
		p.para(0, "(times are kept of the %s servers with the most responses, not of %s others)", cause.Count(int64(timed(p.r.Result.Servers))), cause.Count(int64(n)))
	}
}

// answering returns the servers whose responses can be read, and whether there are any of
// class 1xx.
func answering(all []analyze.ServerSummary) (list []*analyze.ServerSummary, interim bool) {
	for i := range all {
		s := &all[i]
		if n := &s.ByClass; n[0] != analyze.Unknown && *n != [analyze.StatusClasses]int64{} {
			list = append(list, s)
			interim = interim || n[0] > 0
		}
	}
	return list, interim
}

// timed and untimed return how many servers have times, and how many have none because
// others have more responses.
func timed(all []analyze.ServerSummary) (n int) {
	for i := range all {
		n += int(min(1, all[i].Times.Count))
	}
	return n
}

func untimed(all []analyze.ServerSummary) (n int) {
	for i := range all {
		if all[i].TimesLost {
			n++
		}
	}
	return n
}

// timeCell writes a duration for a table.
func timeCell(ns int64) string {
	if ns == analyze.Unknown {
		return "-"
	}
	return cause.Duration(ns)
}
