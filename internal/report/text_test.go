package report

import (
	"math"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

func TestTextGolden(t *testing.T) {
	ascii := incident()
	ascii.Options.ASCII, ascii.Options.Width, ascii.Options.Top = true, 80, 1
	told := incident()
	told.Story = story()
	for _, c := range []struct {
		name string
		r    *Report
	}{
		{"incident", incident()}, {"incident-80", ascii}, {"no-tcp", emptyReport()},
		{"tls", tlsReport()}, {"no-http", noHTTPReport()}, {"story", told},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := render(t, "text", c.r)
			golden(t, c.name+".txt", got)
			width := newPage(nil, c.r).width
			for line := range strings.Lines(string(got)) {
				if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width && !standsAlone(line) {
					t.Errorf("line has %d columns, want at most %d: %q", n, width, line)
				}
			}
		})
	}
}

// standsAlone reports whether a line is one of those that are not wrapped.
func standsAlone(line string) bool {
	return strings.Contains(line, "sha256") || strings.HasPrefix(line, "VERDICT  ") || strings.Contains(line, " fix: ") || strings.Contains(line, "] KA")
}

func TestTextStandsAloneInFiveLines(t *testing.T) {
	for name, r := range samples() {
		if name == "story" {
			continue
		}
		lines := strings.Split(string(render(t, "text", r)), "\n")
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
		got := string(render(t, "text", samples()[name]))
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
	for name, r := range samples() {
		plain := string(render(t, "text", r))
		r.Options.Color = true
		coloured := string(render(t, "text", r))
		if coloured == plain {
			t.Errorf("%s: no colour", name)
		}
		if got := strings.NewReplacer("\x1b[1m", "", "\x1b[0m", "").Replace(coloured); got != plain {
			t.Errorf("%s: without colour the text differs:\n%s", name, got)
		}
	}
}

// hostile is what a packet or a file name may hold.
const hostile = "\x1b]0;owned\a\r\n\u202egpj.exe\xff\x00" + "='\"`$(reboot)`"

func TestTextQuotesHostileBytes(t *testing.T) {
	r := samples()["story"]
	r.Story.Lines[0].Means = []string{hostile, strings.Repeat("x\x1b", 100_000)}
	r.Story.Lines[1].Flags = hostile
	r.Facts.(*handMade).exchanges[0].MethodName = hostile
	r.Facts.(*handMade).exchanges[0].Target = "/" + strings.Repeat("ü\x1b", 100_000)
	plainReport := incident()
	plainReport.Facts.(*handMade).why = hostile
	for _, r := range []*Report{r, plainReport} {
		r.Meta.Sources[0].Name, r.Meta.Sources[0].Format = hostile, hostile
		r.Meta.Damage.Source, r.Meta.Damage.Reason = hostile, hostile
		r.Meta.LinkTypes, r.Meta.Filter, r.Version = []string{hostile}, hostile, hostile
		r.Meta.CommandLine = []string{"kaanalyze", hostile}
		got := string(render(t, "text", r))
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
		validate(t, compileSchema(t, ""), render(t, "json", r))
	}
}

func TestTopLimitsTables(t *testing.T) {
	r := incident()
	for range 6 {
		r.Result.Pairs = append(r.Result.Pairs, r.Result.Pairs...)
	}
	for _, c := range []struct {
		top  int
		want string
	}{{0, "and 118 more, see --top"}, {3, "and 125 more, see --top"}, {128, ""}} {
		r.Options.Top = c.top
		got := string(render(t, "text", r))
		if c.want != "" && !strings.Contains(got, c.want) {
			t.Errorf("--top %d: want %q in\n%s", c.top, c.want, got)
		}
		if c.want == "" && strings.Contains(got, "see --top") {
			t.Errorf("--top %d leaves rows out:\n%s", c.top, got)
		}
	}
}

func TestWords(t *testing.T) {
	for got, want := range map[string]string{
		count(0): "0", count(999): "999", count(1000): "1,000", count(-1234567): "-1,234,567", count(-999): "-999",
		count(analyze.Unknown):   "unknown",
		percent(1):               "100.0%",
		percent(0.99999):         "99.9%",
		percent(0.00001):         "<0.1%",
		percent(0.125):           "12.5%",
		percent(math.NaN()):      "unknown",
		duration(0):              "0 s",
		duration(999):            "999 ns",
		duration(123456):         "123 us",
		duration(999_999):        "1.0 ms",
		duration(2_123_456):      "2.1 ms",
		duration(999_999_999):    "1.000 s",
		duration(1_000_000_000):  "1.000 s",
		duration(9_999_999_999):  "10 s",
		duration(15_040_000_000): "15 s",
		duration(15_400_000_000): "15.4 s",
		duration(3600e9):         "3,600 s",
		duration(-5e6):           "-5.0 ms",
		size(999):                "999 bytes",
		size(1500):               "1.5 kB",
		size(418_000_123):        "418 MB",
		size(math.MaxInt64):      "9.2 EB",
		decimal(5.4):             "5.4", decimal(138.43): "138.4", decimal(78): "78", decimal(628408.4): "628,408",
		plain("a b"): "a b", plain(""): `""`, plain(" a"): `" a"`, plain("\x1b"): `"\x1b"`, plain("日本"): "日本",
		fit("abcdef", 6): "abcdef", fit("abcdefg", 6): "abc...", fit("日本日本日本日", 6): "日本日...",
		command([]string{"a", "tcp port 80", "it's", ""}): `a 'tcp port 80' 'it'\''s' ''`,
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestBars(t *testing.T) {
	p := newPage(nil, &Report{})
	if got, want := p.bars([]int64{0, 1, 50, 100}), " ▁▅█"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	p.r.Options.ASCII = true
	if got, want := p.bars([]int64{0, 1, 50, 100, 0}), " .+@ "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := p.bars([]int64{0, 0}), "  "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTrustTellsEveryLimit(t *testing.T) {
	r := incident()
	r.Meta.Interrupted, r.Meta.KernelDropped = true, nil
	r.Meta.Sources = append(r.Meta.Sources, Source{Name: "second one.pcap", Size: -1, Packets: 1})
	r.Result.Totals.Midstream, r.Result.Totals.TimeBack = 4, 3_600e9
	got := string(render(t, "text", r))
	for _, want := range []string{
		"kaanalyze: incident.pcapng and 1 more  3,804,600 packets",
		"kernel drops        unknown, the capture does not say\n",
		"stopped             before the end of the capture\n",
		"damage              incident.pcapng, packet 3,804,601, byte 418,000,100: record is cut off",
		"cut packets         4 packets captured in part\n",
		"not decoded         1 of 3,804,600 packets; 99 not TCP\n",
		"duplicates          9 packets",
		"order               packets are up to 3,600 s earlier than one before them",
		"missing             512 bytes",
		"midstream           4 connections",
		"unfinished          1 connection still open",
		"not countable       1 connection with TLS, HTTP/2 or cut heads",
		"ignored             2 RSTs",
		"file                second one.pcap (1 packet)\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("want %q in\n%s", want, got)
		}
	}
}

func TestSeriesOfAnyLengthFits(t *testing.T) {
	for _, n := range []int{2, 41, 42, 599, 600} {
		r := incident()
		s := analyze.Series{Step: 5_000_000, Start: noon, NewConnections: make([]int64, n), Requests: make([]int64, n), TimeWait: make([]int64, n)}
		s.NewConnections[n-1], s.Requests[0] = 1_000_000, 2_000_000
		r.Result.Series = s
		got := string(render(t, "text", r))
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
