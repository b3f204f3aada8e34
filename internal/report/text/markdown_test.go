package text

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/gate"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/report/reporttest"
)

func TestMarkdownGolden(t *testing.T) {
	for _, name := range []string{"incident", "story", "no-tcp"} {
		reporttest.Golden(t, name+".md", reporttest.Render(t, WriteMarkdown, reporttest.Samples()[name]))
	}
}

// Code in Markdown, where nothing means anything.
var mdCodes = regexp.MustCompile("`[^`\n]*`|<code>[^<>`|\n]*</code>")

func TestMarkdownEscapesHostileText(t *testing.T) {
	marks := regexp.MustCompile(`[@#~\\]|\]\(|!\[|<[^/ds\d]|://|www\.|\[\[|:bomb:|&[a-z#]`)
	for _, r := range []*report.Report{reporttest.Attacked(), reporttest.AttackedStory()} {
		columns := 0
		for line := range strings.Lines(string(reporttest.Render(t, WriteMarkdown, r))) {
			bare := strings.TrimSpace(mdCodes.ReplaceAllString(line, ""))
			bare = strings.TrimLeft(bare, "#")
			if m := marks.FindString(bare); m != "" {
				t.Errorf("%q means something in %q", m, line)
			}
			if !strings.HasPrefix(bare, "|") {
				columns = 0
				continue
			}
			n := strings.Count(bare, "|")
			if columns != 0 && n != columns {
				t.Errorf("got %d bars, want %d: %q", n, columns, line)
			}
			columns = n
		}
	}
}

func TestMarkdownWords(t *testing.T) {
	for text, want := range map[string]string{
		"TIME_WAIT of 10.0.0.1 -> [::1]:80, <0.1%": "TIME_WAIT of 10.0.0.1 -> `[::1]:80`, <0.1%",
		"by @me (see #12).":                        "by `@me` (see `#12`).",
		"a|b":                                      "<code>a&#124;b</code>",
		"`x`":                                      "<code>&#96;x&#96;</code>",
		"- item":                                   "`-` item",
		"a - b":                                    "a - b",
		"a\nb\x1b":                                 "a\ufffdb\ufffd",
		"_it_ a_b":                                 "`_it_` a_b",
		`"Connection: close"`:                      `"Connection: close"`,
	} {
		if got := mdText(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestMarkdownIsCut(t *testing.T) {
	r := reporttest.Incident()
	for i := range 1500 {
		p := r.Result.Pairs[0]
		p.Client = netip.AddrFrom4([4]byte{10, 9, byte(i >> 8), byte(i)})
		r.Result.Pairs = append(r.Result.Pairs, p)
	}
	r.Options.Top = 10_000
	got := string(reporttest.Render(t, WriteMarkdown, r))
	if n := utf8.RuneCountInString(got); n > maxMarkdown || n < maxMarkdown/4 {
		t.Errorf("got %d characters, want up to %d", n, maxMarkdown)
	}
	m := regexp.MustCompile(`and ([\d,]+) more\n`).FindStringSubmatch(got)
	if want := 1502 - strings.Count(got, " -> 10.20.0.2:8080 |") - 1; m == nil || m[1] != cause.Count(int64(want)) {
		t.Errorf("got %q left out, want %s", m, cause.Count(int64(want)))
	}
	r.Options.Top = 0
	g, err := gate.Parse("reuse_ratio<0.9")
	if err != nil {
		t.Fatal(err)
	}
	for range 2000 {
		r.Meta.CommandLine = append(r.Meta.CommandLine, "a-long-name.pcap")
		r.Gates = append(r.Gates, g.Judge(r.Result, r.Diagnosis))
	}
	got = string(reporttest.Render(t, WriteMarkdown, r))
	if n := utf8.RuneCountInString(got); n > maxMarkdown {
		t.Errorf("got %d characters, want up to %d", n, maxMarkdown)
	}
	if !regexp.MustCompile(`\n\(cut: [\d,]+ lines of the report are left out\)\n$`).MatchString(got) {
		t.Errorf("it does not say that it is cut: %q", got[len(got)-100:])
	}
}

func TestMarkdownOfLongStory(t *testing.T) {
	r := reporttest.Samples()["story"]
	for i := range 5000 {
		r.Story.Lines = append(r.Story.Lines, report.StoryLine{Num: uint64(100 + i), Means: []string{fmt.Sprintf("request %d: GET /a/long/path/that/goes/on", i)}})
	}
	got := string(reporttest.Render(t, WriteMarkdown, r))
	if n := utf8.RuneCountInString(got); n > maxMarkdown || !strings.Contains(got, " more packets\n") {
		t.Errorf("got %d characters:\n%s", n, got[max(0, len(got)-300):])
	}
}
