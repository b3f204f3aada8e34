package machine

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/internal/gate"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/report/reporttest"
)

// baselineOf returns r as a baseline.
func baselineOf(t *testing.T, r *report.Report) *report.Baseline {
	t.Helper()
	b, err := ReadBaseline(bytes.NewReader(reporttest.Render(t, WriteJSON, r)), "before.json")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestMetricsArePaths reads the metrics back from the JSON: those of totals are
// all there under their name, and no number of totals is not a metric.
func TestMetricsArePaths(t *testing.T) {
	for name, r := range reporttest.Samples() {
		b := baselineOf(t, r)
		numbers := gate.NumbersOf(r.Result, r.Diagnosed())
		known := map[string]bool{}
		for i := range gate.Metrics {
			m := &gate.Metrics[i]
			known[m.Name] = true
			if strings.HasPrefix(m.Name, "findings") {
				continue
			}
			got, want := m.Of(b.Metric), m.Of(numbers)
			if math.Abs(got-want) > 1e-6 || math.IsNaN(got) != math.IsNaN(want) {
				t.Errorf("%s: %s: got %v of the JSON, want %v", name, m.Name, got, want)
			}
		}
		for path := range b.Numbers {
			if !known[path] && !strings.HasPrefix(path, "close_kinds.") {
				t.Errorf("%s: %s is no metric", name, path)
			}
		}
	}
}

func TestBaselineThatIsNone(t *testing.T) {
	whole := string(reporttest.Render(t, WriteJSON, reporttest.Incident()))
	for _, c := range []struct{ text, want string }{
		{"", "unexpected EOF"},
		{"\x1f\x8b", "invalid character"},
		{"[]", "it is not an object"},
		{"{}", `it has no member "verdict"`},
		{`{"schema":"kaanalyze.report/2","totals":[]}`, `its schema is "kaanalyze.report/2"`},
		{`{"schema":7}`, "cannot unmarshal"},
		{`{"schema":"kaanalyze.report/1","deep":` + strings.Repeat("[", 2000), "nested too deep"},
		{strings.Replace(whole, `"causes"`, `"reasons"`, 1), `it has no member "causes"`},
		{whole[:len(whole)/20], "unexpected EOF"},
		{strings.Replace(whole, `"connections":5`, `"connections":"x`, 1), "invalid character"},
	} {
		if _, err := ReadBaseline(strings.NewReader(c.text), "x"); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.60q: got %v, want %q", c.text, err, c.want)
		}
	}
	if _, err := ReadBaseline(io.MultiReader(strings.NewReader("{"), failingReader{}), "x"); !errors.Is(err, reporttest.ErrFull) {
		t.Errorf("got %v, want the reader's error", err)
	}
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, reporttest.ErrFull }

// endless is a piece of a report again and again.
type endless struct {
	piece string
	at    int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.piece[e.at:])
	e.at = (e.at + n) % len(e.piece)
	return n, nil
}

// TestBaselineOfAnySize skips much in little memory, and gives up on a value
// that does not end.
func TestBaselineOfAnySize(t *testing.T) {
	piece := `,{"x":"` + strings.Repeat("y", 100_000) + `"}`
	list := io.LimitReader(&endless{piece: piece}, int64(700*len(piece)))
	rest := strings.Replace(string(reporttest.Render(t, WriteJSON, reporttest.Incident())), "{", "],", 1)
	whole := io.MultiReader(strings.NewReader(`{"connections":[0`), list, strings.NewReader(rest))
	if _, err := ReadBaseline(whole, "x"); err != nil {
		t.Errorf("a long list: got %v", err)
	}
	value := io.MultiReader(strings.NewReader(`{"verdict":{"text":"`), &endless{piece: strings.Repeat("a", 100_000)})
	if _, err := ReadBaseline(value, "x"); err == nil || !strings.Contains(err.Error(), "more than 64 MiB") {
		t.Errorf("a value without end: got %v, want an error that names the limit", err)
	}
}

// TestBaselineWithMembersInAnyOrder reads what a tool has sorted.
func TestBaselineWithMembersInAnyOrder(t *testing.T) {
	r := reporttest.Incident()
	var doc map[string]any
	if err := json.Unmarshal(reporttest.Render(t, WriteJSON, r), &doc); err != nil {
		t.Fatal(err)
	}
	sorted, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got, err := ReadBaseline(bytes.NewReader(sorted), "before.json")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, baselineOf(t, r), cmp.AllowUnexported(report.Baseline{})); diff != "" {
		t.Errorf("-sorted +as written:\n%s", diff)
	}
}

func TestGates(t *testing.T) {
	r := reporttest.Incident()
	for _, text := range []string{"reuse_ratio<0.9", "time_wait.steady_state>1", "rst>100"} {
		g, err := gate.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		r.Gates = append(r.Gates, g.Judge(r.Result, r.Diagnosed()))
	}
	r.Baseline = baselineOf(t, reporttest.Incident())
	reporttest.Validate(t, reporttest.CompileSchema(t, Schema(), ""), reporttest.Render(t, WriteJSON, r))
	var doc map[string]any
	if err := json.Unmarshal(Schema(), &doc); err != nil {
		t.Fatal(err)
	}
	var got any
	if err := json.Unmarshal(reporttest.Render(t, WriteJSON, r), &got); err != nil {
		t.Fatal(err)
	}
	describe(t, doc, doc, got, "gates")
	for _, line := range []string{
		`{"type":"gate","expression":"reuse_ratio<0.9","value":0.785714,"passed":false,"lacks":null}`,
		`{"type":"gate","expression":"time_wait.steady_state>1","value":null,"passed":false,"lacks":"the capture is as long`,
		`{"type":"gate","expression":"rst>100","value":3,"passed":true,"lacks":null}`,
	} {
		if out := reporttest.Render(t, WriteNDJSON, r); !bytes.Contains(out, []byte(line)) {
			t.Errorf("want %s in\n%s", line, out)
		}
	}
	without := reporttest.Incident()
	if !bytes.Equal(reporttest.Render(t, WriteCSV, r), reporttest.Render(t, WriteCSV, without)) {
		t.Error("gates or a baseline change the rows of connections")
	}
}
