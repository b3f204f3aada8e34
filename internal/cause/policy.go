package cause

import (
	"cmp"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// PolicyKind is what a policy limits.
type PolicyKind uint8

// The kinds.
const (
	IdleTimeout    PolicyKind = iota // an idle connection is closed after Value ns
	MaxRequests                      // a connection is closed after Value requests
	MaxAge                           // a connection is closed Value ns after it was opened
	PoolSize                         // more than Value idle connections are closed
	RequestTimeout                   // a request is given up after Value ns
	ProbeIdle                        // keep-alive probes begin after Value ns of silence
	ProbeInterval                    // and follow each other after Value ns
)

// String returns the kind as reports name it.
func (k PolicyKind) String() string {
	return [...]string{"idle_timeout", "max_requests", "max_age", "pool_size", "request_timeout", "probe_idle", "probe_interval"}[k]
}

// Timed reports whether Value is in ns.
func (k PolicyKind) Timed() bool { return k != MaxRequests && k != PoolSize }

// Policy is a setting of a program, inferred from how its connections ended.
type Policy struct {
	Kind    PolicyKind
	By      analyze.Party // whose it is
	Subject string        // the server, or the client's address
	Value   int64         // ns, requests or connections
	Samples int64
	Spread  float64  // of the samples, as a share of Value
	Matches []string // products whose default it is; none with fewer than three samples
}

// A product that closes connections after a known time by default.
type product struct {
	name  string
	by    analyze.Party
	ns    int64
	needs analyze.Software // that it must say it is, if it says anything; 0 for any
}

// The defaults that an inferred idle timeout is compared with, from the
// programs' documentation and sources; Node closes a second after what it
// announces.
var products = []product{
	{"nginx keepalive_timeout", analyze.Server, 75e9, analyze.Nginx},
	{"nginx upstream keepalive_timeout", analyze.Client, 60e9, 0},
	{"Apache httpd KeepAliveTimeout", analyze.Server, 5e9, analyze.Apache},
	{"Node keepAliveTimeout (5 s and 1 s)", analyze.Server, 6e9, analyze.Node},
	{"Node keepAliveTimeout, before the extra second", analyze.Server, 5e9, analyze.Node},
	{"lighttpd server.max-keep-alive-idle", analyze.Server, 5e9, analyze.Lighttpd},
	{"Caddy idle timeout", analyze.Server, 300e9, analyze.Caddy},
	{"uvicorn timeout_keep_alive", analyze.Server, 5e9, analyze.Python},
	{"Tomcat connectionTimeout", analyze.Server, 60e9, analyze.Java},
	{"Tomcat connectionTimeout in server.xml", analyze.Server, 20e9, analyze.Java},
	{"Kestrel KeepAliveTimeout", analyze.Server, 130e9, analyze.DotNet},
	{"Envoy idle_timeout", analyze.Server, 3600e9, analyze.Envoy},
	{"AWS ALB idle timeout", analyze.Server, 60e9, analyze.AWSLoadBalancer},
	{"AWS NLB or NAT gateway idle timeout", analyze.Server, 350e9, 0},
	{"Google Cloud external ALB to clients", analyze.Server, 610e9, 0},
	{"Google Cloud external ALB to backends", analyze.Client, 600e9, 0},
	{"Azure load balancer idle timeout", analyze.Server, 240e9, 0},
	{"Cloud Foundry or Heroku router", analyze.Server, 90e9, 0},
	{"Go http.DefaultTransport IdleConnTimeout", analyze.Client, 90e9, analyze.Go},
	{"undici (Node fetch) keepAliveTimeout", analyze.Client, 4e9, analyze.Node},
	{".NET PooledConnectionIdleTimeout", analyze.Client, 60e9, analyze.DotNet},
	{".NET before 6", analyze.Client, 120e9, analyze.DotNet},
	{"Java HttpURLConnection", analyze.Client, 5e9, analyze.Java},
	{"OkHttp connection pool", analyze.Client, 300e9, analyze.Java},
	{"Ruby Net::HTTP keep_alive_timeout", analyze.Client, 2e9, analyze.Ruby},
}

// matching returns the products whose default idle timeout is about ns; says is
// what the program says it is.
func matching(by analyze.Party, ns int64, says analyze.Software) []string {
	var names []string
	for _, p := range products {
		near := max(p.ns/50, 50e6)
		if p.by != by || ns < p.ns-near || ns > p.ns+near {
			continue
		}
		if p.needs != 0 && says != analyze.UnknownSoftware && says != p.needs {
			continue
		}
		names = append(names, p.name)
	}
	return names
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
	d.all.summary.anomalies.Each(func(m *Anomaly) {
		if m.Kind != AnomalyProbes && m.Kind != AnomalyProbing {
			return
		}
		p := d.groups.byPair[d.all.find(uint64(m.ID)).Pair]
		w := whose{m.Kind, m.By, p.Name}
		if m.By == analyze.Server {
			w.subject = p.To.Name
		}
		if samples[w] == nil {
			order = append(order, w)
		}
		samples[w] = append(samples[w], m.Duration)
	})
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

// policyOf returns the policy of that kind and subject.
func (d *Decisions) PolicyOf(kind PolicyKind, by analyze.Party, subject string) (Policy, bool) {
	i, ok := d.policies[policyKey{kind, by, subject}]
	if !ok {
		return Policy{}, false
	}
	return d.Policies[i], true
}
