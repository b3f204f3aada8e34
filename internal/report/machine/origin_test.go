package machine

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/report/reporttest"
)

// TestOrigin: of several files, an example says which one has its first packet,
// if that is known.
func TestOrigin(t *testing.T) {
	schema := reporttest.CompileSchema(t, Schema(), "")
	known := func(packet uint64) (string, uint64) { return `a"b.pcap`, packet + 7 }
	for name, tt := range map[string]struct {
		origin report.Origin
		told   bool
	}{
		"one file":      {nil, false},
		"several files": {known, true},
		"not known":     {func(uint64) (string, uint64) { return "", 0 }, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := reporttest.Incident()
			r.Origin = tt.origin
			x := &r.Diagnosis.Findings[0].Examples[0]
			x.Packets = []uint64{40, 50}
			got := reporttest.Render(t, WriteJSON, r)
			reporttest.Validate(t, schema, got)
			want := fmt.Sprintf(`"packets":[40,50],"filter":%q`, x.Filter)
			if tt.told {
				want = fmt.Sprintf(`"packets":[40,50],"source":"a\"b.pcap","source_packet":47,"filter":%q`, x.Filter)
			}
			if n := strings.Count(string(got), want); n != 1 {
				t.Errorf("got %d times %s in %s", n, want, got)
			}
			if n := strings.Count(string(reporttest.Render(t, WriteNDJSON, r)), want); n != 1 {
				t.Errorf("NDJSON: got %d times %s", n, want)
			}
		})
	}
}
