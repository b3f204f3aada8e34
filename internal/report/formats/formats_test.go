package formats

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/report/reporttest"
)

// render writes r in the format called name.
func render(t *testing.T, name string, r *report.Report) []byte {
	t.Helper()
	f, ok := ByName(name)
	if !ok {
		t.Fatalf("no format %q", name)
	}
	var b bytes.Buffer
	if err := f.Write(&b, r); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return b.Bytes()
}

func TestWriteErrorsComeBack(t *testing.T) {
	for _, f := range All {
		for _, workers := range []int{1, 4} {
			r := reporttest.Many(24 * 64)
			r.Options.Workers = workers
			for _, n := range []int{0, 100, 200_000} {
				err := f.Write(reporttest.FailAfter(n), r)
				if slices.Contains([]string{"text", "md", "html", "svg", "png"}, f.Name) && n > 100 {
					continue // all of it fits
				}
				if want := "write report: disk full"; !errors.Is(err, reporttest.ErrFull) || err.Error() != want {
					t.Errorf("%s, %d bytes, %d workers: got %v, want %s", f.Name, n, workers, err, want)
				}
			}
		}
	}
}

func TestFormats(t *testing.T) {
	for _, f := range All {
		if got, ok := ByName(f.Name); !ok || got.Ending != f.Ending {
			t.Errorf("ByName(%q): got %q, %v", f.Name, got.Ending, ok)
		}
		if got, ok := ByEnding("a.b/Report" + strings.ToUpper(f.Ending)); !ok || got.Name != f.Name {
			t.Errorf("ByEnding of %q: got %q, %v", f.Ending, got.Name, ok)
		}
	}
	for _, name := range []string{"", "xml", "text "} {
		if _, ok := ByName(name); ok {
			t.Errorf("ByName(%q) found a format", name)
		}
	}
	for _, file := range []string{"", "json", "report.pcap"} {
		if f, ok := ByEnding(file); ok {
			t.Errorf("ByEnding(%q) found %s", file, f.Name)
		}
	}
}

func TestExchangesOnlyWhenAskedFor(t *testing.T) {
	r := reporttest.Incident()
	r.Options.Exchanges = false
	var got map[string]any
	if err := json.Unmarshal(render(t, "json", r), &got); err != nil {
		t.Fatal(err)
	}
	if _, ok := got["exchanges"]; ok {
		t.Error("exchanges are written unasked")
	}
	r.Options.Exchanges, r.Options.ShowSecrets = true, true
	if out := render(t, "json", r); !bytes.Contains(out, []byte("token=secret")) {
		t.Error("the query is hidden although secrets are asked for")
	}
	r.Options.ShowSecrets = false
	for _, f := range All {
		for _, told := range []*report.Story{nil, reporttest.Story()} {
			r.Story = told
			if out := render(t, f.Name, r); bytes.Contains(out, []byte("secret")) || bytes.Contains(out, []byte("me:pw")) {
				t.Errorf("%s shows a secret:\n%s", f.Name, out)
			}
		}
	}
}
