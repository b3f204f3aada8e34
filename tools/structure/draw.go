package main

import (
	"bytes"
	"fmt"
	"html"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// The sizes of the picture, in pixels.
const (
	boxWidth, boxHeight = 190, 34
	columnGap, rowGap   = 18, 66
	margin              = 20
)

// box is a package in the picture.
type box struct {
	name  string
	x, y  int
	below []*box // that it imports
}

// drawImports draws each package below all that import it. Imports that follow
// from others are left out, else every package points to flows; so are packages
// that only tests use.
func drawImports(pkgs []*packages.Package) []byte {
	pkgs = slices.DeleteFunc(pkgs, func(p *packages.Package) bool { return strings.HasSuffix(p.Name, "test") })
	boxes := map[string]*box{}
	for _, p := range pkgs {
		boxes[p.PkgPath] = &box{name: name(p)}
	}
	levels := map[string]int{}
	var level func(p *packages.Package) int
	level = func(p *packages.Package) int {
		if n, ok := levels[p.PkgPath]; ok {
			return n
		}
		n := 0
		for _, q := range p.Imports {
			if boxes[q.PkgPath] != nil {
				n = max(n, level(q)+1)
			}
		}
		levels[p.PkgPath] = n
		return n
	}
	top := 0
	for _, p := range pkgs {
		top = max(top, level(p))
	}
	rows := make([][]*box, top+1)
	for _, p := range pkgs {
		b := boxes[p.PkgPath]
		for _, q := range direct(p, boxes) {
			b.below = append(b.below, boxes[q.PkgPath])
		}
		row := top - levels[p.PkgPath]
		rows[row] = append(rows[row], b)
	}
	return svg(rows)
}

// direct returns what p imports itself and through none of its other imports.
func direct(p *packages.Package, boxes map[string]*box) []*packages.Package {
	var out []*packages.Package
	for _, q := range p.Imports {
		if boxes[q.PkgPath] == nil {
			continue
		}
		through := false
		for _, r := range p.Imports {
			through = through || r != q && boxes[r.PkgPath] != nil && reaches(r, q, boxes)
		}
		if !through {
			out = append(out, q)
		}
	}
	slices.SortFunc(out, func(a, b *packages.Package) int { return bytes.Compare([]byte(a.PkgPath), []byte(b.PkgPath)) })
	return out
}

// reaches reports whether p imports q, maybe through others.
func reaches(p, q *packages.Package, boxes map[string]*box) bool {
	for _, r := range p.Imports {
		if boxes[r.PkgPath] != nil && (r == q || reaches(r, q, boxes)) {
			return true
		}
	}
	return false
}

func svg(rows [][]*box) []byte {
	widest := 0
	for _, row := range rows {
		widest = max(widest, len(row))
	}
	width := 2*margin + widest*(boxWidth+columnGap) - columnGap
	height := 2*margin + len(rows)*(boxHeight+rowGap) - rowGap
	for i, row := range rows {
		indent := (width - len(row)*(boxWidth+columnGap) + columnGap) / 2
		for j, b := range row {
			b.x, b.y = indent+j*(boxWidth+columnGap), margin+i*(boxHeight+rowGap)
		}
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13">`+"\n", width, height)
	fmt.Fprintf(&out, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", width, height)
	for _, row := range rows {
		for _, b := range row {
			for _, to := range b.below {
				x1, y1, x2, y2 := b.x+boxWidth/2, b.y+boxHeight, to.x+boxWidth/2, to.y
				fmt.Fprintf(&out, `<path d="M%d %dC%d %d %d %d %d %d" fill="none" stroke="#8aa"/>`+"\n", x1, y1, x1, y1+rowGap/2, x2, y2-rowGap/2, x2, y2)
			}
		}
	}
	for _, row := range rows {
		for _, b := range row {
			fmt.Fprintf(&out, `<rect x="%d" y="%d" width="%d" height="%d" rx="5" fill="#eef4f4" stroke="#466"/>`+"\n", b.x, b.y, boxWidth, boxHeight)
			fmt.Fprintf(&out, `<text x="%d" y="%d" text-anchor="middle" fill="#122">%s</text>`+"\n", b.x+boxWidth/2, b.y+boxHeight/2+4, html.EscapeString(b.name))
		}
	}
	out.WriteString("</svg>\n")
	return out.Bytes()
}
