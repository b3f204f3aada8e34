package gate

import (
	"math"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// half is a capture in which half of the requests reuse a connection.
func half() (*analyze.Result, *rules.Diagnosis) {
	r := &analyze.Result{Totals: analyze.Totals{
		Connections: 4, Requests: 8, ReusedRequests: 4, ReuseRatio: 0.5, ConnectionsWithRequests: 4, SingleRequestConnections: 3,
		AvoidableConnections: 2, AvoidableHandshake: 1500e6, Probes: 3, ProbesAnswered: 1,
		TimeWait:      analyze.TimeWaitTotals{Closes: 4, Population: analyze.Population{Peak: 1000, SteadyState: math.NaN()}},
		PerConnection: analyze.Quantiles{Mean: 2, P50: 1, P90: 5, Max: 5},
		ByClass:       [analyze.StatusClasses]int64{0, 5, 0, 1, 2},
	}, Servers: []analyze.ServerSummary{
		{Times: analyze.ServerTimes{Count: 20, P50: 5e6, P90: 50e6, P95: 190e6, P99: 210e6, Max: 215e6}},
		{Times: analyze.ServerTimes{Count: 400, P50: 6e6, P90: 40e6, P95: 180e6, P99: 190e6, Max: 2.5e9}},
		{Times: analyze.ServerTimes{Count: 19, P50: 1e9, P90: 1e9, P95: 1e9, P99: 1e9, Max: 1e9}}, // too few
		{Times: analyze.ServerTimes{P50: analyze.Unknown, P90: analyze.Unknown, P95: analyze.Unknown, P99: analyze.Unknown, Max: analyze.Unknown}},
	}}
	d := &rules.Diagnosis{
		Verdict:  rules.Verdict{Level: rules.Problem},
		Findings: []rules.Finding{{Rule: rules.Rules[10], Severity: rules.Grave}, {Rule: rules.Rules[10], Severity: rules.Info}},
	}
	d.Causes = []cause.Total{
		{Cause: cause.ClientPoolOverflow, By: analyze.Client, Connections: 2},
		{Cause: cause.ClientPoolOverflow, By: analyze.Both, Connections: 1},
		{Cause: cause.IdleAtEnd, By: analyze.Nobody, Connections: 1},
	}
	for _, rule := range rules.Rules {
		d.Judged = append(d.Judged, rules.Judgement{Rule: rule})
	}
	d.Judged[10].Findings = 2
	d.Judged[19].Lacks = "no keep-alive probe was captured"
	return r, d
}

func TestGates(t *testing.T) {
	r, d := half()
	for text, want := range map[string]string{
		"reuse_ratio<0.9":                      "it is 0.5 fails",
		"reuse_ratio<0.5":                      "it is 0.5 passes",
		"reuse_ratio<=50%":                     "it is 0.5 fails",
		" reuse_ratio  >= 0.500 ":              "it is 0.5 fails",
		"reuse_ratio=50.0%":                    "it is 0.5 fails",
		"reuse_ratio==0.5":                     "it is 0.5 fails",
		"reuse_ratio!=0.5":                     "it is 0.5 passes",
		"single_request_share>50%":             "it is 0.75 fails",
		"avoidable_share>0.5":                  "it is 0.5 passes",
		"avoidable_handshake_seconds>1.5":      "it is 1.5 s passes",
		"probes_unanswered>1":                  "it is 2 fails",
		"time_wait.peak>1000":                  "it is 1000 passes",
		"time_wait.peak>=1000":                 "it is 1000 fails",
		"time_wait.peak>-1":                    "it is 1000 fails",
		"requests_per_connection.mean<10":      "it is 2 fails",
		"requests_per_connection.p90>5":        "it is 5 passes",
		"findings>0":                           "it is 2 fails",
		"findings.high>1":                      "it is 1 passes",
		"findings.medium!=0":                   "it is 0 passes",
		"finding=KA1011":                       "2 findings fails",
		"finding==ka1012":                      "0 findings passes",
		"finding=KA1020":                       "not known: no keep-alive probe was captured fails",
		"cause.client_pool_overflow>2":         "it is 3 fails",
		"cause_share.client_pool_overflow>80%": "it is 0.75 passes",
		"cause.dead_peer>0":                    "it is 0 passes",
		"responses_by_class.5xx>0":             "it is 2 fails",
		"responses_by_class.4xx>1":             "it is 1 passes",
		"server_seconds.p50>5ms":               "it is 0.006 s fails",
		"server_seconds.p95>200ms":             "it is 0.19 s passes",
		"server_seconds.p99>200ms":             "it is 0.21 s fails",
		"server_seconds.max>0.04m":             "it is 2.5 s fails",
		"server_seconds.max>2.5":               "it is 2.5 s passes",
		"time_wait.steady_state>1":             "not known: " + longEnough + " fails",
	} {
		g, err := Parse(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		o := g.Judge(r, d)
		got := o.Said() + map[bool]string{true: " passes", false: " fails"}[o.Passed]
		if got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
		if o.Condition.Expression != strings.TrimSpace(text) || math.IsNaN(o.Value) != (o.Lacks != "") {
			t.Errorf("%q: got %+v of %q", text, o, o.Condition.Expression)
		}
	}
}

// TestGatesOfNothing judges a capture that tells nothing: no gate about a ratio
// may pass.
func TestGatesOfNothing(t *testing.T) {
	r := &analyze.Result{Totals: analyze.Totals{ReuseRatio: math.NaN(), TimeWait: analyze.TimeWaitTotals{Population: analyze.Population{SteadyState: math.NaN()}}}}
	t1 := &r.Totals
	for _, n := range []*int64{&t1.Requests, &t1.Responses, &t1.Interim, &t1.Unmatched, &t1.ConnectionsWithRequests, &t1.SingleRequestConnections,
		&t1.ReusedRequests, &t1.PoolNeed, &t1.AvoidableConnections, &t1.AvoidableHandshake,
		&t1.ByClass[0], &t1.ByClass[1], &t1.ByClass[2], &t1.ByClass[3], &t1.ByClass[4]} {
		*n = analyze.Unknown
	}
	numbers := NumbersOf(r, &rules.Diagnosis{})
	for i := range Metrics {
		m := &Metrics[i]
		v := m.Of(numbers)
		if math.IsNaN(v) != (m.Unknown != "") {
			t.Errorf("%s: got %v of a capture that tells nothing, and %q for when it is not known", m.Name, v, m.Unknown)
		}
		if math.IsInf(v, 0) {
			t.Errorf("%s: got %v", m.Name, v)
		}
	}
}

func TestGatesThatAreNone(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "it is not METRIC, one of < <= > >= = !=, and a number",
		"reuse_ratio":                   "it is not METRIC",
		"reuse_ratio<":                  "it is not METRIC",
		"<0.9":                          "it is not METRIC",
		"reuse_ratio<0.9 <1":            "it is not METRIC",
		"reuse_ratio<0.9;rst>1":         `"0.9;rst>1" is not a number`,
		"reuse_ratio=<0.9":              `"=<" is not one of`,
		"reuse_ratio<>0.9":              `"<>" is not one of`,
		"reuse_ratio<nan":               `"nan" is not a number`,
		"reuse_ratio<inf":               `"inf" is not a number`,
		"reuse_ratio<0x1":               `"0x1" is not a number`,
		"reuse_ratio<1e-2":              `"1e-2" is not a number`,
		"reuse_ratio<90":                "reuse_ratio is from 0 to 1, or from 0% to 100%",
		"reuse_ratio>100.1%":            "from 0% to 100%",
		"single_request_share>-1":       "from 0% to 100%",
		"rst>5%":                        "rst is not a share, so its limit has no %",
		"time_wait.peak>1,000":          `"1,000" is not a number`,
		"reuse_ration<0.9":              `there is no metric "reuse_ration"; did you mean reuse_ratio?`,
		"timewait.peak>1":               "did you mean time_wait.peak?",
		"Reuse_Ratio<1":                 "did you mean reuse_ratio?",
		"cause.server_idle>0":           "did you mean cause.server_idle_timeout?",
		"finding=KA1O11":                `there is no rule "KA1O11"; did you mean KA1011?`,
		"finding>KA1011":                "finding takes = and the ID of a rule",
		"finding!=KA1011":               "finding takes =",
		strings.Repeat("a", 1e5) + "<1": "there is no metric",
	} {
		_, err := Parse(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80q: got %v, want %q", text, err, want)
		}
		if err != nil && len(err.Error()) > 200 {
			t.Errorf("%.80q: the error has %d bytes", text, len(err.Error()))
		}
	}
}

// TestLimitsInTime takes limits of seconds with their unit.
func TestLimitsInTime(t *testing.T) {
	for text, want := range map[string]float64{"200ms": 0.2, "1.5s": 1.5, "2m": 120, "0.25": 0.25} {
		c, err := Parse("avoidable_handshake_seconds>" + text)
		if err != nil || c.limit != want {
			t.Errorf("%s: got %+v, error %v; want %g s", text, c, err, want)
		}
	}
	for _, text := range []string{"rst>5s", "avoidable_handshake_seconds>5d", "reuse_ratio<1s"} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), "is not a number") {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

// TestNothingNear asks for no name that is another word altogether.
func TestNothingNear(t *testing.T) {
	for text, want := range map[string]string{
		"finding=KA9999": `there is no rule "KA9999"`,
		"finding=high":   `there is no rule "high"`,
		"wibble<1":       `there is no metric "wibble"`,
		"x<1":            `there is no metric "x"`,
	} {
		if _, err := Parse(text); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

func TestMetricNames(t *testing.T) {
	if len(metrics) != len(Metrics) {
		t.Errorf("got %d names of %d metrics", len(metrics), len(Metrics))
	}
	for i := range Metrics {
		m := &Metrics[i]
		if m.Help == "" || m.Name == "" {
			t.Errorf("%q: got help %q", m.Name, m.Help)
		}
		if m.value == nil && (metrics[m.part].value == nil || metrics[m.whole].value == nil || m.Unit != Share) {
			t.Errorf("%s: %q of %q is not a share of two numbers", m.Name, m.part, m.whole)
		}
		if _, err := Parse(m.Name + ">0"); err != nil {
			t.Errorf("%s: %v", m.Name, err)
		}
	}
}

func FuzzParseGate(f *testing.F) {
	for _, s := range []string{"reuse_ratio<0.9", "single_request_share > 50%", "finding=KA1011", "time_wait.peak>=1000", "cause.\xff<1", "x!==1", "rst<-0.0"} {
		f.Add(s)
	}
	r, d := half()
	f.Fuzz(func(t *testing.T, text string) {
		g, err := Parse(text)
		if err != nil {
			if len(err.Error()) > 500 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
			return
		}
		o := g.Judge(r, d)
		if o.Passed && math.IsNaN(o.Value) {
			t.Errorf("%q passes by a value that is not known", text)
		}
		if g.metric != nil && (math.IsNaN(g.limit) || math.IsInf(g.limit, 0)) {
			t.Errorf("%q: got the limit %v", text, g.limit)
		}
	})
}
