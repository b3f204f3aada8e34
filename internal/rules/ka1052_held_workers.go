package rules

import (
	"cmp"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

var heldWorkers = &Rule{
	ID:    "KA1052",
	Title: "requests wait until another connection closes",
	Who:   analyze.Server,
	SetWhen: "requests wait for half a second or more, sent at various times, and their responses begin just after an idle connection to " +
		"that server has closed",
	Why: "idle connections hold all workers of the server, as with gunicorn's sync workers, puma, php-fpm or Apache prefork: one that " +
		"waits for the next request of its client serves nobody else",
	Advice: products.Advise("switch keep-alive off in the server and let a proxy in front of it keep the connections of clients, or give it more " +
		"workers or threads than connections (gunicorn: -k gthread --threads)"),
	Filter: "http.time > 0.5 or tcp.flags.fin == 1",
	Hint:   "sorted by time, responses are late until a FIN comes",
	Needs:  HTTP | BothSides | Whole,
	Check:  checkHeldWorkers,
}

func checkHeldWorkers(v *view, r *Rule) []Finding {
	var out []Finding
	for _, s := range v.Servers() {
		held, slow := heldUp(s)
		if int64(len(held)) < cause.MinSamples || len(held)*2 < slow {
			continue
		}
		waits := make([]int64, 0, len(held))
		for _, x := range held {
			wait, _, _ := x.Waited()
			waits = append(waits, wait)
		}
		lo, hi := slices.Min(waits), slices.Max(waits)
		if hi-lo <= max(cause.MinIdle, hi*cause.Agreement/100) {
			continue // each took the same time, as by a timer
		}
		f := v.told(r, group{subject: subject{server: s}, records: held}, "%s to %s waited for %s to %s, until an idle connection closed",
			cause.Plural(int64(len(held)), "request", "requests"), s.Name, cause.Duration(lo), cause.Duration(hi))
		f.Severity, f.Confidence = Notable, cause.Medium
		f.brief = "requests to " + s.Name + " wait until an idle connection closes"
		out = append(out, f)
	}
	return out
}

// heldUp returns the connections to a server whose last request waited until another
// one, idle since before, closed; and on how many a request waited as long at all.
// Where so many close that some do so just then by chance, it returns none.
func heldUp(s *cause.Server) (held []*cause.Record, slow int) {
	var idle []*cause.Record
	first, last := int64(0), int64(0)
	for _, r := range s.Records {
		if r.IdleAtEnd() {
			idle = append(idle, r)
		}
		if first == 0 || r.Start < first {
			first = r.Start
		}
		last = max(last, r.Ended, r.Start)
	}
	if len(idle) == 0 || int64(len(idle))*justFreed*byChance > last-first {
		return nil, 0
	}
	slices.SortStableFunc(idle, func(x, y *cause.Record) int { return cmp.Compare(x.Ended, y.Ended) })
	for _, r := range s.Records {
		wait, until, ok := r.Waited()
		if !ok || wait < longWait {
			continue
		}
		slow++
		i, _ := slices.BinarySearchFunc(idle, until, func(x *cause.Record, t int64) int { return cmp.Compare(x.Ended, t+1) })
		for i--; i >= 0 && until-idle[i].Ended <= justFreed; i-- {
			if x := idle[i]; x != r && x.Start < until-wait {
				held = append(held, r)
				break
			}
		}
	}
	return held, slow
}
