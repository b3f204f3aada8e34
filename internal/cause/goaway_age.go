package cause

import (
	"cmp"
	"math"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// Servers that send GOAWAY at an age or at one moment, which HTTP/1 has no like of: gRPC
// makes its limit of the age up to a tenth more or less for each connection, and a proxy
// that drains tells all of its connections at once.

// awayAt returns when the GOAWAY of its server came.
func (r *Record) awayAt() int64 {
	if r.toldAway() {
		return r.persistenceEnd().said
	}
	return r.Ended
}

// awayAge returns how old it was then.
func (r *Record) awayAge() int64 { return r.awayAt() - r.Start }

// sentAway settles the GOAWAYs of a server that nothing else explains.
func (d *Decisions) sentAway(s *Server) {
	w := Where(s.Records, func(r *Record) bool {
		return r.observation.kind == observedGoAway && (r.Cause == ResponseConnectionClose || r.Cause == ServerClosedUnannounced)
	})
	if len(w) == 0 {
		return
	}
	s.drainedAtOnce(w)
	w = Where(w, func(r *Record) bool { return r.Cause != ServerDrain })
	if s.agedWithJitter(w) {
		settle(w, ServerMaxAge, analyze.Server, Medium)
	}
}

// drainedAtOnce settles the GOAWAYs that all connections of a server got at one moment,
// though they were not opened together.
func (s *Server) drainedAtOnce(w []*Record) {
	byTime := slices.Clone(w)
	slices.SortStableFunc(byTime, func(x, y *Record) int { return cmp.Compare(x.awayAt(), y.awayAt()) })
	for from, to := 0, 0; from < len(byTime); from = to {
		for to < len(byTime) && byTime[to].awayAt()-byTime[from].awayAt() <= instant {
			to++
		}
		run := byTime[from:to]
		if len(run) >= ExitAtLeast && Spread(Values(run, func(r *Record) int64 { return r.Start })) > instant && s.couldUse(run[0].awayAt()) == len(run) {
			settle(run, ServerDrain, analyze.Server, Medium)
		}
	}
}

// couldUse returns how many connections of the server requests could be sent on at t.
func (s *Server) couldUse(t int64) int {
	return len(Where(s.Records, func(r *Record) bool { return r.Requests > 0 && r.Start <= t && r.UsableUntil() >= t }))
}

// agedWithJitter reports whether GOAWAYs came at ages that are those of one limit of gRPC.
func (s *Server) agedWithJitter(w []*Record) bool {
	if len(w) < jitteredLeast || Spread(Values(w, (*Record).awayAt)) <= instant {
		return false
	}
	ages := Values(w, (*Record).awayAge)
	if _, ok := jittered(ages); !ok || slices.Min(ages) < MinAge {
		return false
	}
	return s.oldestKept() <= slices.Max(ages)
}

// jittered returns the limit whose tenth more or less ages are; it is a round time if one
// is possible.
func jittered(ages []int64) (limit int64, ok bool) {
	from, to := slices.Max(ages)*10/11, slices.Min(ages)*10/9
	if from > to {
		return 0, false
	}
	for _, step := range [...]int64{3600e9, 600e9, 60e9, 30e9, 10e9, 5e9, 1e9, 500e6, 100e6} {
		if n := (from + step - 1) / step * step; n <= to {
			return n, true
		}
	}
	return (from + to) / 2, true
}

// agePolicies infers the limits of the age from the GOAWAYs that tell of them.
func (d *Decisions) agePolicies() {
	for _, s := range d.groups.servers {
		w := Where(s.Records, func(r *Record) bool { return r.Cause == GoAway && r.Why() == ServerMaxAge })
		if len(w) < MinSamples || slices.ContainsFunc(d.Policies, func(p Policy) bool { return p.Kind == MaxAge && p.Subject == s.Name }) {
			continue
		}
		ages := Values(w, (*Record).awayAge)
		p := Policy{Kind: MaxAge, By: analyze.Server, Subject: s.Name, Samples: int64(len(w))}
		if b, ok := Agree(ages); ok && b.N == len(ages) {
			p.Value, p.Spread = b.Middle, b.spread()
		} else if limit, ok := jittered(ages); ok {
			p.Value, p.Spread = limit, float64(Spread(ages))/float64(limit)
		} else {
			continue
		}
		d.addPolicy(p)
	}
}

// AgeAtEnd returns how old a connection was when it ended or its server sent GOAWAY.
func (r *Record) AgeAtEnd() int64 {
	if r.toldAway() {
		return r.awayAge()
	}
	return r.age()
}

// UsableUntil returns until when requests could be sent on a connection: to the GOAWAY of
// its server, else to its end.
func (r *Record) UsableUntil() int64 {
	switch {
	case r.toldAway():
		return r.awayAt()
	case r.Open():
		return math.MaxInt64
	}
	return r.Ended
}

// toldAway reports whether its times are those of a GOAWAY that was no end of an idle
// connection: see persistenceEnd.
func (r *Record) toldAway() bool {
	return r.observation.kind == observedGoAway && (r.class == saidInResponse || r.class == decided)
}
