package analyze_test

import (
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

func TestStoryOfForgedPackets(t *testing.T) {
	r := run(t, analyze.Options{Story: 1}, `
0.00 > S  0:0(0)
0.06 < R. -9:-9(0) ack 1
0.06 < F. -9:-9(0) ack 1
0.07 < S. 0:0(0) ack 1
0.08 > .  1:1(0) ack 1`)
	for _, i := range []int{1, 2} {
		if got := strings.Join(r.Story().Events[i].Means, "; "); !strings.HasSuffix(got, "; ignored") {
			t.Errorf("packet %d: got %q, want that it was ignored", i+1, got)
		}
	}
}
