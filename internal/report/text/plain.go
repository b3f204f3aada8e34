package text

import (
	"bufio"
	"fmt"
	"io"
	"slices"
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
	lines int // written so far
}

// writePlain writes to w what write writes on plain text.
func writePlain(w io.Writer, opt *report.Options, write func(p *plainText)) error {
	out := bufio.NewWriter(w)
	write(&plainText{out: out, opt: opt, width: opt.Columns()})
	if err := out.Flush(); err != nil {
		return report.WriteError(err)
	}
	return nil
}

func (p *plainText) printf(format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	p.lines += strings.Count(s, "\n")
	_, _ = p.out.WriteString(s)
}

// bold returns s for a heading.
func (p *plainText) bold(s string) string { return p.styled("1", s) }

// styled returns s in a style of the terminal, by the number of ECMA-48.
func (p *plainText) styled(style, s string) string {
	if !p.opt.Color || style == "" {
		return s
	}
	return "\x1b[" + style + "m" + s + "\x1b[0m"
}

// Title writes the name of what was read, and facts about it. After a long
// name they take the place of the empty line, as what it is narrowed to does.
func (p *plainText) Title(name, facts, narrowed string) {
	line := "kaanalyze: " + name + "  " + facts
	apart := utf8.RuneCountInString(line) > p.width
	if apart {
		line = "kaanalyze: " + name
	}
	p.printf("%s\n", strings.Replace(line, "kaanalyze:", p.bold("kaanalyze:"), 1))
	if apart && narrowed != "" {
		facts, narrowed = facts+"; narrowed: "+narrowed, ""
	}
	if apart {
		p.important(2, "  "+facts)
	}
	switch {
	case narrowed != "":
		p.important(2, "  narrowed: "+narrowed)
	case !apart:
		p.printf("\n")
	}
}

// Verdict implements [report.Medium].
func (p *plainText) Verdict(v rules.Verdict) {
	p.important(9, "VERDICT  "+v.Words(), style{"VERDICT", "1"}, style{v.Level.Words(), levelStyles[v.Level]})
}

// Finding writes what is wrong, how to mend it and how to check it.
func (p *plainText) Finding(n int, f *report.Advice) {
	p.findingHead(n, f)
	const indent = 12
	for _, s := range f.Remarks() {
		name, text := s[0], s[1]
		if name == "seen" {
			text += "; in Wireshark: " + f.Filter
		}
		p.Para(indent, fmt.Sprintf("%*s%s: %s", indent, "", name, text))
	}
}

// findingHead writes what is wrong and how to mend it.
func (p *plainText) findingHead(n int, f *report.Advice) {
	const indent = 14
	severity := "[" + f.Severity.String() + "]"
	p.important(indent, fmt.Sprintf("%3d. %-8s %s %s", n, severity, f.Rule.ID, f.Title), style{severity, severityStyles[f.Severity]})
	p.important(indent, fmt.Sprintf("%*sfix: %s", indent, "", f.Fix), style{"fix:", "1"})
}

// The styles of how good or bad something is.
const (
	styleGood     = "1;32" // green
	styleMinor    = "36"   // cyan
	styleDoubtful = "1;33" // yellow
	styleBad      = "1;31" // red
)

var (
	levelStyles    = map[rules.Level]string{rules.OK: styleGood, rules.Problem: styleBad, rules.CannotTell: styleDoubtful}
	severityStyles = map[rules.Severity]string{rules.Info: styleMinor, rules.Notable: styleDoubtful, rules.Grave: styleBad}
)

// again writes the verdict and the first fix once more where a terminal is too low to
// show them above the rest of r: nobody has to scroll up for them.
func (p *plainText) again(r *report.Report) {
	if p.opt.Height == 0 || p.lines < p.opt.Height || r.Options.Brief {
		return
	}
	d := r.Diagnosed()
	p.printf("\n")
	p.Verdict(d.Verdict)
	if len(d.Findings) > 0 {
		p.findingHead(1, r.Advice(&d.Findings[0]))
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
	for _, line := range p.wrap(2+hang, "  "+text) {
		p.printf("%s\n", line)
	}
}

// wrap splits a line at its spaces where it is wider than p, but a word that would
// not fit either stays where it is. Lines but the first begin with hang spaces.
func (p *plainText) wrap(hang int, text string) (lines []string) {
	var line string
	for i, word := range strings.Split(text, " ") {
		n := utf8.RuneCountInString(word)
		if i > 0 && utf8.RuneCountInString(line)+1+n > p.width && hang+n <= p.width {
			lines = append(lines, strings.TrimRight(line, " "))
			line = strings.Repeat(" ", hang)
		} else if i > 0 {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// A style is what a word is to look like on a terminal: SGR parameters of ECMA-48.
type style struct{ word, sgr string }

// important writes a line that is to stand alone when it is pasted elsewhere: whole,
// but wrapped on a terminal, which would break it inside words.
func (p *plainText) important(hang int, text string, styles ...style) {
	lines := []string{text}
	if p.opt.Width > 0 {
		lines = p.wrap(hang, text)
	}
	for _, s := range styles {
		lines[0] = strings.Replace(lines[0], s.word, p.styled(s.sgr, s.word), 1)
	}
	for _, line := range lines {
		p.printf("%s\n", line)
	}
}

// Fact implements [report.Medium]. A value without spaces that would be too long beside
// other values, as a hash, begins right after the name.
func (p *plainText) Fact(name, value string) {
	text := fmt.Sprintf("%-19s %s", name, value)
	if n := utf8.RuneCountInString(name) + 1 + utf8.RuneCountInString(value); !strings.Contains(value, " ") && 2+utf8.RuneCountInString(text) > p.width && 2+n <= p.width {
		text = name + " " + value
	}
	p.Para(20, text)
}

// More implements [report.Medium].
func (p *plainText) More(n int) { p.printf("  and %s more, see --top\n", cause.Count(int64(n))) }

// Table writes t. A first column that leaves no room for the others stands on
// a line of its own where it is too long, columns move together where they are too wide,
// and the words of the last one wrap.
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
	p.narrowWords(t, widths)
	rest := 0
	for _, w := range widths[1:] {
		rest += w
	}
	first, gap := utf8.RuneCountInString(t.Heads[0]), 2
	if 2+first+gap*(len(widths)-1)+rest > p.width {
		gap = 1
	}
	widths[0] = max(min(widths[0], p.width-2-gap*(len(widths)-1)-rest), first)
	if strings.TrimSpace(strings.Join(t.Heads, "")) != "" {
		p.tableRow(t, widths, gap, t.Heads)
	}
	for i, row := range t.Rows {
		if utf8.RuneCountInString(row[0]) > widths[0] {
			p.Para(2, row[0])
			row = append([]string{""}, row[1:]...)
		}
		p.tableRow(t, widths, gap, row)
		if t.Notes[i] != "" {
			p.Para(4, "  "+t.Notes[i])
		}
	}
}

// leastWords is the width that is left to words at least: in less they cannot be read.
const leastWords = 24

// narrowWords narrows the last column, if it has words and there is room for some of them.
func (p *plainText) narrowWords(t *report.Table, widths []int) {
	last := len(widths) - 1
	room := p.width
	for _, w := range widths[:last] {
		room -= w + 2
	}
	if room -= 2; t.Align[last] == 'l' && room >= leastWords {
		widths[last] = min(widths[last], room)
	}
}

// tableRow writes one row, with so many spaces between its cells.
func (p *plainText) tableRow(t *report.Table, widths []int, gap int, row []string) {
	line, last := "  ", 0
	for i, cell := range row {
		if i > 0 {
			line += strings.Repeat(" ", gap)
		}
		last = utf8.RuneCountInString(line)
		pad := strings.Repeat(" ", max(0, widths[i]-utf8.RuneCountInString(cell)))
		if t.Align[i] == 'l' {
			line += cell + pad
		} else {
			line += pad + cell
		}
	}
	for _, line := range p.wrap(last, strings.TrimRight(line, " ")) {
		p.printf("%s\n", line)
	}
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

// meansLines is how many lines one thing that a packet means takes at most.
const meansLines = 2

// means joins what a packet means, each on a line of its own if they do not fit into one.
func (p *plainText) means(list []string, indent int) string {
	room := p.width - indent
	shown := make([]string, len(list))
	for i, s := range list {
		shown[i] = report.Fit(s, meansLines*room-len(";"))
	}
	one := strings.Join(shown, "; ")
	if utf8.RuneCountInString(one) <= room {
		return one
	}
	narrow := &plainText{width: room}
	var lines []string
	for i, s := range shown {
		if i < len(shown)-1 {
			s += ";"
		}
		for _, line := range narrow.wrap(0, s) {
			for runes := range slices.Chunk([]rune(line), room) { // a word may be longer
				lines = append(lines, string(runes))
			}
		}
	}
	return strings.Join(lines, "\n"+strings.Repeat(" ", indent))
}
