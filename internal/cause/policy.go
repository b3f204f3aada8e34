package cause

import (
	"cmp"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// PolicyKind is what a policy limits.
type PolicyKind uint8

// The kinds of policies.
const (
	IdleTimeout    PolicyKind = iota // an idle connection is closed after Value ns
	MaxRequests                      // a connection is closed after Value requests
	MaxAge                           // a connection is closed Value ns after it was opened
	PoolSize                         // more than Value idle connections are closed
	RequestTimeout                   // a request is given up after Value ns
	ProbeIdle                        // keep-alive probes begin after Value ns of silence
	ProbeInterval                    // and follow each other after Value ns
	MaxConnections                   // with more than Value open, idle ones are closed
	BodyTimeout                      // a request whose body is not whole is given up after Value ns
	PolicyKinds                      // the number of kinds, to go through all
)

// String returns the kind as reports name it.
func (k PolicyKind) String() string {
	return [...]string{"idle_timeout", "max_requests", "max_age", "pool_size", "request_timeout", "probe_idle", "probe_interval",
		"max_connections", "body_timeout"}[k]
}

// Timed reports whether Value is in ns.
func (k PolicyKind) Timed() bool { return k != MaxRequests && k != PoolSize && k != MaxConnections }

// Policy is a setting of a program, inferred from how its connections ended.
type Policy struct {
	Kind    PolicyKind
	By      analyze.Party // whose it is
	Subject string        // the server, or the client's address
	Value   int64         // ns, requests or connections
	Samples int64         // connections that show it
	Spread  float64       // of the samples, as a share of Value
	Matches []string      // settings whose default it is; none with fewer than three samples
}

// probeSettings infers when a side begins to probe, and how often.
func (d *Decisions) probeSettings() {
	type whose struct {
		what    AnomalyKind
		by      analyze.Party
		subject string
	}
	var order []whose
	samples := map[whose][]int64{}
	d.EachAnomaly(func(m *Anomaly) {
		r := d.all.find(uint64(m.ID))
		p := d.groups.byPair[r.Pair]
		w := whose{m.Kind, m.By, p.Name}
		if m.By == analyze.Server {
			w.subject = p.To.Name
		}
		if samples[w] == nil {
			order = append(order, w)
		}
		samples[w] = append(samples[w], m.Duration)
	}, AnomalyProbes, AnomalyProbing)
	for _, w := range order {
		kind := ProbeIdle
		if w.what == AnomalyProbing {
			kind = ProbeInterval
		}
		if b, ok := Agree(samples[w]); ok {
			d.addPolicy(Policy{Kind: kind, By: w.by, Subject: w.subject, Value: b.Middle, Samples: int64(b.N), Spread: b.spread()})
		}
	}
}

// sortPolicies puts policies into the order of reports. The first of a kind and
// subject counts.
func (d *Decisions) sortPolicies() {
	slices.SortStableFunc(d.Policies, func(x, y Policy) int {
		return cmp.Or(cmp.Compare(y.By, x.By), cmp.Compare(x.Subject, y.Subject), cmp.Compare(x.Kind, y.Kind))
	})
	d.policies = map[policyKey]int{}
	for i, p := range slices.Backward(d.Policies) {
		d.policies[policyKey{p.Kind, p.By, p.Subject}] = i
	}
}

// PolicyOf returns the policy of that kind and subject.
func (d *Decisions) PolicyOf(kind PolicyKind, by analyze.Party, subject string) (Policy, bool) {
	i, ok := d.policies[policyKey{kind, by, subject}]
	if !ok {
		return Policy{}, false
	}
	return d.Policies[i], true
}
