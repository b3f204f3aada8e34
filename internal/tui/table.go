package tui

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// list is a table of any rows, as the model sees it.
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

// column is a column of a table. It makes text of a row only when that is drawn.
type column[T any] struct {
	head  string
	right bool
	rank  int // where there is no room, columns of the highest rank are left out first; those of 0 stay
	flex  int // if not 0, the column takes the columns of the window that are left, and its text is cut

	text  func(*T) string
	order func(*T) string  // to sort by, instead of the text
	value func(*T) float64 // to sort by, instead of both; the greatest first
	paint func(*T) paint   // nil for none

	width int // of the widest text that was drawn
}

// table shows items as rows: some of them, in some order. It makes text only of rows
// that are on the screen, and leaves the items where they are.
type table[T any] struct {
	name    string
	columns []column[T]
	count   func() int
	item    func(i int) *T // valid until the next one is asked for
	key     func(*T) string
	words   func([]byte, *T) []byte // appends what the filter looks at

	newestFirst bool          // the order of rows that are not sorted
	inScope     func(*T) bool // nil if all items are
	scope       string        // which items are in scope, in words
	text        string        // of the filter
	sortBy      int           // column, -1 for the order of the items
	reversed    bool          // sorted the other way round

	rows        []int32 // the items that are shown, by number
	cursor, top int     // the rows that are selected, and drawn first
	buf         []byte  // that words appends to
}

func (t *table[T]) title() string    { return t.name }
func (t *table[T]) size() (int, int) { return len(t.rows), t.count() }
func (t *table[T]) filtered() string { return t.text }
func (t *table[T]) scoped() string   { return t.scope }

// load takes all items again. The selected one stays selected, if it is still there.
func (t *table[T]) load() {
	key, at := "", t.cursor
	if x := t.selected(); x != nil && (at > 0 || t.sortBy >= 0) {
		key = t.key(x)
	}
	t.rows = t.rows[:0]
	for i := range t.count() {
		t.rows = append(t.rows, int32(i))
	}
	if t.newestFirst && t.sortBy < 0 {
		slices.Reverse(t.rows)
	}
	t.applyFilter()
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

// applyFilter leaves the rows that are in scope and have all words of the filter.
func (t *table[T]) applyFilter() {
	terms := bytes.Fields(bytes.ToLower([]byte(t.text)))
	if len(terms) == 0 && t.inScope == nil {
		return
	}
	t.rows = slices.DeleteFunc(t.rows, func(i int32) bool {
		x := t.item(int(i))
		if t.inScope != nil && !t.inScope(x) {
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

// sort sorts the rows by the column that was chosen, if one was.
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
	direction := 1
	if t.reversed {
		direction = -1
	}
	slices.SortStableFunc(list, func(a, b sortable) int {
		return direction * cmp.Or(cmp.Compare(a.n, b.n), cmp.Compare(a.text, b.text))
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

// filter shows the rows that have all words of text. Where that is what it was and
// more, only the rows that are shown have to be looked at.
func (t *table[T]) filter(text string) {
	longer := strings.HasPrefix(text, t.text)
	t.text = text
	if !longer {
		t.load()
		return
	}
	t.applyFilter()
	t.move(0)
}

// show shows only the items for which inScope is true, which scope names.
func (t *table[T]) show(scope string, inScope func(*T) bool) {
	t.scope, t.inScope, t.text, t.cursor, t.top = scope, inScope, "", 0, 0
	t.load()
}

// clear takes the filter away, and the scope if there is no filter.
func (t *table[T]) clear() {
	if t.text == "" {
		t.scope, t.inScope = "", nil
	}
	t.text = ""
	t.load()
}

// sortNext sorts by the column that stands by columns after the one so far. The order
// of the items stands before the first column.
func (t *table[T]) sortNext(by int) {
	n := len(t.columns) + 1
	t.sortBy, t.reversed = (t.sortBy+1+by+n)%n-1, false
	t.load()
}

func (t *table[T]) reverse() {
	if t.sortBy >= 0 {
		t.reversed = !t.reversed
	} else {
		t.newestFirst = !t.newestFirst
	}
	t.load()
}

// sorting names the order of the rows, "" if they are not sorted.
func (t *table[T]) sorting() string {
	if t.sortBy < 0 {
		return ""
	}
	if t.reversed {
		return t.columns[t.sortBy].head + ", reversed"
	}
	return t.columns[t.sortBy].head
}

// cursorMark stands before the selected row.
const cursorMark = "> "

// gap returns what stands between columns in a window of that width.
func gap(width int) string {
	if width < 100 {
		return " "
	}
	return "  "
}

// draw draws the heads of columns, and the rows that fit, in at most height lines.
func (t *table[T]) draw(s *style, width, height int) []string {
	height = max(1, height-1)
	t.top = min(max(t.top, t.cursor-height+1), t.cursor, max(0, len(t.rows)-height))
	shown := t.rows[t.top:min(len(t.rows), t.top+height)]
	cells, paints := t.cells(shown)
	widths := t.fit(s, width)
	heads := make([]string, len(t.columns))
	for k := range t.columns {
		heads[k] = t.head(s, k)
	}
	between := gap(width)
	lines := []string{s.bold("  " + t.line(s, between, widths, heads, nil))}
	for j := range shown {
		if t.top+j == t.cursor {
			lines = append(lines, s.reverse(pad(cursorMark+t.line(s, between, widths, cells[j], nil), width)))
		} else {
			lines = append(lines, "  "+t.line(s, between, widths, cells[j], paints[j]))
		}
	}
	return lines
}

// cells makes text of rows, and notes how wide the columns are now.
func (t *table[T]) cells(rows []int32) (cells [][]string, paints [][]paint) {
	cells, paints = make([][]string, len(rows)), make([][]paint, len(rows))
	for j, i := range rows {
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
	return cells, paints
}

// head returns what stands above a column: its name, and which way rows are sorted.
func (t *table[T]) head(s *style, k int) string {
	c := &t.columns[k]
	if k != t.sortBy {
		return c.head
	}
	if (c.value != nil) != t.reversed {
		return c.head + s.down
	}
	return c.head + s.up
}

// fit returns how wide each column is drawn, 0 for those that have no room.
func (t *table[T]) fit(s *style, width int) []int {
	widths := make([]int, len(t.columns))
	between := len(gap(width))
	left := width - len(cursorMark) + between
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
	for ; left < 0; left++ { // names give way to numbers
		k := t.widestName(widths)
		if widths[k] <= minName {
			break
		}
		widths[k]--
	}
	for k := range t.columns {
		if widths[k] > 0 && t.columns[k].flex > 0 {
			widths[k] = max(minFlex, widths[k]+left)
			break
		}
	}
	return widths
}

// minFlex is how many columns of the window are left to a column that is cut.
const minFlex = 8

// minName is how many are left to a column of names, such as two addresses of IPv6.
const minName = 20

// widestName returns the column that has room to give, if any has.
func (t *table[T]) widestName(widths []int) (widest int) {
	for k := range t.columns {
		if c := &t.columns[k]; !c.right && c.flex == 0 && (widths[k] > widths[widest] || t.columns[widest].right) {
			widest = k
		}
	}
	return widest
}

// line joins the cells of a row, of which those of width 0 are left out.
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
		if c := &t.columns[k]; c.flex == 0 && !c.right && len(cells[k]) > w {
			cell = cutMiddle(cells[k], w, s) // what tells addresses apart may stand at their end
		}
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
