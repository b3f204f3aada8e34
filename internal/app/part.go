package app

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/assemble"
	"github.com/kaanalyze/kaanalyze/internal/part"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// partEnding is the ending of the files that parts go to, and partFormat stands for them
// among formats: a part is no report.
const (
	partEnding = ".kap"
	partFormat = "part"
)

// A partMaker makes the part of the captures that are read. It is nil where none is wanted.
type partMaker struct {
	sums, connections *part.Encoded
	undecoded         string
	origins           []part.Origin
}

// writesPart reports whether a part is written.
func (s *settings) writesPart() bool {
	return slices.ContainsFunc(s.outputs, func(o output) bool { return o.format.Name == partFormat })
}

// checkPart refuses to write a part of what it cannot be made of.
func (s *settings) checkPart() error {
	if s.given("point") && strings.TrimSpace(s.Point) == "" {
		return usagef("--point: the name is empty")
	}
	if !s.writesPart() {
		if s.PartRows {
			return &UsageError{errors.New("--part-rows: no part is written"), "-o web1.kap writes one"}
		}
		return nil
	}
	for _, x := range []struct {
		given bool
		flag  string
	}{
		{s.live != nil, "-i"}, {s.Follow, "--follow"}, {s.TUI, "--tui"}, {s.Conn != 0, "--conn"}, {s.Listen != "", "--listen"},
	} {
		if x.given {
			return usagef("%s and -o FILE%s exclude each other: a part is of captures that have an end", x.flag, partEnding)
		}
	}
	if len(s.parts) > 0 {
		return usagef("-o FILE%s: a part is written of captures, and %s is one already", partEnding, printable(s.parts[0]))
	}
	if !s.Each {
		return s.checkPoint()
	}
	return nil
}

// checkPoint refuses captures whose names are not those of one point.
func (s *settings) checkPoint() error {
	if s.Point != "" || len(s.files) < 2 {
		return nil
	}
	first := s.files[0]
	folder, bare := assemble.PointKey(first)
	for _, name := range s.files[1:] {
		if in, as := assemble.PointKey(name); in != folder || as != bare {
			return severalPoints(first, name, "have names that differ in more than digits")
		}
	}
	return nil
}

// severalPoints is the error of captures that were not made at one point.
func severalPoints(a, b, why string) error {
	return &UsageError{
		fmt.Errorf("%s and %s %s: they do not look like captures of one point", printable(a), printable(b), why),
		"write a part for each point, with --each or one call for each; or name the one point, as in --point web1",
	}
}

// checkOverlap refuses captures that were not made one after the other, or not alike.
func (j *Job) checkOverlap(stats *capture.Stats) error {
	if j.s.Point != "" {
		return nil
	}
	if a, b, why := assemble.SeveralPoints(stats); why != "" {
		return severalPoints(a, b, why)
	}
	return nil
}

// takeSums has the sums of an analysis encoded for the part.
func (j *Job) takeSums(opt *analyze.Options) {
	if m := j.part; m != nil {
		opt.Sums = func(s *analyze.Sums) { m.sums = part.EncodeSums(s) }
	}
}

// encode encodes the connections of a result for the part.
func (m *partMaker) encode(r *analyze.Result, src *capture.Source) {
	m.connections, m.undecoded = part.EncodeResult(r), r.Undecoded
	if len(src.Stats().Sources) > 1 {
		for o := range src.Origins() {
			m.origins = append(m.origins, part.Origin{Num: o.Num, Packet: o.Packet, Source: o.Source})
		}
	}
}

// errBounded is that the captures need more memory than there is.
var errBounded = errors.New("detail was given up to stay within --max-memory, and a part needs all of it; raise that, or write a part for fewer captures")

// write writes the part of a report's captures under the name of a point.
func (m *partMaker) write(w io.Writer, r *report.Report, point string, s *settings) error {
	if m.sums == nil || m.connections == nil || r.NotKept > 0 {
		return errBounded
	}
	p := &part.Part{
		Point: point, Version: Version, TimeWait: s.TimeWait, Meta: r.Meta, Undecoded: m.undecoded, AllRows: s.PartRows, Origins: m.origins,
	}
	named := map[uint64]bool{}
	if id, _, ok := r.Result.Example(); ok {
		named[id] = true
	}
	for _, f := range r.Diagnosed().Findings {
		for _, x := range f.Examples {
			named[x.Connection] = true
		}
	}
	var c analyze.Connection
	for i := range r.Result.Len() {
		if r.Result.Connection(i, &c); s.PartRows || named[c.ID] {
			p.Rows = append(p.Rows, c)
		}
	}
	return part.Write(w, p, m.sums, m.connections)
}

// pointOf returns the name of the point whose part is written to that file. Where names are
// pseudonyms, so is this one, unless it was given.
func (s *settings) pointOf(file string) string {
	if s.Point != "" {
		return s.Point
	}
	name := filepath.Base(file)
	if len(name) > len(partEnding) && strings.EqualFold(name[len(name)-len(partEnding):], partEnding) {
		name = name[:len(name)-len(partEnding)]
	} else {
		name = cmp.Or(plainEnding().ReplaceAllString(name, ""), name)
	}
	if a := s.anonymizer(); a != nil {
		return a.Host(name)
	}
	return name
}
