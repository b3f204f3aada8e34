package text

import (
	"bytes"
	"errors"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/gate"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/report/reporttest"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

func TestTextGolden(t *testing.T) {
	ascii := reporttest.Incident()
	ascii.Options.ASCII, ascii.Options.Width, ascii.Options.Top = true, 80, 1
	told := reporttest.Incident()
	told.Story = reporttest.Story()
	streams := reporttest.Multiplexed()
	streams.Story = &report.Story{Connection: &streams.Facts.(*reporttest.HandMade).Conns[0]}
	for _, c := range []struct {
		name string
		r    *report.Report
	}{
		{"incident", reporttest.Incident()}, {"incident-80", ascii}, {"no-tcp", reporttest.NoTCP()},
		{"everything", reporttest.Everything()}, {"narrowed", reporttest.Samples()["narrowed"]}, {"tls", reporttest.TLS()}, {"no-http", reporttest.NoHTTP()}, {"story", told},
		{"multiplexed", reporttest.Multiplexed()}, {"multiplexed-story", streams},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := reporttest.Render(t, Write, c.r)
			reporttest.Golden(t, c.name+".txt", got)
			width := c.r.Options.Columns()
			for line := range strings.Lines(string(got)) {
				if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width && (c.r.Options.Width > 0 || !standsAlone(line)) {
					t.Errorf("line has %d columns, want at most %d: %q", n, width, line)
				}
			}
		})
	}
}

// TestPartsGolden compares what the live view shows of one finding and of one
// connection.
func TestPartsGolden(t *testing.T) {
	r := reporttest.Everything()
	var failed *rules.Finding
	for i := range r.Diagnosis.Findings {
		if f := &r.Diagnosis.Findings[i]; f.Unopened > 0 {
			failed = f
		}
	}
	if failed != nil {
		failed.Failed = 2
	}
	if failed == nil {
		t.Fatal("no finding is of connections that never opened")
	}
	write := func(name string, write func(io.Writer) error) {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		reporttest.Golden(t, name, b.Bytes())
		if err := write(reporttest.FailAfter(0)); !errors.Is(err, reporttest.ErrFull) {
			t.Errorf("%s: got %v, want %v", name, err, reporttest.ErrFull)
		}
	}
	write("finding.txt", func(w io.Writer) error { return WriteFinding(w, r, failed) })
	c := reporttest.Conn(2, reporttest.Noon, 1)
	write("connection.txt", func(w io.Writer) error { return WriteConnection(w, r, &c) })
	write("everything.md", func(w io.Writer) error { return WriteMarkdown(w, r) })
}

var findingLine = regexp.MustCompile(`^ +\d+\. \[\w+\] +KA`)

// standsAlone reports whether a line is one of those that are not wrapped.
func standsAlone(line string) bool {
	return strings.Contains(line, "sha256") || strings.HasPrefix(line, "  narrowed: ") || strings.HasPrefix(line, "VERDICT  ") || strings.Contains(line, " fix: ") || findingLine.MatchString(line)
}

func TestTextStandsAloneInFiveLines(t *testing.T) {
	for name, r := range reporttest.Samples() {
		if name == "story" {
			continue
		}
		lines := strings.Split(string(reporttest.Render(t, Write, r)), "\n")
		first := strings.Join(lines[:5], "\n")
		if !strings.HasPrefix(first, "kaanalyze: ") || !strings.Contains(first, "VERDICT  ") {
			t.Errorf("%s: got %q first", name, first)
		}
		if n := len(r.Diagnosis.Findings); n > 0 && !strings.Contains(first, "fix: ") {
			t.Errorf("%s: %d findings, but no fix in %q", name, n, first)
		}
	}
}

func TestTextSaysWhatCannotBeKnown(t *testing.T) {
	for name, want := range map[string]string{
		"no-packet": "CANNOT TELL: no TCP connection was captured",
		"no-tcp":    "CANNOT TELL: no TCP connection was captured",
		"tls":       "CANNOT TELL: the requests cannot be read: they are encrypted",
		"no-http":   "CANNOT TELL: no HTTP request was captured",
	} {
		got := string(reporttest.Render(t, Write, reporttest.Samples()[name]))
		if !strings.Contains(got, want) {
			t.Errorf("%s: got\n%s\nwant %q in it", name, got, want)
		}
		for _, claim := range []string{"0 requests", "0.0% reused", "requests per connection", "perfect pool needs 0"} {
			if strings.Contains(got, claim) {
				t.Errorf("%s: a zero is claimed for what is unknown: %q", name, claim)
			}
		}
	}
}

func TestColourCarriesNoMeaning(t *testing.T) {
	for name, r := range reporttest.Samples() {
		plain := string(reporttest.Render(t, Write, r))
		r.Options.Color = true
		coloured := string(reporttest.Render(t, Write, r))
		if coloured == plain {
			t.Errorf("%s: no colour", name)
		}
		if got := regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(coloured, ""); got != plain {
			t.Errorf("%s: without colour the text differs:\n%s", name, got)
		}
	}
}

func TestTextQuotesHostileBytes(t *testing.T) {
	r := reporttest.Samples()["story"]
	r.Story.Lines[0].Means = []string{reporttest.Hostile, strings.Repeat("x\x1b", 100_000)}
	r.Story.Lines[1].Flags = reporttest.Hostile
	r.Facts.(*reporttest.HandMade).Exch[0].MethodName = reporttest.Hostile
	r.Facts.(*reporttest.HandMade).Exch[0].Target = "/" + strings.Repeat("ü\x1b", 100_000)
	plainReport := reporttest.Incident()
	plainReport.Facts.(*reporttest.HandMade).Why = reporttest.Hostile
	for _, r := range []*report.Report{r, plainReport} {
		r.Meta.Sources[0].Name, r.Meta.Sources[0].Format = reporttest.Hostile, reporttest.Hostile
		r.Meta.Damage.Source, r.Meta.Damage.Reason = reporttest.Hostile, reporttest.Hostile
		r.Meta.LinkTypes, r.Meta.Filter, r.Version = []string{reporttest.Hostile}, reporttest.Hostile, reporttest.Hostile
		r.Meta.CommandLine = []string{"kaanalyze", reporttest.Hostile}
		got := string(reporttest.Render(t, Write, r))
		if !utf8.ValidString(got) {
			t.Error("the text is not valid UTF-8")
		}
		for _, c := range got {
			if c != '\n' && !unicode.IsPrint(c) {
				t.Errorf("the text holds %U:\n%q", c, got)
				break
			}
		}
		if len(got) > 20_000 {
			t.Errorf("a hostile string makes the text %d bytes long", len(got))
		}
	}
}

func TestTopLimitsTables(t *testing.T) {
	r := reporttest.Incident()
	for range 6 {
		r.Result.Pairs = append(r.Result.Pairs, r.Result.Pairs...)
	}
	for _, c := range []struct {
		top  int
		want string
	}{{0, "and 118 more, see --top"}, {3, "and 125 more, see --top"}, {128, ""}} {
		r.Options.Top = c.top
		got := string(reporttest.Render(t, Write, r))
		if c.want != "" && !strings.Contains(got, c.want) {
			t.Errorf("--top %d: want %q in\n%s", c.top, c.want, got)
		}
		if c.want == "" && strings.Contains(got, "see --top") {
			t.Errorf("--top %d leaves rows out:\n%s", c.top, got)
		}
	}
}

func TestBars(t *testing.T) {
	if got, want := Bars([]int64{0, 1, 50, 100}, 100, false), " ▁▅█"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := Bars([]int64{0, 1, 50, 100, 0}, 100, true), " .+@ "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := Bars([]int64{0, 0}, 0, true), "  "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, top := range []int64{math.MinInt64, -1, 0} {
		if got, want := Bars([]int64{math.MinInt64, 0, 1, math.MaxInt64}, top, true), "  .."; got != want {
			t.Errorf("of %d: got %q, want %q", top, got, want)
		}
	}
	if got, want := Bars([]int64{math.MinInt64, 0, 1, math.MaxInt64}, 1, true), "  @@"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestGates(t *testing.T) {
	r := reporttest.Incident()
	for _, text := range []string{"reuse_ratio<0.9", "time_wait.steady_state>1", "rst>100"} {
		g, err := gate.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		r.Gates = append(r.Gates, g.Judge(r.Result, r.Diagnosed()))
	}
	text := string(reporttest.Render(t, Write, r))
	for _, line := range []string{"  FAIL  reuse_ratio<0.9: it is 0.785714\n", "  FAIL  time_wait.steady_state>1: not known: ", "  pass  rst>100: it is 3\n"} {
		if !strings.Contains(text, line) {
			t.Errorf("want %q in\n%s", line, text)
		}
	}
}

func TestSeriesOfAnyLengthFits(t *testing.T) {
	for _, n := range []int{2, 41, 42, 599, 600} {
		r := reporttest.Incident()
		s := analyze.Series{Step: 5_000_000, Start: reporttest.Noon, NewConnections: make([]int64, n), Requests: make([]int64, n), TimeWait: make([]int64, n)}
		s.NewConnections[n-1], s.Requests[0] = 1_000_000, 2_000_000
		r.Result.Series = s
		got := string(reporttest.Render(t, Write, r))
		for line := range strings.Lines(got) {
			if c := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); c > 100 && !standsAlone(line) {
				t.Errorf("%d steps: %d columns in %q", n, c, line)
			}
		}
		for _, want := range []string{"█| at most 1,000,000 in ", "|█", "at most 2,000,000 in "} {
			if !strings.Contains(got, want) {
				t.Errorf("%d steps: want %q in\n%s", n, want, got)
			}
		}
	}
}
