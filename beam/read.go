package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"time"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/assemble"
	"github.com/kaanalyze/kaanalyze/internal/part"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// analysePoint is a worker that analyses one point, and emits its part.
type analysePoint struct{ TimeWait time.Duration }

// ProcessElement analyses p.
func (f *analysePoint) ProcessElement(ctx context.Context, p Point, emit func([]byte)) error {
	if p.isPart() {
		return readParts(ctx, &p, emit)
	}
	b := newBuilder(f.TimeWait)
	read, err := readPoint(ctx, &p, b.analyzer.Apply)
	if err != nil {
		return err
	}
	return b.finish(read.part(&p, f.TimeWait), read.first, read.last, emit)
}

// readParts emits a part as it was written.
func readParts(ctx context.Context, p *Point, emit func([]byte)) error {
	names, remove, err := fetch(ctx, p)
	if err != nil {
		return err
	}
	defer remove()
	b, err := os.ReadFile(names[0])
	if err != nil {
		return err
	}
	if !part.Is(b) {
		return fmt.Errorf("read part %q: it is none", p.Files[0])
	}
	emit(b)
	return nil
}

// reading is what is known of the captures of a point when they have been read.
type reading struct {
	first, last int64
	meta        report.Meta
	undecoded   string
	origins     []part.Origin
}

// readPoint reads the captures of a point, and hands their segments to apply.
func readPoint(ctx context.Context, p *Point, apply func([]flows.Segment)) (*reading, error) {
	names, remove, err := fetch(ctx, p)
	if err != nil {
		return nil, err
	}
	defer remove()
	src, err := capture.OpenFiles(names, capture.Options{NewScan: assemble.NewScan, Workers: threads()})
	if err != nil {
		return nil, fmt.Errorf("point %q: %w", p.Name, err)
	}
	defer src.Close()
	if err := src.Run(ctx, func(segs []flows.Segment) error { apply(segs); return nil }); err != nil {
		return nil, fmt.Errorf("point %q: %w", p.Name, err)
	}
	stats := src.Stats()
	if stats.Packets == 0 {
		return nil, fmt.Errorf("point %q: there is no packet in %q", p.Name, p.Files)
	}
	if a, b, why := assemble.SeveralPoints(&stats); why != "" {
		return nil, fmt.Errorf("%q and %q %s: they do not look like captures of one point; put those of each point into a folder of its own", a, b, why)
	}
	r := &reading{meta: assemble.Meta(&stats, report.Narrowed{}), undecoded: assemble.Undecoded(&stats)}
	r.first, r.last = assemble.Bounds(&stats, 0, 0)
	for i := range r.meta.Sources {
		r.meta.Sources[i].Name = p.Files[i]
		r.meta.Sources[i].SHA256 = assemble.Sum(ctx, names[i], assemble.MaxSummed)
	}
	if len(stats.Sources) > 1 {
		for o := range src.Origins() {
			r.origins = append(r.origins, part.Origin{Num: o.Num, Packet: o.Packet, Source: o.Source})
		}
	}
	return r, nil
}

// part returns what a part of the point says of its captures.
func (r *reading) part(p *Point, timeWait time.Duration) *part.Part {
	return &part.Part{Point: p.Name, Version: report.ToolVersion, TimeWait: timeWait, Meta: r.meta, Undecoded: r.undecoded, Origins: r.origins}
}

// builder makes a part of segments.
type builder struct {
	analyzer *analyze.Analyzer
	sums     *part.Encoded
}

func newBuilder(timeWait time.Duration) *builder {
	b := &builder{}
	opt := assemble.Options(report.Narrowed{}, timeWait)
	opt.Sums = func(s *analyze.Sums) { b.sums = part.EncodeSums(s) }
	b.analyzer = analyze.New(opt)
	return b
}

// finish emits the part, of captures that are from first to last.
func (b *builder) finish(p *part.Part, first, last int64, emit func([]byte)) error {
	r := b.analyzer.Finish(first, last)
	var out bytes.Buffer
	if err := part.Write(&out, p, b.sums, part.EncodeResult(r)); err != nil {
		return fmt.Errorf("write the part of point %q: %w", p.Point, err)
	}
	emit(out.Bytes())
	return nil
}
