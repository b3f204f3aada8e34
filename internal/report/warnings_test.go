package report_test

import (
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/report/reporttest"
	"github.com/kaanalyze/kaanalyze/internal/report/text"
)

// TestWarnings tells of odd files and of copies that may have been missed.
func TestWarnings(t *testing.T) {
	r := reporttest.Small()
	r.Meta.Warnings = []string{"a.pcap: odd"}
	r.Result.CopiesMissed, r.Result.CopiesMissedSince = 1200, reporttest.Noon
	if got := r.Warnings(); len(got) != 2 || got[0] != "a.pcap: odd" || !strings.Contains(got[1], "a copy of one of 1,200 packets may count as another packet") {
		t.Errorf("got %q", got)
	}
	_ = report.ToolName
	_ = text.Write
}
