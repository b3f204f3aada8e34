package tui

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// list is a table as the model sees it.
type list interface {
	title() string
	size() (shown, all int)
	load()
	move(by int)
	filter(text string)
	filtered() string
	clear()
	scoped() string
	sortNext(by int)
	reverse()
	sorting() string
	draw(s *style, width, height int) []string
}

// column is one of a table. What it shows of a row is asked for where the row
// is drawn.
type column[T any] struct {
	head  string
	right bool
	rank  int // columns of higher rank go first where there is no room; 0 stays
	flex  int // if not 0, it takes what is left, at least that much, and is cut

	text  func(*T) string
	order func(*T) string  // to sort by, instead of the text
	value func(*T) float64 // to sort by, instead of both; the greatest first
	paint func(*T) paint   // nil for none

	width int // the widest that was drawn
}

// table is rows of which some are shown, in some order. Only what is on the
// screen is formatted. The items stay where they are.
type table[T any] struct {
	name    string
	columns []column[T]
	count   func() int
	item    func(i int) *T // valid until the next one is asked for
	key     func(*T) string
	words   func([]byte, *T) []byte // appends what the filter looks at

	natural bool // true if unsorted rows are shown last first
	only    func(*T) bool
	scope   string // what only lets pass, in words
	text    string // of the filter
	sortBy  int    // column, -1 for the order of the items
	back    bool   // sorted the other way round

	rows        []int32
	cursor, top int
	buf         []byte
}

func (t *table[T]) title() string    { return t.name }
func (t *table[T]) size() (int, int) { return len(t.rows), t.count() }
func (t *table[T]) filtered() string { return t.text }
func (t *table[T]) scoped() string   { return t.scope }

// load takes the items anew. The selected one stays selected, if it is there.
func (t *table[T]) load() {
	key, at := "", t.cursor
	if x := t.selected(); x != nil && (at > 0 || t.sortBy >= 0) {
		key = t.key(x)
	}
	t.rows = t.rows[:0]
	for i := range t.count() {
		t.rows = append(t.rows, int32(i))
	}
	if t.natural && t.sortBy < 0 {
		slices.Reverse(t.rows)
	}
	t.narrow()
	t.sort()
	t.cursor = at
	if key != "" {
		t.find(key)
	}
	t.move(0)
}

// find selects the item with that key.
func (t *table[T]) find(key string) {
	if i := slices.IndexFunc(t.rows, func(i int32) bool { return t.key(t.item(int(i))) == key }); i >= 0 {
		t.cursor = i
	}
}

// narrow leaves the rows that the filter and the scope let pass.
func (t *table[T]) narrow() {
	terms := bytes.Fields(bytes.ToLower([]byte(t.text)))
	if len(terms) == 0 && t.only == nil {
		return
	}
	t.rows = slices.DeleteFunc(t.rows, func(i int32) bool {
		x := t.item(int(i))
		if t.only != nil && !t.only(x) {
			return true
		}
		if len(terms) == 0 {
			return false
		}
		t.buf = t.words(t.buf[:0], x)
		for j, c := range t.buf {
			if c >= 'A' && c <= 'Z' {
				t.buf[j] = c + 'a' - 'A'
			}
		}
		return slices.ContainsFunc(terms, func(term []byte) bool { return !bytes.Contains(t.buf, term) })
	})
}

// sort sorts the rows.
func (t *table[T]) sort() {
	if t.sortBy < 0 {
		return
	}
	type sortable struct {
		row  int32
		n    float64
		text string
	}
	c := &t.columns[t.sortBy]
	list := make([]sortable, len(t.rows))
	for j, i := range t.rows {
		x := t.item(int(i))
		list[j].row = i
		switch {
		case c.value != nil:
			if list[j].n = -c.value(x); math.IsNaN(list[j].n) {
				list[j].n = math.Inf(1)
			}
		case c.order != nil:
			list[j].text = c.order(x)
		default:
			list[j].text = c.text(x)
		}
	}
	way := 1
	if t.back {
		way = -1
	}
	slices.SortStableFunc(list, func(a, b sortable) int {
		return way * cmp.Or(cmp.Compare(a.n, b.n), cmp.Compare(a.text, b.text))
	})
	for j := range list {
		t.rows[j] = list[j].row
	}
}

// selected returns the item under the cursor, nil if there is none.
func (t *table[T]) selected() *T {
	if t.cursor >= len(t.rows) || int(t.rows[t.cursor]) >= t.count() {
		return nil
	}
	return t.item(int(t.rows[t.cursor]))
}

func (t *table[T]) move(by int) { t.cursor = min(max(0, t.cursor+by), max(0, len(t.rows)-1)) }

// filter shows the rows that have all words of text. More text leaves fewer of
// those that are shown.
func (t *table[T]) filter(text string) {
	more := strings.HasPrefix(text, t.text)
	t.text = text
	if !more {
		t.load()
		return
	}
	t.narrow()
	t.move(0)
}

// show shows the rows that only lets pass, alone.
func (t *table[T]) show(scope string, only func(*T) bool) {
	t.scope, t.only, t.text, t.cursor, t.top = scope, only, "", 0, 0
	t.load()
}

// clear takes the filter away; without one, the scope.
func (t *table[T]) clear() {
	if t.text == "" {
		t.scope, t.only = "", nil
	}
	t.text = ""
	t.load()
}

// sortNext sorts by the next column, or by the one before.
func (t *table[T]) sortNext(by int) {
	n := len(t.columns) + 1
	t.sortBy, t.back = (t.sortBy+1+by+n)%n-1, false
	t.load()
}

func (t *table[T]) reverse() {
	if t.sortBy >= 0 {
		t.back = !t.back
	} else {
		t.natural = !t.natural
	}
	t.load()
}

// sorting names the order of the rows, "" if it is that of the items.
func (t *table[T]) sorting() string {
	if t.sortBy < 0 {
		return ""
	}
	if t.back {
		return t.columns[t.sortBy].head + ", reversed"
	}
	return t.columns[t.sortBy].head
}

// mark is what stands before the selected row.
const mark = "> "

// gap returns what stands between columns.
func gap(width int) string {
	if width < 100 {
		return " "
	}
	return "  "
}

// draw draws the head and the rows that fit.
func (t *table[T]) draw(s *style, width, height int) []string {
	height = max(1, height-1)
	t.top = min(max(t.top, t.cursor-height+1), t.cursor, max(0, len(t.rows)-height))
	shown := t.rows[t.top:min(len(t.rows), t.top+height)]
	cells := make([][]string, len(shown))
	paints := make([][]paint, len(shown))
	for j, i := range shown {
		cells[j], paints[j] = make([]string, len(t.columns)), make([]paint, len(t.columns))
		if int(i) >= t.count() {
			continue
		}
		x := t.item(int(i))
		for k := range t.columns {
			c := &t.columns[k]
			cells[j][k] = oneLine(c.text(x))
			if c.paint != nil {
				paints[j][k] = c.paint(x)
			}
			if c.flex == 0 {
				c.width = max(c.width, len(cells[j][k]))
			}
		}
	}
	widths := t.fit(s, width)
	heads := make([]string, len(t.columns))
	for k := range t.columns {
		heads[k] = t.head(s, k)
	}
	between := gap(width)
	lines := []string{s.bold("  " + t.line(s, between, widths, heads, nil))}
	for j := range shown {
		if t.top+j == t.cursor {
			lines = append(lines, s.reverse(pad(mark+t.line(s, between, widths, cells[j], nil), width)))
		} else {
			lines = append(lines, "  "+t.line(s, between, widths, cells[j], paints[j]))
		}
	}
	return lines
}

// head returns what stands above a column.
func (t *table[T]) head(s *style, k int) string {
	c := &t.columns[k]
	if k != t.sortBy {
		return c.head
	}
	if (c.value != nil) != t.back {
		return c.head + s.down
	}
	return c.head + s.up
}

// fit returns how wide each column is to be, 0 for those that have no room.
func (t *table[T]) fit(s *style, width int) []int {
	widths := make([]int, len(t.columns))
	between := len(gap(width))
	left := width - len(mark) + between
	for rank, full := 0, false; rank < 10; rank++ {
		for k := range t.columns {
			c := &t.columns[k]
			w := max(c.width, c.flex, ansi.StringWidth(t.head(s, k)))
			full = full || c.rank == rank && rank > 0 && between+w > left
			if c.rank == rank && !full {
				widths[k] = w
				left -= between + w
			}
		}
	}
	for k := range t.columns {
		if widths[k] > 0 && t.columns[k].flex > 0 {
			widths[k] = max(minFlex, widths[k]+left)
			break
		}
	}
	return widths
}

// minFlex is the least that a column is cut to.
const minFlex = 8

// line joins cells.
func (t *table[T]) line(s *style, between string, widths []int, cells []string, paints []paint) string {
	var b strings.Builder
	for k, w := range widths {
		if w == 0 {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(between)
		}
		cell := cut(cells[k], w, s)
		fill := strings.Repeat(" ", max(0, w-ansi.StringWidth(cell)))
		if paints != nil {
			cell = s.paint(paints[k], cell)
		}
		if t.columns[k].right {
			b.WriteString(fill + cell)
		} else {
			b.WriteString(cell + fill)
		}
	}
	return strings.TrimRight(b.String(), " ")
}

// cut returns s in at most w columns.
func cut(text string, w int, s *style) string { return ansi.Truncate(text, max(0, w), s.dots) }

// pad fills a line up.
func pad(line string, w int) string {
	return line + strings.Repeat(" ", max(0, w-ansi.StringWidth(line)))
}

// countCell writes a count for a table.
func countCell(n int64) string {
	if text := cause.Count(n); text != cause.NotKnown {
		return text
	}
	return "-"
}

// ratioCell writes a share for a table.
func ratioCell(f float64) string {
	if math.IsNaN(f) {
		return "-"
	}
	return cause.Percent(f)
}
