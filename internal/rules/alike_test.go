package rules

import (
	"regexp"
	"strconv"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/cause/causetest"
)

var (
	scriptTime  = regexp.MustCompile(`(?m)^\d+(\.\d+)? `)
	scriptEvery = regexp.MustCompile(`(?m)every [0-9.]+`)
	keepsNeeds  = regexp.MustCompile(`keeps only (\d+) idle connections? to \S+, but needs (-?\d+)`)
	instantly   = regexp.MustCompile(`after 0 s\b|\b0 s apart`)
)

// TestTimesAlike plays every script with one time for all of its packets: what is
// said holds together all the same.
func TestTimesAlike(t *testing.T) {
	for _, s := range causetest.Scripts(t) {
		t.Run(s.Archive+"/"+s.Name, func(t *testing.T) {
			p := play(t, scriptEvery.ReplaceAllString(scriptTime.ReplaceAllString(s.Text, "1 "), "every 0"))
			said := []string{p.Verdict.Text}
			for _, f := range p.Findings {
				said = append(said, f.Title)
			}
			for _, text := range said {
				if m := keepsNeeds.FindStringSubmatch(text); m != nil {
					kept, err := strconv.Atoi(m[1])
					if err != nil {
						t.Fatal(err)
					}
					if needs, err := strconv.Atoi(m[2]); err != nil || needs <= kept {
						t.Errorf("got %q, want what is needed to be more than what is kept", text)
					}
				}
				if instantly.MatchString(text) {
					t.Errorf("got %q, want no time where none passed", text)
				}
			}
		})
	}
}
