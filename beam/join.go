package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/kaanalyze/kaanalyze/internal/part"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/report/formats"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

func init() {
	register.DoFn3x1[context.Context, Point, func([]byte), error](&analysePoint{})
	register.DoFn4x1[context.Context, Point, func(string, []byte), func([]byte), error](&dividePoint{})
	register.DoFn3x1[string, func(*[]byte) bool, func([]byte), error](&analyseShard{})
	register.DoFn3x1[context.Context, int, func(*[]byte) bool, error](&joinParts{})
	register.Emitter1[[]byte]()
	register.Emitter2[string, []byte]()
	register.Iter1[[]byte]()
}

// pipeline makes the parts of all points, and of these one report.
func pipeline(s beam.Scope, points []Point, c *config) {
	all := beam.Reshuffle(s, beam.CreateList(s, points))
	var parts beam.PCollection
	if c.shuffle == 0 {
		parts = beam.ParDo(s.Scope("analyse points"), &analysePoint{c.timeWait}, all)
	} else {
		blocks, about := beam.ParDo2(s.Scope("divide points"), &dividePoint{c.timeWait, c.shuffle}, all)
		shards := beam.ParDo(s.Scope("analyse shards"), &analyseShard{c.timeWait}, beam.GroupByKey(s, blocks))
		parts = beam.Flatten(s, about, shards)
	}
	beam.ParDo0(s.Scope("join parts"), &joinParts{c.output}, beam.GroupByKey(s, beam.AddFixedKey(s, parts)))
}

// mostPart is how many bytes of memory a part may take, as it says itself.
const mostPart = 8 << 30

// joinParts is the worker that joins all parts and writes the report.
type joinParts struct{ Output string }

// ProcessElement joins parts, whose order does not matter.
func (f *joinParts) ProcessElement(ctx context.Context, _ int, next func(*[]byte) bool) error {
	var list []*part.Part
	var b []byte
	for next(&b) {
		p, err := part.Read(bytes.NewReader(b), mostPart)
		if err != nil {
			return fmt.Errorf("read a part: %w", err)
		}
		list = append(list, p)
	}
	x, err := part.Join(list, threads())
	if err != nil {
		return err
	}
	return f.write(ctx, reportOf(x))
}

// reportOf judges what was joined. Shards are no points of their own.
func reportOf(x *part.Joined) *report.Report {
	var points []report.Point
	for _, p := range x.Meta.Points {
		if !strings.Contains(p.Name, shardMark) {
			p.Name = strings.TrimSuffix(p.Name, captureMark)
			points = append(points, p)
		}
	}
	x.Meta.Points = points
	r := &report.Report{
		Version: report.ToolVersion, Meta: x.Meta, Result: x.Result, Facts: x.Rows, NotKept: x.NotKept,
		Diagnosis: rules.Diagnose(x.Collector, x.Result), Options: report.Options{Workers: threads()},
	}
	if len(r.Meta.Sources) > 1 {
		r.Origin = x.Origin
	}
	return r
}

// formatOf returns the format of a report with that name.
func formatOf(name string) (report.Format, error) {
	f, ok := formats.ByEnding(name)
	if !ok {
		return f, fmt.Errorf("--output %q: its ending is that of no report", name)
	}
	return f, nil
}

// write writes the report, under another name until it is whole where files can be renamed.
func (f *joinParts) write(ctx context.Context, r *report.Report) error {
	format, err := formatOf(f.Output)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := format.Write(&b, r); err != nil {
		return err
	}
	fs, err := filesystem.New(ctx, f.Output)
	if err != nil {
		return err
	}
	defer fs.Close()
	if strings.Contains(f.Output, "://") { // an object is there when it is whole
		return filesystem.Write(ctx, fs, f.Output, b.Bytes())
	}
	partly := f.Output + ".partly"
	if err := filesystem.Write(ctx, fs, partly, b.Bytes()); err != nil {
		return err
	}
	return filesystem.Rename(ctx, fs, partly, f.Output)
}
