package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/internal/gate"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// baselineOf returns r as a baseline.
func baselineOf(t *testing.T, r *Report) *Baseline {
	t.Helper()
	b, err := ReadBaseline(bytes.NewReader(render(t, "json", r)), "before.json")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestMetricsArePaths reads the metrics back from the JSON: those of totals are
// all there under their name, and no number of totals is not a metric.
func TestMetricsArePaths(t *testing.T) {
	for name, r := range samples() {
		b := baselineOf(t, r)
		numbers := gate.NumbersOf(r.Result, r.diagnosis())
		known := map[string]bool{}
		for i := range gate.Metrics {
			m := &gate.Metrics[i]
			known[m.Name] = true
			if strings.HasPrefix(m.Name, "findings") {
				continue
			}
			got, want := m.Of(b.number), m.Of(numbers)
			if math.Abs(got-want) > 1e-6 || math.IsNaN(got) != math.IsNaN(want) {
				t.Errorf("%s: %s: got %v of the JSON, want %v", name, m.Name, got, want)
			}
		}
		for path := range b.numbers {
			if !known[path] && !strings.HasPrefix(path, "close_kinds.") {
				t.Errorf("%s: %s is no metric", name, path)
			}
		}
	}
}

// changesOf returns what changed, by metric.
func changesOf(c *comparison) map[string]change {
	changes := map[string]change{}
	for _, x := range c.metrics {
		changes[x.Name] = x.change
	}
	return changes
}

func TestSameReport(t *testing.T) {
	for name, r := range samples() {
		r.Baseline = baselineOf(t, r)
		c := r.compare()
		for metric, got := range changesOf(c) {
			if got != same && got != cannotBe {
				t.Errorf("%s: %s: got %s of the same report", name, metric, got)
			}
		}
		if len(c.gone)+len(c.fresh)+len(c.notJudged) > 0 || len(c.kept) != len(r.diagnosis().Findings) {
			t.Errorf("%s: got other findings of the same report: %+v", name, c)
		}
	}
}

// TestCaptureLength compares the same traffic captured for longer: nothing
// changed.
func TestCaptureLength(t *testing.T) {
	r := incident()
	r.Baseline = baselineOf(t, r)
	r.Meta.Last += 3 * (r.Meta.Last - r.Meta.First)
	r.Result.Last = r.Meta.Last
	totals := &r.Result.Totals
	for _, n := range []*int64{&totals.Connections, &totals.Requests, &totals.TimeWait.Closes, &totals.Refused, &totals.RST,
		&totals.Retransmissions, &totals.AvoidableConnections, &totals.Probes, &totals.ProbesAnswered, &totals.PoolNeed,
		&totals.ConnectionsWithRequests, &totals.SingleRequestConnections} {
		*n *= 4
	}
	totals.PerConnection.Mean *= 2
	for i := range r.diagnosis().Causes {
		r.Diagnosis.Causes[i].Connections *= 4
	}
	c := r.compare()
	for metric, got := range changesOf(c) {
		want := same
		if metric == "requests_per_connection.mean" {
			want = cannotBe
		}
		if got != want {
			t.Errorf("%s: got %s of the same traffic, want %s", metric, got, want)
		}
	}
	want := []string{"the captures last 120 s and 480 s: counts are told per second, and what has no rate is not judged"}
	if diff := cmp.Diff(c.notes, want); diff != "" {
		t.Errorf("notes (-got +want):\n%s", diff)
	}
}

func TestFindingsThenAndNow(t *testing.T) {
	r := incident()
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
	r.Baseline = &Baseline{
		verdict: rules.Verdict{Level: rules.Problem},
		findings: []pastFinding{
			{"KA1003", "high", "t", here}, {"KA1008", "high", "t", here}, {"KA1011", "high", "t", "10.9.0.1 to 10.9.0.2:80"},
			{"KA1020", "low", "t", here}, {"KA7777", "low", "t", "10.9.0.9:1"},
		},
		judged:   map[string]bool{"KA1008": true, "KA1011": true},
		subjects: map[string]bool{here: true, other: true},
		numbers:  map[string]float64{},
	}
	c := r.compare()
	short := func(list []counterpart) []string {
		var out []string
		for _, f := range list {
			out = append(out, f.Rule+" "+f.Subject+": "+f.note)
		}
		return out
	}
	for _, x := range []struct {
		name string
		got  []counterpart
		want []string
	}{
		{"kept", c.kept, []string{"KA1003 " + here + ": ", "KA1011 " + pair + ": matched by rule alone: it was about 10.9.0.1 to 10.9.0.2:80"}},
		{"gone", c.gone, []string{"KA1008 " + here + ": ", "KA7777 10.9.0.9:1: that server or client is not in this capture"}},
		{"new", c.fresh, []string{"KA1008 " + other + ": ", "KA1012 " + pair + ": not judged before"}},
		{"not judged", c.notJudged, []string{"KA1020 " + here + ": no probe"}},
	} {
		if diff := cmp.Diff(short(x.got), x.want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", x.name, diff)
		}
	}
	if c.verdict != better {
		t.Errorf("got %s, want better", c.verdict)
	}
	validate(t, compileSchema(t, ""), render(t, "json", r))
}

func TestBaselineThatIsNone(t *testing.T) {
	whole := string(render(t, "json", incident()))
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
	if _, err := ReadBaseline(io.MultiReader(strings.NewReader("{"), failingReader{}), "x"); !errors.Is(err, errFull) {
		t.Errorf("got %v, want the reader's error", err)
	}
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errFull }

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
	rest := strings.Replace(string(render(t, "json", incident())), "{", "],", 1)
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
	r := incident()
	var doc map[string]any
	if err := json.Unmarshal(render(t, "json", r), &doc); err != nil {
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
	if diff := cmp.Diff(got, baselineOf(t, r), cmp.AllowUnexported(Baseline{})); diff != "" {
		t.Errorf("-sorted +as written:\n%s", diff)
	}
}

// hostileBaseline has text that a terminal would obey wherever there is any.
func hostileBaseline(t *testing.T) *Baseline {
	text, err := json.Marshal(hostile + strings.Repeat("x", 1000))
	if err != nil {
		t.Fatal(err)
	}
	b, err := ReadBaseline(strings.NewReader(strings.ReplaceAll(`{"schema":"kaanalyze.report/1","capture":{"duration_seconds":1e300},
		"verdict":{"level":EVIL,"text":EVIL},"totals":{"connections":-1e300,"time_wait":{"peak":1e300,"hosts":[EVIL]},EVIL:1},
		"causes":[{"cause":EVIL,"connections":3}],"rules":[{"rule":EVIL,"outcome":EVIL}],"servers":[{"server":EVIL}],
		"pairs":[{"client":EVIL,"server":EVIL}],"findings":[{"rule":EVIL,"severity":EVIL,"title":EVIL,"subject":EVIL},{}]}`,
		"EVIL", string(text))), hostile)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// checkPlain fails on what a terminal would obey, and on JSON that is none.
func checkPlain(t *testing.T, r *Report) {
	t.Helper()
	for _, c := range string(render(t, "text", r)) {
		if c != '\n' && !unicode.IsPrint(c) {
			t.Fatalf("the text holds %U", c)
		}
	}
	validate(t, compileSchema(t, ""), render(t, "json", r))
	ndjsonTypes(t, render(t, "ndjson", r))
}

func TestBaselineIsHostile(t *testing.T) {
	r := incident()
	r.Baseline = hostileBaseline(t)
	checkPlain(t, r)
	g, err := gate.Parse("\trst>1\n")
	if err != nil {
		t.Fatal(err)
	}
	r.Gates = []gate.Outcome{g.Judge(r.Result, r.diagnosis())}
	checkPlain(t, r)
}

func FuzzReadBaseline(f *testing.F) {
	f.Add([]byte("{}"))
	f.Add([]byte(`{"schema":"kaanalyze.report/1","capture":{},"verdict":{},"totals":{"connections":-1e300},"causes":[],"rules":[],"servers":[{}],"pairs":[null],"findings":[{"rule":"\u001b"}]}`))
	r := incident()
	r.Options.Exchanges = false
	f.Fuzz(func(t *testing.T, text []byte) {
		b, err := ReadBaseline(bytes.NewReader(text), "fuzz")
		if err != nil {
			return
		}
		own := *r
		own.Baseline = b
		checkPlain(t, &own)
	})
}

func TestGatesInEveryFormat(t *testing.T) {
	r := incident()
	for _, text := range []string{"reuse_ratio<0.9", "time_wait.steady_state>1", "rst>100"} {
		g, err := gate.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		r.Gates = append(r.Gates, g.Judge(r.Result, r.diagnosis()))
	}
	r.Baseline = baselineOf(t, incident())
	validate(t, compileSchema(t, ""), render(t, "json", r))
	var doc map[string]any
	if err := json.Unmarshal(Schema(), &doc); err != nil {
		t.Fatal(err)
	}
	var got any
	if err := json.Unmarshal(render(t, "json", r), &got); err != nil {
		t.Fatal(err)
	}
	describe(t, doc, doc, got, "gates")
	for _, line := range []string{
		`{"type":"gate","expression":"reuse_ratio<0.9","value":0.785714,"passed":false,"lacks":null}`,
		`{"type":"gate","expression":"time_wait.steady_state>1","value":null,"passed":false,"lacks":"the capture is as long`,
		`{"type":"gate","expression":"rst>100","value":3,"passed":true,"lacks":null}`,
	} {
		if out := render(t, "ndjson", r); !bytes.Contains(out, []byte(line)) {
			t.Errorf("want %s in\n%s", line, out)
		}
	}
	text := string(render(t, "text", r))
	for _, line := range []string{"  FAIL  reuse_ratio<0.9: it is 0.785714\n", "  FAIL  time_wait.steady_state>1: not known: ", "  pass  rst>100: it is 3\n"} {
		if !strings.Contains(text, line) {
			t.Errorf("want %q in\n%s", line, text)
		}
	}
	without := incident()
	if !bytes.Equal(render(t, "csv", r), render(t, "csv", without)) {
		t.Error("gates or a baseline change the rows of connections")
	}
}

func TestExplain(t *testing.T) {
	var b bytes.Buffer
	for _, r := range rules.Rules {
		b.Reset()
		if err := WriteRule(&b, r); err != nil {
			t.Fatal(err)
		}
		got := strings.Join(strings.Fields(b.String()), " ")
		for _, want := range []string{r.ID, r.Title, r.SetWhen, r.Why, r.Fix, r.Verify} {
			if !strings.Contains(got, strings.Join(strings.Fields(want), " ")) {
				t.Errorf("%s: want %q in\n%s", r.ID, want, b.String())
			}
		}
		for line := range strings.Lines(b.String()) {
			if len(line) > 101 {
				t.Errorf("%s: the line has %d columns: %s", r.ID, len(line)-1, line)
			}
		}
	}
	for _, write := range []func(io.Writer) error{WriteRules, WriteMetrics, func(w io.Writer) error { return WriteRule(w, rules.Rules[0]) }} {
		if err := write(&failing{0}); !errors.Is(err, errFull) {
			t.Errorf("got %v, want %v", err, errFull)
		}
	}
}
