package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// Some servers of a capture can be judged and others not, as those whose requests are
// encrypted: the verdict is by those that can, and names the rest.

// unjudged is what a server lacks for being judged.
type unjudged struct {
	name  string
	why   string
	needs Needs // rules with one of these say nothing of it
	cause.Unseen
}

// findUnjudged finds the servers that cannot be judged, and whether others can.
func (v *view) findUnjudged() {
	v.unjudged = map[uint32]unjudged{}
	for _, s := range v.Servers() {
		u, n := v.Summary().UnseenAt(s.Num), s.Seen()
		x := unjudged{name: s.Name, Unseen: u}
		switch {
		case u.OneDirection*2 > n:
			x.why, x.needs = "only one direction was captured", BothSides|Whole
		case u.Opaque*2 > n && u.Encrypted == u.Opaque:
			x.why = "encrypted"
		case u.Opaque*2 > n && u.HTTP2 == u.Opaque:
			x.why = "HTTP/2"
		case u.Opaque*2 > n:
			x.why = "requests cut or not captured"
		case u.Lossy*lossyCapture > n:
			x.why, x.needs = "bytes are missing", Whole
		}
		v.seesSome = v.seesSome || x.needs == 0
		if x.why != "" {
			v.unjudged[s.Num] = x
		} else if slices.ContainsFunc(s.Records, func(r *cause.Record) bool { return r.Requests > 0 }) {
			v.judgesSome = true
		}
	}
}

// cannotJudge reports whether a finding of a rule is about a server that lacks what the
// rule needs, though others do not.
func (v *view) cannotJudge(r *Rule, f *Finding) bool {
	if !v.seesSome || f.subject.server == nil {
		return false
	}
	return v.unjudged[f.subject.server.Num].needs&r.Needs != 0
}

// namedUnjudged is how many servers that cannot be judged a verdict names.
const namedUnjudged = 2

// traffic is what an OK is said of.
type traffic struct {
	requests  int64
	used      int64 // connections with requests
	avoidable int64
	reuse     float64 // as the reuse ratio; NaN if nothing can be divided
	word      string  // behind its numbers, if they are estimated
}

// judgedTraffic returns the traffic of the capture without that of servers that cannot be
// judged, where others can.
func (v *view) judgedTraffic() traffic {
	t := &v.result.Totals
	x := traffic{t.Requests, t.ConnectionsWithRequests, t.AvoidableConnections, t.ReuseRatio, ""}
	if e := &t.Estimated; e.Known() {
		x = traffic{max(t.Requests, 0) + e.Requests, e.PoolNeed + e.AvoidableConnections, e.AvoidableConnections, e.ReuseRatio, ", estimated"}
	}
	all := x.requests
	if !v.judgesSome || all < 0 {
		return x
	}
	for _, s := range v.Servers() {
		if _, ok := v.unjudged[s.Num]; !ok {
			continue
		}
		for _, p := range s.Pairs {
			x.requests -= v.requests[p.Num]
			x.used -= v.used[p.Num]
			if v.used[p.Num] > 0 {
				x.avoidable -= p.Avoidable()
			}
		}
	}
	if x.requests != all {
		x.reuse = float64(x.requests-x.used) / float64(x.requests)
	}
	return x
}

// unread says of how many connections of the servers that are judged nothing is known, so
// that what is said of the others is not taken for all.
func (v *view) unread() string {
	n := v.Summary().Opaque
	for _, x := range v.unjudged {
		n -= x.Opaque
	}
	if n > 0 {
		return fmt.Sprintf("; the requests of %s cannot be read", conns(n))
	}
	return ""
}

// rest names the servers that cannot be judged, where others can, but for one that a
// finding is about.
func (v *view) rest(told *cause.Server) string {
	var names, whys []string
	more := int64(0)
	for _, s := range v.Servers() {
		x, ok := v.unjudged[s.Num]
		if !ok || s == told || !v.judgesSome {
			continue
		}
		if len(names) < namedUnjudged {
			names = append(names, x.name)
		} else {
			more++
		}
		if !slices.Contains(whys, x.why) {
			whys = append(whys, x.why)
		}
	}
	if len(names) == 0 {
		return ""
	}
	if more > 0 {
		names = []string{strings.Join(names, ", "), cause.Plural(more, "more server", "more servers")}
	}
	return fmt.Sprintf("; %s cannot be judged (%s)", strings.Join(names, " and "), strings.Join(whys, ", "))
}
