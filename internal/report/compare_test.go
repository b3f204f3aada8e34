package report_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/report/machine"
	"github.com/kaanalyze/kaanalyze/internal/report/reporttest"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// baselineOf returns r as a baseline.
func baselineOf(t *testing.T, r *report.Report) *report.Baseline {
	t.Helper()
	b, err := machine.ReadBaseline(bytes.NewReader(reporttest.Render(t, machine.WriteJSON, r)), "before.json")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// changesOf returns what changed, by metric.
func changesOf(c *report.Comparison) map[string]report.Change {
	changes := map[string]report.Change{}
	for _, x := range c.Metrics {
		changes[x.Name] = x.Change
	}
	return changes
}

func TestSameReport(t *testing.T) {
	for name, r := range reporttest.Samples() {
		r.Baseline = baselineOf(t, r)
		c := r.Compare()
		for metric, got := range changesOf(c) {
			if got != report.Same && got != report.NotComparable {
				t.Errorf("%s: %s: got %s of the same report", name, metric, got)
			}
		}
		if len(c.Gone)+len(c.New)+len(c.NotJudged) > 0 || len(c.Kept) != len(r.Diagnosed().Findings) {
			t.Errorf("%s: got other findings of the same report: %+v", name, c)
		}
	}
}

// TestCaptureLength compares the same traffic captured for longer: nothing
// changed.
func TestCaptureLength(t *testing.T) {
	r := reporttest.Incident()
	r.Baseline = baselineOf(t, r)
	r.Meta.Last += 3 * (r.Meta.Last - r.Meta.First)
	r.Result.Last = r.Meta.Last
	totals := &r.Result.Totals
	for _, n := range []*int64{&totals.Connections, &totals.Requests, &totals.TimeWait.Closes, &totals.Refused, &totals.RST,
		&totals.Retransmissions, &totals.AvoidableConnections, &totals.Probes, &totals.ProbesAnswered, &totals.PoolNeed,
		&totals.ConnectionsWithRequests, &totals.SingleRequestConnections, &totals.ByClass[4]} {
		*n *= 4
	}
	totals.PerConnection.Mean *= 2
	for i := range r.Diagnosed().Causes {
		r.Diagnosis.Causes[i].Connections *= 4
	}
	c := r.Compare()
	for metric, got := range changesOf(c) {
		want := report.Same
		if metric == "requests_per_connection.mean" {
			want = report.NotComparable
		}
		if got != want {
			t.Errorf("%s: got %s of the same traffic, want %s", metric, got, want)
		}
	}
	want := []string{"the captures last 120 s and 480 s: counts are compared per second, and numbers without a rate are not judged"}
	if diff := cmp.Diff(c.Notes, want); diff != "" {
		t.Errorf("notes (-got +want):\n%s", diff)
	}
}

func TestFindingsThenAndNow(t *testing.T) {
	r := reporttest.Incident()
	rule := func(id string) *rules.Rule {
		rule, err := rules.ByID(id)
		if err != nil {
			t.Fatal(err)
		}
		return rule
	}
	finding := func(id, subject string) rules.Finding {
		return rules.Finding{Rule: rule(id), Severity: rules.Grave, Title: "t", Subject: subject, Connections: 1}
	}
	const here, other, pair = "10.20.0.2:8080", "[2001:db8::2]:443", "10.20.0.1 to 10.20.0.2:8080"
	r.Diagnosis = &rules.Diagnosis{
		Verdict:  rules.Verdict{Level: rules.OK},
		Findings: []rules.Finding{finding("KA1003", here), finding("KA1008", other), finding("KA1011", pair), finding("KA1012", pair)},
		Judged:   []rules.Judgement{{Rule: rule("KA1020"), Lacks: "no probe"}},
	}
	r.Baseline = &report.Baseline{
		Verdict: rules.Verdict{Level: rules.Problem},
		Findings: []report.BaselineFinding{
			{"KA1003", "high", "t", here}, {"KA1008", "high", "t", here}, {"KA1011", "high", "t", "10.9.0.1 to 10.9.0.2:80"},
			{"KA1020", "low", "t", here}, {"KA7777", "low", "t", "10.9.0.9:1"},
		},
		Judged:   map[string]bool{"KA1008": true, "KA1011": true},
		Subjects: map[string]bool{here: true, other: true},
		Numbers:  map[string]float64{},
	}
	c := r.Compare()
	short := func(list []report.ComparedFinding) []string {
		var out []string
		for _, f := range list {
			out = append(out, f.Rule+" "+f.Subject+": "+f.Note)
		}
		return out
	}
	for _, x := range []struct {
		name string
		got  []report.ComparedFinding
		want []string
	}{
		{"kept", c.Kept, []string{"KA1003 " + here + ": ", "KA1011 " + pair + ": matched by rule alone: it was about 10.9.0.1 to 10.9.0.2:80"}},
		{"gone", c.Gone, []string{"KA1008 " + here + ": ", "KA7777 10.9.0.9:1: that server or client is not in this capture"}},
		{"new", c.New, []string{"KA1008 " + other + ": ", "KA1012 " + pair + ": not judged before"}},
		{"not judged", c.NotJudged, []string{"KA1020 " + here + ": no probe"}},
	} {
		if diff := cmp.Diff(short(x.got), x.want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", x.name, diff)
		}
	}
	if c.Change != report.Better {
		t.Errorf("got %s, want better", c.Change)
	}
	reporttest.Validate(t, reporttest.CompileSchema(t, machine.Schema(), ""), reporttest.Render(t, machine.WriteJSON, r))
}
