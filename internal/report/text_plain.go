package report

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// plainText is text for a terminal of some width.
type plainText struct{ *page }

func (p *page) printf(format string, args ...any) { fmt.Fprintf(p.out, format, args...) }

// bold returns s for a heading.
func (p *page) bold(s string) string {
	if !p.r.Options.Color {
		return s
	}
	return "\x1b[1m" + s + "\x1b[0m"
}

// title writes the name of what was read, and facts about it. After a long
// name they take the place of the empty line, as what it is narrowed to does.
func (p plainText) title(name, facts, narrowed string) {
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

func (p plainText) verdict(v rules.Verdict) {
	p.printf("%s  %s: %s\n", p.bold("VERDICT"), v.Level.Words(), v.Text)
}

// finding writes what is wrong, how to mend it and how to check it. The lines
// that matter most are not wrapped, so that the first five of the report stand
// alone.
func (p plainText) finding(n int, f *advice) {
	const indent = 13
	p.printf("%3d. %-8s %s %s\n", n, "["+f.Severity.String()+"]", f.Rule.ID, f.Title)
	p.printf("%*s fix: %s\n", indent, "", f.fix)
	for _, s := range []struct{ name, text string }{{"also", f.also}, {"likely", f.likely}, {"seen", f.seen}} {
		if s.text == "" {
			continue
		}
		if s.name == "seen" {
			s.text += "; in Wireshark: " + f.filter
		}
		p.para(indent-1, fmt.Sprintf("%*s%s: %s", indent-1, "", s.name, s.text))
	}
}

func (p plainText) section(heading, of string) {
	if of != "" {
		heading += " " + fit(of, p.width-len(heading)-1)
	}
	p.printf("\n%s\n", p.bold(heading))
}

// para writes a text with an indent, wrapped at the width.
func (p plainText) para(hang int, text string) {
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

func (p plainText) fact(name, value string) { p.para(20, fmt.Sprintf("%-19s %s", name, value)) }

func (p plainText) more(n int) { p.printf("  and %s more, see --top\n", count(int64(n))) }

// table writes t. A first column that leaves no room for the others stands on
// a line of its own where it is too long.
func (p plainText) table(t *table) {
	if t.apart {
		p.printf("\n")
	}
	widths := make([]int, len(t.heads))
	for _, row := range append([][]string{t.heads}, t.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	rest := 2
	for _, w := range widths[1:] {
		rest += w + 2
	}
	widths[0] = max(min(widths[0], p.width-rest), utf8.RuneCountInString(t.heads[0]))
	if strings.TrimSpace(strings.Join(t.heads, "")) != "" {
		p.tableRow(t, widths, t.heads)
	}
	for i, row := range t.rows {
		if utf8.RuneCountInString(row[0]) > widths[0] {
			p.printf("  %s\n", row[0])
			row = append([]string{""}, row[1:]...)
		}
		p.tableRow(t, widths, row)
		if t.notes[i] != "" {
			p.para(4, "  "+t.notes[i])
		}
	}
}

// tableRow writes one row.
func (p plainText) tableRow(t *table, widths []int, row []string) {
	var b strings.Builder
	for i, cell := range row {
		pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
		if t.align[i] == 'l' {
			b.WriteString("  " + cell + pad)
		} else {
			b.WriteString("  " + pad + cell)
		}
	}
	p.printf("%s\n", strings.TrimRight(b.String(), " "))
}

// shape draws the curves one below the other.
func (p plainText) shape(intro string, curves []curve) {
	p.printf("  %s\n", intro)
	for _, c := range curves {
		p.printf("  %-15s |%s| at most %s%s\n", c.name, p.bars(c.values), count(largest(c.values)), c.unit)
	}
}

// packets writes the table of packets.
func (p plainText) packets(lines []StoryLine, means func(*StoryLine) []string) {
	p.printf("\n")
	p.printf("  %s\n", p.bold("    seconds    packet  who        flags   bytes  what it means"))
	const indent = 51 // of the last column
	for i := range lines {
		l := &lines[i]
		who := "<- server"
		if l.FromClient {
			who = "client ->"
		}
		p.printf("%s\n", strings.TrimRight(fmt.Sprintf("  %11s  %8d  %-9s  %-5s %7s  %s", relative(l.Rel), l.Num, who,
			plain(l.Flags), count(int64(l.Len)), p.means(means(l), indent)), " "))
	}
}

// means joins what a packet means, each on its own line if they do not fit.
func (p plainText) means(list []string, indent int) string {
	shown := make([]string, len(list))
	for i, s := range list {
		shown[i] = fit(s, p.width-indent-len(";"))
	}
	one := strings.Join(shown, "; ")
	if indent+utf8.RuneCountInString(one) <= p.width {
		return one
	}
	return strings.Join(shown, ";\n"+strings.Repeat(" ", indent))
}

// bars draws values as columns as high as their share of the largest.
func (p *page) bars(values []int64) string { return Bars(values, largest(values), p.r.Options.ASCII) }

// Bars draws values as columns as high as their share of top. A value above
// zero is never drawn as nothing.
func Bars(values []int64, top int64, ascii bool) string {
	levels := []rune(" ▁▂▃▄▅▆▇█")
	if ascii {
		levels = []rune(" .:-=+*#@")
	}
	steps := int64(len(levels) - 1)
	out := make([]rune, len(values))
	for i, v := range values {
		out[i] = levels[0]
		if v > 0 {
			out[i] = levels[min(steps, 1+int64(float64(v)/float64(top)*float64(steps-1)+0.5))]
		}
	}
	return string(out)
}
