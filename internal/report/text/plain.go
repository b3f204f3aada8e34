package text

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// plainText is text for a terminal of some width.
type plainText struct {
	out   *bufio.Writer // keeps errors until it is flushed
	opt   *report.Options
	width int
}

// writePlain writes to w what write writes on plain text.
func writePlain(w io.Writer, opt *report.Options, write func(p *plainText)) error {
	out := bufio.NewWriter(w)
	write(&plainText{out, opt, opt.Columns()})
	if err := out.Flush(); err != nil {
		return report.WriteError(err)
	}
	return nil
}

func (p *plainText) printf(format string, args ...any) { fmt.Fprintf(p.out, format, args...) }

// bold returns s for a heading.
func (p *plainText) bold(s string) string {
	if !p.opt.Color {
		return s
	}
	return "\x1b[1m" + s + "\x1b[0m"
}

// Title writes the name of what was read, and facts about it. After a long
// name they take the place of the empty line, as what it is narrowed to does.
func (p *plainText) Title(name, facts, narrowed string) {
	gap, end := "  ", "\n\n"
	if utf8.RuneCountInString("kaanalyze: "+name+gap+facts) > p.width {
		gap, end = "\n  ", "\n"
	}
	switch {
	case narrowed == "":
	case end == "\n":
		facts += "; narrowed: " + narrowed
	default:
		facts, end = facts+"\n  narrowed: "+narrowed, "\n"
	}
	p.printf("%s %s%s%s%s", p.bold("kaanalyze:"), name, gap, facts, end)
}

// Verdict implements [report.Medium].
func (p *plainText) Verdict(v rules.Verdict) {
	p.printf("%s  %s\n", p.bold("VERDICT"), v.Words())
}

// Finding writes what is wrong, how to mend it and how to check it. The lines
// that matter most are not wrapped, so that the first five of the report stand
// alone.
func (p *plainText) Finding(n int, f *report.Advice) {
	const indent = 13
	p.printf("%3d. %-8s %s %s\n", n, "["+f.Severity.String()+"]", f.Rule.ID, f.Title)
	p.printf("%*s fix: %s\n", indent, "", f.Fix)
	for _, s := range []struct{ name, text string }{{"also", f.Also}, {"likely", f.Likely}, {"seen", f.Seen}} {
		if s.text == "" {
			continue
		}
		if s.name == "seen" {
			s.text += "; in Wireshark: " + f.Filter
		}
		p.Para(indent-1, fmt.Sprintf("%*s%s: %s", indent-1, "", s.name, s.text))
	}
}

// Section implements [report.Medium].
func (p *plainText) Section(heading, of string) {
	if of != "" {
		heading += " " + report.Fit(of, p.width-len(heading)-1)
	}
	p.printf("\n%s\n", p.bold(heading))
}

// Para writes a text with an indent, wrapped at the width.
func (p *plainText) Para(hang int, text string) {
	line := "  "
	for i, word := range strings.Split(text, " ") {
		n := utf8.RuneCountInString(word)
		if i > 0 && utf8.RuneCountInString(line)+1+n > p.width && 2+hang+n <= p.width {
			p.printf("%s\n", strings.TrimRight(line, " "))
			line = strings.Repeat(" ", 2+hang)
		} else if i > 0 {
			line += " "
		}
		line += word
	}
	p.printf("%s\n", line)
}

// Fact implements [report.Medium].
func (p *plainText) Fact(name, value string) { p.Para(20, fmt.Sprintf("%-19s %s", name, value)) }

// More implements [report.Medium].
func (p *plainText) More(n int) { p.printf("  and %s more, see --top\n", cause.Count(int64(n))) }

// Table writes t. A first column that leaves no room for the others stands on
// a line of its own where it is too long.
func (p *plainText) Table(t *report.Table) {
	if t.Apart {
		p.printf("\n")
	}
	widths := make([]int, len(t.Heads))
	for _, row := range append([][]string{t.Heads}, t.Rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	rest := 2
	for _, w := range widths[1:] {
		rest += w + 2
	}
	widths[0] = max(min(widths[0], p.width-rest), utf8.RuneCountInString(t.Heads[0]))
	if strings.TrimSpace(strings.Join(t.Heads, "")) != "" {
		p.tableRow(t, widths, t.Heads)
	}
	for i, row := range t.Rows {
		if utf8.RuneCountInString(row[0]) > widths[0] {
			p.printf("  %s\n", row[0])
			row = append([]string{""}, row[1:]...)
		}
		p.tableRow(t, widths, row)
		if t.Notes[i] != "" {
			p.Para(4, "  "+t.Notes[i])
		}
	}
}

// tableRow writes one row.
func (p *plainText) tableRow(t *report.Table, widths []int, row []string) {
	var b strings.Builder
	for i, cell := range row {
		pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
		if t.Align[i] == 'l' {
			b.WriteString("  " + cell + pad)
		} else {
			b.WriteString("  " + pad + cell)
		}
	}
	p.printf("%s\n", strings.TrimRight(b.String(), " "))
}

// Shape draws the curves one below the other.
func (p *plainText) Shape(intro string, curves []report.Curve) {
	p.printf("  %s\n", intro)
	for _, c := range curves {
		p.printf("  %-15s |%s| at most %s%s\n", c.Name, Bars(c.Values, c.Most(), p.opt.ASCII), cause.Count(c.Most()), c.Unit)
	}
}

// Packets writes the table of packets.
func (p *plainText) Packets(lines []report.StoryLine, means func(*report.StoryLine) []string) {
	p.printf("\n")
	p.printf("  %s\n", p.bold("    seconds    packet  who        flags   bytes  what it means"))
	const indent = 51 // of the last column
	for i := range lines {
		l := &lines[i]
		who := "<- server"
		if l.FromClient {
			who = "client ->"
		}
		p.printf("%s\n", strings.TrimRight(fmt.Sprintf("  %11s  %8d  %-9s  %-5s %7s  %s", l.Seconds(), l.Num, who,
			report.Plain(l.Flags), cause.Count(int64(l.Len)), p.means(means(l), indent)), " "))
	}
}

// means joins what a packet means, each on its own line if they do not fit.
func (p *plainText) means(list []string, indent int) string {
	shown := make([]string, len(list))
	for i, s := range list {
		shown[i] = report.Fit(s, p.width-indent-len(";"))
	}
	one := strings.Join(shown, "; ")
	if indent+utf8.RuneCountInString(one) <= p.width {
		return one
	}
	return strings.Join(shown, ";\n"+strings.Repeat(" ", indent))
}
