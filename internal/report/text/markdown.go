package text

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// maxMarkdown is how many characters a report in Markdown has at most: what
// trackers take as one comment.
const maxMarkdown = 60_000

// WriteMarkdown writes r for a ticket. If it is too long its tables get
// shorter, and say so.
func WriteMarkdown(w io.Writer, r *report.Report) error {
	var text string
	for top := r.Options.Rows(); ; top /= 2 {
		text = markdownText(r, max(1, top))
		if utf8.RuneCountInString(text) <= maxMarkdown || top <= 1 {
			break
		}
	}
	if _, err := io.WriteString(w, cutLines(text, maxMarkdown)); err != nil {
		return report.WriteError(err)
	}
	return nil
}

// markdownText returns r in Markdown, with that many rows in its tables.
func markdownText(r *report.Report, top int) string {
	m := &markdown{top: top, definitionsDue: r.Story == nil}
	report.Tell(m, r, top)
	m.ends()
	return m.b.String()
}

// cutLines cuts text to at most n characters, between lines, and says how many
// lines are left out.
func cutLines(text string, n int) string {
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	const room = 100 // for saying so
	lines := strings.SplitAfter(text, "\n")
	kept, chars := 0, 0
	for kept < len(lines) {
		chars += utf8.RuneCountInString(lines[kept])
		if chars > n-room {
			break
		}
		kept++
	}
	return strings.Join(lines[:kept], "") + fmt.Sprintf("\n(cut: %s of the report are left out)\n",
		cause.Plural(int64(len(lines)-kept), "line", "lines"))
}

// markdown is a page as GitHub and GitLab render it and as Jira shows it.
type markdown struct {
	b              strings.Builder
	top            int
	definitionsDue bool   // what the words mean is not written yet
	blockEnd       string // what ends the block that is being written
	folded         bool   // a section is folded away
}

// Blocks that go on while the same calls follow each other.
const (
	noBlock    = ""
	listBlock  = "\n"
	factsBlock = "\n\n"
)

// begin ends the block before, unless it is of the same kind.
func (m *markdown) begin(block string) (first bool) {
	if m.blockEnd == block && block != noBlock {
		return false
	}
	if m.blockEnd != noBlock {
		m.b.WriteString("\n")
	}
	m.blockEnd = block
	return true
}

func (m *markdown) printf(format string, args ...any) { fmt.Fprintf(&m.b, format, args...) }

// Title implements [report.Medium].
func (m *markdown) Title(name, facts, narrowed string) {
	m.printf("# kaanalyze: %s\n\n%s\n\n", mdText(name), mdText(facts))
	if narrowed != "" {
		m.printf("**Narrowed**: %s\n\n", mdText(narrowed))
	}
}

// Verdict implements [report.Medium].
func (m *markdown) Verdict(v rules.Verdict) {
	m.begin(noBlock)
	m.printf("**%s**%s%s\n\n", v.Level.Words(), v.Joint(), mdText(v.Text))
}

// Finding implements [report.Medium].
func (m *markdown) Finding(n int, f *report.Advice) {
	m.begin(listBlock)
	m.printf("%d. **%s** (%s): %s\n", n, f.Rule.ID, f.Severity, mdText(f.Title))
	m.printf("   - **fix: %s**\n", mdText(f.Fix))
	for _, s := range f.Remarks() {
		name, text := s[0], s[1]
		m.printf("   - %s: %s", name, mdText(text))
		if name == "seen" {
			m.printf("; in Wireshark: %s", mdCode(f.Filter))
		}
		m.printf("\n")
	}
}

// foldedSections are the sections that few need.
var foldedSections = map[string]bool{"PROVENANCE": true}

// Section implements [report.Medium].
func (m *markdown) Section(heading, of string) {
	m.ends()
	shown := mdText(report.SentenceCase(heading))
	if of != "" {
		shown += " " + mdText(report.Fit(of, 200))
	}
	if m.folded = foldedSections[heading]; m.folded {
		m.definitions()
		m.printf("<details><summary>%s</summary>\n\n", shown)
		return
	}
	m.printf("## %s\n\n", shown)
}

// definitions writes what words mean, folded away.
func (m *markdown) definitions() {
	if !m.definitionsDue {
		return
	}
	m.definitionsDue = false
	m.printf("<details><summary>What the words mean</summary>\n\n")
	for _, d := range report.Definitions {
		m.printf("- **%s**: %s\n", mdText(d.Word), mdText(d.Means))
	}
	m.printf("\n</details>\n\n")
}

// ends ends a section.
func (m *markdown) ends() {
	m.begin(noBlock)
	if m.folded {
		m.printf("</details>\n")
		m.folded = false
	}
}

// Para implements [report.Medium].
func (m *markdown) Para(_ int, text string) {
	m.begin(noBlock)
	m.printf("%s\n\n", mdText(strings.TrimSpace(text)))
}

// Fact implements [report.Medium].
func (m *markdown) Fact(name, value string) {
	m.begin(factsBlock)
	m.printf("- %s: %s\n", mdText(strings.TrimSpace(name)), mdText(report.Shorten(value, 4000)))
}

// Table implements [report.Medium].
func (m *markdown) Table(t *report.Table) {
	m.begin(noBlock)
	m.row(t.Heads)
	for _, a := range t.Align {
		m.printf("%s", map[rune]string{'l': "|:--", 'r': "|--:"}[a])
	}
	m.printf("|\n")
	for i, row := range t.Rows {
		m.row(row)
		if t.Notes[i] != "" {
			m.printf("| %s%s\n", mdText(t.Notes[i]), strings.Repeat(" |", len(t.Heads)))
		}
	}
	m.printf("\n")
}

// row writes one row of a table.
func (m *markdown) row(cells []string) {
	m.printf("|")
	for _, c := range cells {
		m.printf(" %s |", mdText(strings.TrimSpace(c)))
	}
	m.printf("\n")
}

// More implements [report.Medium].
func (m *markdown) More(n int) { m.Para(0, fmt.Sprintf("and %s more", cause.Count(int64(n)))) }

// Shape draws the curves in a block of code, where columns are equally wide.
func (m *markdown) Shape(intro string, curves []report.Curve) {
	m.Para(0, intro)
	m.printf("```text\n")
	for _, c := range curves {
		m.printf("%-15s |%s| at most %s%s\n", c.Name, Bars(c.Values, c.Most(), false), cause.Count(c.Most()), c.Unit)
	}
	m.printf("```\n\n")
}

// Packets implements [report.Medium].
func (m *markdown) Packets(lines []report.StoryLine, means func(*report.StoryLine) []string) {
	t := report.Table{Align: "rrlrl", Heads: []string{"seconds", "packet", "from", "bytes", "flags, and what it means"}}
	shown := lines[:min(len(lines), max(20, 50*m.top))]
	for i := range shown {
		l := &shown[i]
		t.Row(l.Seconds(), fmt.Sprint(l.Num), l.By(), cause.Count(int64(l.Len)), report.Plain(l.Flags)+" "+report.Shorten(strings.Join(means(l), "; "), 300))
	}
	m.Table(&t)
	if n := len(lines) - len(shown); n > 0 {
		m.Para(0, fmt.Sprintf("and %s more packets", cause.Count(int64(n))))
	}
}
