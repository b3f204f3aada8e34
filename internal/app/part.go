package app

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
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

// digits are what the names of the captures of one point differ in.
var digits = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[0-9]+`) })

// checkPoint refuses captures whose names are not those of one point.
func (s *settings) checkPoint() error {
	if s.Point != "" || len(s.files) < 2 {
		return nil
	}
	bare := func(name string) string { return digits().ReplaceAllString(filepath.Base(name), "") }
	for _, name := range s.files[1:] {
		if first := s.files[0]; bare(name) != bare(first) || filepath.Dir(name) != filepath.Dir(first) {
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

// farthestOverlap is how long, in ns, two captures of one point overlap at most: a rotated
// file ends with the packets that were under way.
const farthestOverlap = 1e9

// checkOverlap refuses captures that were not made one after the other, or not alike.
func (j *Job) checkOverlap(stats *capture.Stats) error {
	if j.s.Point != "" || len(stats.Sources) < 2 {
		return nil
	}
	list := slices.DeleteFunc(slices.Clone(stats.Sources), func(s capture.SourceStats) bool { return s.Packets == 0 })
	slices.SortFunc(list, func(a, b capture.SourceStats) int { return cmp.Compare(a.First, b.First) })
	for i := range list[min(1, len(list)):] {
		if a, b := &list[i], &list[i+1]; a.Last-b.First > farthestOverlap {
			return severalPoints(a.Name, b.Name, fmt.Sprintf("overlap by %s", cause.Duration(a.Last-b.First)))
		}
	}
	if len(stats.LinkTypes) > 1 {
		return severalPoints(list[0].Name, list[len(list)-1].Name, "have several link types ("+strings.Join(stats.LinkTypes, ", ")+")")
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
	d := cause.NewCollector(1)
	var open []analyze.Connection
	var c analyze.Connection
	for i := range r.Len() {
		r.Connection(i, &c)
		if cause.Final(&c) {
			d.Add(&c, r.Last)
		} else {
			open = append(open, c)
		}
	}
	m.connections, m.undecoded = part.EncodeConnections(d.Kept(), open), r.Undecoded
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
