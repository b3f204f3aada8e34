package rules

import (
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/cause/causetest"
)

// Requests that fail with their stream, while the connection goes on, are told by a finding;
// those that the client cancels are its own choice.
func TestStreamLosses(t *testing.T) {
	p := play(t, `
conn 40001..40002 every 1
0.000 $open
0.002 > P. h2(preface get:1 get:3 get:5)
0.010 < P. h2(settings head:1)
0.012 < P. h2(reset:1:2 reset:3:2)
0.020 > P. h2(reset:5:8)
0.100 > P. h2(get:7)
0.110 < P. h2(ok:7)`)
	lost := p.TotalLost()
	told := int64(0)
	for _, f := range p.Findings {
		told += f.Failed
	}
	if lost.Failed != 4 || lost.Abandoned != 2 || told != 4 || p.Verdict.Level != Problem {
		t.Errorf("got %+v, %d told, %v; want 4 failed and told, 2 abandoned, a problem", lost, told, p.Verdict.Level)
	}
}

// TestGoAwayTitles holds what is measured of limits that make servers send GOAWAY, in the
// titles of their rules and in their fixes.
func TestGoAwayTitles(t *testing.T) {
	scripts := map[string]string{}
	for _, s := range causetest.Scripts(t) {
		scripts[s.Archive+"/"+s.Name] = s.Text
	}
	for _, tc := range []struct{ script, rule, title, fix string }{
		{"ka1007/fires: GOAWAY at ages within a tenth of one, as of gRPC, with or without max_age", "KA1007",
			"198.51.100.1:80 ends connections that are 9.100 s to 10.8 s old: 100.0% (3 of 3); gRPC's MaxConnectionAge of 10 s, a tenth more or less, does so",
			"raise MaxConnectionAge (grpc-go"},
		{"ka1007/fires: Envoy at its max_connection_duration: it drains, then names the last stream", "KA1007",
			"198.51.100.1:80 ends connections that are 6.000 s old: 100.0% (3 of 3)", "let the server keep connections longer"},
		{"ka1071/fires", "KA1071",
			"192.0.2.1 sends too many PINGs for 198.51.100.1:80, which therefore ends connections: 100.0% (1 of 1); it pings every 10 s of silence",
			"raise the time between the client's PINGs, now 10 s, to 5 minutes or more (grpc-go"},
	} {
		p := play(t, scripts[tc.script])
		f := p.finding(tc.rule)
		if f == nil || f.Title != tc.title || !strings.HasPrefix(f.Fix, tc.fix) {
			t.Errorf("%s: got %s\n%+v\nwant the title %q and a fix that begins with %q", tc.script, summary(p.Diagnosis), f, tc.title, tc.fix)
		}
	}
}
