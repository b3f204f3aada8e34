package text

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/products"
	"github.com/kaanalyze/kaanalyze/internal/report/reporttest"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

func TestExplain(t *testing.T) {
	var b bytes.Buffer
	for _, r := range rules.Rules {
		b.Reset()
		if err := WriteRule(&b, r); err != nil {
			t.Fatal(err)
		}
		got := strings.Join(strings.Fields(b.String()), " ")
		for _, want := range []string{r.ID, r.Title, r.SetWhen, r.Why, r.Fix, r.Filter, r.Hint, r.Note} {
			if !strings.Contains(got, strings.Join(strings.Fields(want), " ")) {
				t.Errorf("%s: want %q in\n%s", r.ID, want, b.String())
			}
		}
		for _, program := range products.WithAdvice(r.ID) {
			if want := "in " + program.String() + " "; !strings.Contains(got, want) {
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
		if err := write(reporttest.FailAfter(0)); !errors.Is(err, reporttest.ErrFull) {
			t.Errorf("got %v, want %v", err, reporttest.ErrFull)
		}
	}
}
