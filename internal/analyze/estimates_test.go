package analyze_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause/causetest"
)

// overlapping is traffic of a dozen connections of TLS at once, to two servers, with
// responses of several records; some are under way at the end.
func overlapping(r *rand.Rand) string {
	var s strings.Builder
	for port := range 12 {
		fmt.Fprintf(&s, "conn %d\nserver 10.0.0.2:%d\n", 40001+port, 8443+port%2)
		at := r.IntN(2000)
		fmt.Fprintf(&s, "%d.%03d $tls\n", at/1000, at%1000)
		at += 10
		for range 1 + r.IntN(8) {
			at += r.IntN(700)
			fmt.Fprintf(&s, "%d.%03d > P. $request\n", at/1000, at%1000)
			for range r.IntN(4) {
				at += r.IntN(300)
				fmt.Fprintf(&s, "%d.%03d < P. $response\n", at/1000, at%1000)
			}
		}
	}
	return s.String()
}

// overlappingCut is the same in clear, with packets that are cut within heads.
func overlappingCut(r *rand.Rand) string {
	var s strings.Builder
	for port := range 12 {
		fmt.Fprintf(&s, "conn %d\nserver 10.0.0.2:%d\n", 40001+port, 8080+port%2)
		at := r.IntN(2000)
		fmt.Fprintf(&s, "%d.%03d $open\n", at/1000, at%1000)
		at += 10
		for n := 1 + r.IntN(8); n > 0; n-- {
			at += r.IntN(700)
			fmt.Fprintf(&s, "%d.%03d > P. $get cut 20\n", at/1000, at%1000)
			if n == 1 && r.IntN(2) == 0 {
				break // it waits at the end
			}
			at += r.IntN(300)
			fmt.Fprintf(&s, "%d.%03d < P. $ok cut 20\n", at/1000, at%1000)
			for range r.IntN(3) {
				at += r.IntN(300)
				fmt.Fprintf(&s, "%d.%03d < P. \"more of the body\" cut 10\n", at/1000, at%1000)
			}
		}
	}
	return s.String()
}

// TestFoldTurns folds estimates at any time, which must change none, and looks at them in
// the middle.
func TestFoldTurns(t *testing.T) {
	for seed := range uint64(80) {
		r := rand.New(rand.NewPCG(seed, 0))
		traffic := overlapping
		if seed%2 == 1 {
			traffic = overlappingCut
		}
		p := causetest.Run(t, traffic(r))
		a := analyze.New(analyze.Options{})
		for i := range p.Segments {
			a.Apply(p.Segments[i : i+1])
			if r.IntN(3) == 0 {
				a.FoldTurns()
			}
			if i != len(p.Segments)/2 {
				continue
			}
			seen := a.ResultSoFar(p.Segments[0].Time, p.Segments[i].Time, nil)
			b := analyze.New(analyze.Options{})
			b.Apply(p.Segments[:i+1])
			if diff := cmp.Diff(b.Finish(p.Segments[0].Time, p.Segments[i].Time).Pairs, seen.Pairs, sameResult); diff != "" {
				t.Errorf("seed %d: so far (+), and as if it ended there (-):\n%s", seed, diff)
			}
		}
		got := a.Finish(p.Segments[0].Time, p.Segments[len(p.Segments)-1].Time)
		want := p.Result.Totals.Estimated
		if seed < 2 && (want.PoolNeed < 4 || want.Requests < 20) {
			t.Fatalf("the script shows too little: %+v", want)
		}
		if diff := cmp.Diff(want, got.Totals.Estimated, sameResult); diff != "" {
			t.Errorf("seed %d: as it is (-) and folded (+):\n%s", seed, diff)
		}
		if diff := cmp.Diff(p.Result.Pairs, got.Pairs, sameResult); diff != "" {
			t.Errorf("seed %d: as it is (-) and folded (+):\n%s", seed, diff)
		}
	}
}
