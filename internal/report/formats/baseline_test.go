package formats

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/kaanalyze/kaanalyze/internal/gate"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/report/machine"
	"github.com/kaanalyze/kaanalyze/internal/report/reporttest"
)

// hostileBaseline has text that a terminal would obey wherever there is any.
func hostileBaseline(t *testing.T) *report.Baseline {
	text, err := json.Marshal(reporttest.Hostile + strings.Repeat("x", 1000))
	if err != nil {
		t.Fatal(err)
	}
	b, err := machine.ReadBaseline(strings.NewReader(strings.ReplaceAll(`{"schema":"kaanalyze.report/1","capture":{"duration_seconds":1e300},
		"verdict":{"level":EVIL,"text":EVIL},"totals":{"connections":-1e300,"time_wait":{"peak":1e300,"hosts":[EVIL]},EVIL:1},
		"causes":[{"cause":EVIL,"connections":3}],"rules":[{"rule":EVIL,"outcome":EVIL}],"servers":[{"server":EVIL}],
		"pairs":[{"client":EVIL,"server":EVIL}],"findings":[{"rule":EVIL,"severity":EVIL,"title":EVIL,"subject":EVIL},{}]}`,
		"EVIL", string(text))), reporttest.Hostile)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// checkPlain fails on what a terminal would obey, and on JSON that is none.
func checkPlain(t *testing.T, r *report.Report) {
	t.Helper()
	for _, c := range string(render(t, "text", r)) {
		if c != '\n' && !unicode.IsPrint(c) {
			t.Fatalf("the text holds %U", c)
		}
	}
	reporttest.Validate(t, reporttest.CompileSchema(t, machine.Schema(), ""), render(t, "json", r))
	for line := range bytes.Lines(render(t, "ndjson", r)) {
		if !json.Valid(line) || !bytes.HasPrefix(line, []byte(`{"type":"`)) {
			t.Errorf("not a line of NDJSON: %q", line)
		}
	}
}

func TestBaselineIsHostile(t *testing.T) {
	r := reporttest.Incident()
	r.Baseline = hostileBaseline(t)
	checkPlain(t, r)
	g, err := gate.Parse("\trst>1\n")
	if err != nil {
		t.Fatal(err)
	}
	r.Gates = []gate.Outcome{g.Judge(r.Result, r.Diagnosed())}
	checkPlain(t, r)
}

func FuzzReadBaseline(f *testing.F) {
	f.Add([]byte("{}"))
	f.Add([]byte(`{"schema":"kaanalyze.report/1","capture":{},"verdict":{},"totals":{"connections":-1e300},"causes":[],"rules":[],"servers":[{}],"pairs":[null],"findings":[{"rule":"\u001b"}]}`))
	r := reporttest.Incident()
	r.Options.Exchanges = false
	f.Fuzz(func(t *testing.T, text []byte) {
		b, err := machine.ReadBaseline(bytes.NewReader(text), "fuzz")
		if err != nil {
			return
		}
		own := *r
		own.Baseline = b
		checkPlain(t, &own)
	})
}
