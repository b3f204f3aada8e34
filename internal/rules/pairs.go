package rules

import (
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

// countPairs sums up what findings are weighed by.
func (v *view) countPairs() {
	last := uint32(0)
	for _, p := range v.Pairs() {
		last = max(last, p.Num)
	}
	for _, x := range v.Records() { // of pairs that are folded, too
		last = max(last, x.Pair)
	}
	v.requests, v.used, v.avoidable = make([]int64, last+1), make([]int64, last+1), make([]int64, last+1)
	v.checks = make([]bool, last+1)
	for _, x := range v.Records() {
		v.requests[x.Pair] += int64(x.Requests)
		if x.Requests > 0 {
			v.used[x.Pair]++
		}
	}
	for _, p := range v.Pairs() {
		v.avoidable[p.Num], v.checks[p.Num] = p.Avoidable(), checksHealth(p)
	}
}

// checksHealth reports whether a client's connections with one request look whether its
// server is there: it says so, or they come at a pace that a timer alone keeps.
func checksHealth(p *cause.Pair) bool {
	if p.Agent == products.HealthCheck {
		return true
	}
	n, first, last := int64(0), int64(0), int64(0)
	for _, r := range p.Records {
		if r.Requests != 1 {
			continue
		}
		if n++; n == 1 {
			first = r.Start
		}
		last = r.Start
	}
	if n < leastChecks || last-first < (n-1)*checkPace*3/4 {
		return false
	}
	gaps, before := make([]int64, 0, n), int64(0)
	for _, r := range p.Records {
		if r.Requests != 1 {
			continue
		}
		if before != 0 {
			gaps = append(gaps, max(0, r.Start-before))
		}
		before = r.Start
	}
	pace, ok := cause.Agree(gaps)
	return ok && pace.Lo >= checkPace && pace.N*4 >= len(gaps)*3
}
