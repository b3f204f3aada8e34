package picture

import (
	"bytes"
	"image/color"
	"io"
	"math"
	"slices"
	"strings"

	"codeberg.org/go-fonts/liberation/liberationsansregular"
	"golang.org/x/image/font/opentype"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/kaanalyze/kaanalyze/internal/report"
)

// Of gonum.org/v1/plot only the canvases are used: its root package parses
// twelve fonts when the program starts, and makes it 6 MB larger.

// Lengths of a picture in points, of which a pixel is three quarters.
const (
	width       = vg.Length(900)
	margin      = vg.Length(18)
	chartHeight = vg.Length(126)
	chartLeft   = vg.Length(60) // of it, for the values
	chartRight  = vg.Length(24)

	verdictSize = vg.Length(15)
	titleSize   = vg.Length(11.25)
	smallSize   = vg.Length(9.75)
)

var (
	ink  = color.RGBA{0x1a, 0x1a, 0x1a, 255}
	soft = color.RGBA{0x55, 0x55, 0x55, 255}
	grid = color.RGBA{0xdd, 0xdd, 0xdd, 255}
	fill = color.RGBA{0xd3, 0xe3, 0xf1, 255} // fills what is below a curve

	// levelColours stand beside the word.
	levelColours = [...]color.RGBA{{0x6b, 0x6b, 0x6b, 255}, {0x1b, 0x7f, 0x3b, 255}, {0xb3, 0x26, 0x1e, 255}}

	// pens differ in lightness and in dashes, not only in hue.
	pens = []draw.LineStyle{
		{Color: color.RGBA{0x1f, 0x4e, 0x79, 255}, Width: 1.5},
		{Color: color.RGBA{0xc7, 0x4e, 0x00, 255}, Width: 1.5, Dashes: []vg.Length{6, 3}},
		{Color: color.RGBA{0x00, 0x00, 0x00, 255}, Width: 1.5, Dashes: []vg.Length{2, 2}},
		{Color: color.RGBA{0x4f, 0x8f, 0x12, 255}, Width: 1.5, Dashes: []vg.Length{8, 3, 2, 3}},
		{Color: color.RGBA{0x7b, 0x2a, 0x8f, 255}, Width: 1.5, Dashes: []vg.Length{4, 4}},
		{Color: color.RGBA{0x80, 0x80, 0x80, 255}, Width: 1.5, Dashes: []vg.Length{12, 3}},
	}
)

// WriteSVG writes r as a picture that scales. Its letters are text: of the
// named fonts, all of the same widths, a viewer takes the first that it has.
func WriteSVG(w io.Writer, r *report.Report) error {
	blocks, height := newDrawing(newPicture(r)).layOut()
	c := vgsvg.New(width, height)
	drawBlocks(draw.New(c), blocks)
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return report.WriteError(err)
	}
	// Text cannot hold this: its quotes are escaped.
	const named = `style="font-family:Liberation Sans`
	if _, err := w.Write(bytes.ReplaceAll(b.Bytes(), []byte(named), []byte(named+",Arial,Helvetica,sans-serif"))); err != nil {
		return report.WriteError(err)
	}
	return nil
}

// WritePNG writes r as a picture 1200 pixels wide.
func WritePNG(w io.Writer, r *report.Report) error {
	blocks, height := newDrawing(newPicture(r)).layOut()
	c := vgimg.New(width, height)
	drawBlocks(draw.New(c), blocks)
	if _, err := (vgimg.PngCanvas{Canvas: c}).WriteTo(w); err != nil {
		return report.WriteError(err)
	}
	return nil
}

// block is a part of a picture as wide as that.
type block struct {
	height vg.Length
	draw   func(c *draw.Canvas) // c has that height
}

// drawBlocks draws one block below the other.
func drawBlocks(c draw.Canvas, blocks []block) {
	c.SetColor(color.White)
	c.Fill(c.Rectangle.Path())
	top := c.Max.Y - margin
	for _, b := range blocks {
		part := c
		part.Min = vg.Point{X: c.Min.X + margin, Y: top - b.height}
		part.Max = vg.Point{X: c.Max.X - margin, Y: top}
		b.draw(&part)
		top -= b.height
	}
}

// drawing lays out a picture.
type drawing struct {
	*picture
	letters *opentype.Font
	blocks  []block
}

// newDrawing returns a drawing of x that is not laid out yet.
func newDrawing(x *picture) *drawing {
	letters, err := opentype.Parse(liberationsansregular.TTF)
	if err != nil {
		panic("the program's own font is broken: " + err.Error())
	}
	return &drawing{picture: x, letters: letters}
}

// face returns the letters of that size.
func (d *drawing) face(size vg.Length) *font.Face {
	return &font.Face{Font: font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}, Face: d.letters}
}

// cut returns as much of s as is at most that wide.
func (d *drawing) cut(s string, size, width vg.Length) string {
	face, whole := d.face(size), []rune(report.Shorten(s, 500))
	if face.Width(string(whole)) <= width {
		return string(whole)
	}
	for n := len(whole); n > 0; n-- {
		if short := strings.TrimRight(string(whole[:n]), " ") + "..."; face.Width(short) <= width {
			return short
		}
	}
	return ""
}

// wrap breaks s into at most two lines, and cuts the rest.
func (d *drawing) wrap(s string, size, width vg.Length) []string {
	face, words := d.face(size), strings.Fields(report.Shorten(s, 500))
	n := len(words)
	for n > 1 && face.Width(strings.Join(words[:n], " ")) > width {
		n--
	}
	lines := []string{d.cut(strings.Join(words[:n], " "), size, width)}
	if n < len(words) {
		lines = append(lines, d.cut(strings.Join(words[n:], " "), size, width))
	}
	return lines
}

// write writes s with its base line there.
func (d *drawing) write(c *draw.Canvas, s string, size vg.Length, paint color.Color, x, y vg.Length) {
	c.SetColor(paint)
	c.FillString(*d.face(size), vg.Point{X: x, Y: y}, s)
}

// line adds a line of text.
func (d *drawing) line(s string, size vg.Length, paint color.Color, indent vg.Length) {
	s = d.cut(s, size, width-2*margin-indent)
	d.blocks = append(d.blocks, block{size * 1.4, func(c *draw.Canvas) {
		d.write(c, s, size, paint, c.Min.X+indent, c.Min.Y+size*0.35)
	}})
}

// gap adds an empty block.
func (d *drawing) gap(height vg.Length) {
	d.blocks = append(d.blocks, block{height, func(*draw.Canvas) {}})
}

// layOut returns the parts of the picture, and how high it is.
func (d *drawing) layOut() ([]block, vg.Length) {
	d.head()
	last := -1
	for i := range d.panels {
		if d.panels[i].curves != nil {
			last = i
		}
	}
	for i := range d.panels {
		p := &d.panels[i]
		d.gap(12)
		if p.curves == nil {
			d.line(p.title, titleSize, ink, 0)
			d.line(p.instead, smallSize, soft, 0)
			continue
		}
		d.line(p.title+p.titleEnd, titleSize, ink, 0)
		d.legend(p)
		d.chart(p)
		if i == last {
			d.axis()
		}
	}
	d.gap(8)
	d.line(d.version, smallSize, soft, 0)
	height := 2 * margin
	for _, b := range d.blocks {
		height += b.height
	}
	return d.blocks, height
}

// head adds the verdict, and what it is of.
func (d *drawing) head() {
	const indent = vg.Length(12)
	bar := levelColours[d.level]
	from := len(d.blocks)
	for _, s := range d.wrap(report.Fit(d.verdict, 500), verdictSize, width-2*margin-indent) {
		d.line(s, verdictSize, ink, indent)
	}
	for _, s := range []string{d.fix, d.name + ", " + d.facts, d.narrowed, d.doubts} {
		if s != "" {
			d.line(report.Fit(s, 500), smallSize, soft, indent)
		}
	}
	for i := from; i < len(d.blocks); i++ {
		text := d.blocks[i].draw
		d.blocks[i].draw = func(c *draw.Canvas) {
			side := c.Rectangle
			side.Max.X = side.Min.X + 5
			if i > from {
				side.Max.Y += 1 // no seam
			}
			c.SetColor(bar)
			c.Fill(side.Path())
			text(c)
		}
	}
}

// legend adds a sample of each curve beside its name.
func (d *drawing) legend(p *panel) {
	const height, sample, apart = smallSize * 1.5, vg.Length(27), vg.Length(16)
	face := d.face(smallSize)
	x := chartLeft
	var row []func(c *draw.Canvas)
	end := func() {
		draws := row
		d.blocks = append(d.blocks, block{height, func(c *draw.Canvas) {
			for _, f := range draws {
				f(c)
			}
		}})
		x, row = chartLeft, nil
	}
	for i := range p.curves {
		name := d.cut(report.Fit(p.curves[i].name, 100), smallSize, 300)
		wide := sample + 5 + face.Width(name)
		if len(row) > 0 && x+wide > width-2*margin {
			end()
		}
		at := x
		row = append(row, func(c *draw.Canvas) {
			y := c.Min.Y + height*0.5
			if p.curves[i].filled {
				c.SetColor(fill)
				c.Fill(vg.Rectangle{Min: vg.Point{X: c.Min.X + at, Y: y - 5}, Max: vg.Point{X: c.Min.X + at + sample, Y: y}}.Path())
			}
			c.StrokeLine2(pens[i%len(pens)], c.Min.X+at, y, c.Min.X+at+sample, y)
			d.write(c, name, smallSize, soft, c.Min.X+at+sample+5, y-smallSize*0.33)
		})
		x += wide + apart
	}
	end()
}

// chart adds the curves of p in a frame.
func (d *drawing) chart(p *panel) {
	most := 0.0
	if p.share {
		most = 100
	}
	for _, t := range p.curves {
		for _, v := range t.values {
			if !math.IsNaN(v) {
				most = max(most, v)
			}
		}
	}
	values, top := valueTicks(most)
	d.blocks = append(d.blocks, block{chartHeight, func(c *draw.Canvas) {
		in := draw.Crop(*c, chartLeft, -chartRight, 1, -5)
		thin := draw.LineStyle{Color: grid, Width: 0.75}
		for _, t := range values {
			y := in.Y(t.at)
			in.StrokeLine2(thin, in.Min.X, y, in.Max.X, y)
			d.write(&in, t.label, smallSize, soft, in.Min.X-6-d.face(smallSize).Width(t.label), y-smallSize*0.33)
		}
		for _, t := range d.timeTicks() {
			in.StrokeLine2(thin, in.X(t.at), in.Min.Y, in.X(t.at), in.Max.Y)
		}
		for i := range p.curves {
			d.curve(&in, &p.curves[i], top, pens[i%len(pens)])
		}
		in.StrokeLine2(draw.LineStyle{Color: soft, Width: 0.75}, in.Min.X, in.Min.Y, in.Max.X, in.Min.Y)
	}})
}

// curve draws steps, and nothing where there is no value.
func (d *drawing) curve(c *draw.Canvas, t *trace, top float64, pen draw.LineStyle) {
	for from := 0; from < len(t.values); from++ {
		var path vg.Path
		to := from
		for ; to < len(t.values) && !math.IsNaN(t.values[to]); to++ {
			y := c.Y(min(max(0, t.values[to]/top), 1))
			if to == from {
				path.Move(vg.Point{X: d.x(c, to), Y: y})
			} else {
				path.Line(vg.Point{X: d.x(c, to), Y: y})
			}
			path.Line(vg.Point{X: d.x(c, to+1), Y: y})
		}
		if t.filled && to > from {
			area := append(slices.Clone(path), vg.PathComp{Type: vg.LineComp, Pos: vg.Point{X: d.x(c, to), Y: c.Min.Y}},
				vg.PathComp{Type: vg.LineComp, Pos: vg.Point{X: d.x(c, from), Y: c.Min.Y}}, vg.PathComp{Type: vg.CloseComp})
			c.SetColor(fill)
			c.Fill(area)
		}
		if to > from {
			c.SetLineStyle(pen)
			c.Stroke(path)
		}
		from = to
	}
}

// x returns where a step begins, or what of it is shown.
func (d *drawing) x(c *draw.Canvas, step int) vg.Length {
	at := min(max(d.from, d.start+int64(step)*d.step), d.to)
	return c.X(float64(at-d.from) / float64(d.to-d.from))
}

// axis adds the times below the charts.
func (d *drawing) axis() {
	const height = vg.Length(30)
	d.blocks = append(d.blocks, block{height, func(c *draw.Canvas) {
		in := draw.Crop(*c, chartLeft, -chartRight, 0, 0)
		face := d.face(smallSize)
		for _, t := range d.timeTicks() {
			x := in.X(t.at)
			in.StrokeLine2(draw.LineStyle{Color: soft, Width: 0.75}, x, in.Max.Y, x, in.Max.Y-4)
			d.write(&in, t.label, smallSize, soft, x-face.Width(t.label)/2, in.Max.Y-5-smallSize)
		}
		said := "time, " + d.zone.Word(d.to) + ", " + d.days()
		d.write(&in, said, smallSize, soft, in.Center().X-face.Width(said)/2, in.Min.Y)
	}})
}
