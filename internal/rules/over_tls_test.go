package rules

import (
	"slices"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/cause/causetest"
)

// TestOverTLS plays the scripts that are in clear over TLS, without keys: what is judged by
// times, turns and closes comes out the same.
func TestOverTLS(t *testing.T) {
	n := 0
	for _, s := range causetest.Scripts(t) {
		for _, notify := range []bool{true, false} {
			text, ok := causetest.OverTLS(s.Text, notify)
			if !ok {
				continue
			}
			n++
			name := s.Archive + "/" + s.Name
			if notify {
				name += ", with close_notify"
			}
			t.Run(name, func(t *testing.T) {
				p := play(t, text)
				ofTLS := func(id string) bool { return slices.Contains([]string{"KA1061", "KA1064"}, id) }
				want := expected(t, &p)
				if got := slices.DeleteFunc(firedIn(p.Diagnosis), ofTLS); !slices.Equal(got, want) {
					t.Errorf("got %v, want %v to fire", got, want)
				}
				if strings.HasPrefix(s.Name, "nothing") && p.Verdict.Level == Problem {
					t.Errorf("got the verdict %q, want no problem", p.Verdict.Text)
				}
				if t.Failed() {
					t.Logf("in all:\n%s", summary(p.Diagnosis))
				}
			})
		}
	}
	if n < 50 {
		t.Errorf("got %d scripts, want most of those that have a counterpart", n)
	}
}

// TestCut plays the scripts that are in clear with packets that are cut within heads: what is
// judged by times, turns and closes comes out the same.
func TestCut(t *testing.T) {
	n := 0
	for _, s := range causetest.Scripts(t) {
		text, ok := causetest.Cut(s.Text)
		if !ok {
			continue
		}
		n++
		t.Run(s.Archive+"/"+s.Name, func(t *testing.T) {
			p := play(t, text)
			if got, want := firedIn(p.Diagnosis), expected(t, &p); !slices.Equal(got, want) {
				t.Errorf("got %v, want %v to fire", got, want)
			}
			if strings.HasPrefix(s.Name, "nothing") && p.Verdict.Level == Problem {
				t.Errorf("got the verdict %q, want no problem", p.Verdict.Text)
			}
			if t.Failed() {
				t.Logf("in all:\n%s", summary(p.Diagnosis))
			}
		})
	}
	if n < 50 {
		t.Errorf("got %d scripts, want most of those that can be cut", n)
	}
}
