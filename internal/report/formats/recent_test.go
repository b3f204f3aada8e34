package formats

import (
	"strings"
	"testing"
	"time"

	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/report/reporttest"
)

// TestWindow tells the verdict of the window beside the whole's, in formats for people and
// for programs.
func TestWindow(t *testing.T) {
	r, last := reporttest.Incident(), reporttest.NoHTTP()
	whole := string(render(t, "text", r))
	r.Recent = &report.Recent{Span: 5 * time.Minute, Result: last.Result, Diagnosis: last.Diagnosed()}
	checkPlain(t, r)
	for _, format := range []string{"text", "md", "html"} {
		got := strings.ReplaceAll(string(render(t, format, r)), "`", "") // with which Markdown marks an address
		for _, want := range []string{r.Diagnosis.Verdict.Text, "LAST 300 s", last.Diagnosis.Verdict.Text[:30]} {
			if !strings.Contains(strings.ToLower(strings.Join(strings.Fields(got), " ")), strings.ToLower(want)) {
				t.Errorf("%s does not tell %q", format, want)
			}
		}
	}
	if strings.Contains(whole, "--window") {
		t.Errorf("the report without a window tells of one:\n%s", whole)
	}
}
