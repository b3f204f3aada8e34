package capture

import (
	"math"

	"github.com/kaanalyze/kaanalyze/capture/internal/bpf"
	"github.com/kaanalyze/kaanalyze/capture/internal/decode"
	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
	"github.com/kaanalyze/kaanalyze/flows"
)

// A worker decodes blocks. It shares nothing with other workers but the
// compiled filters.
type worker struct {
	s     *Source
	dec   *decode.Decoder
	scan  func(payload []byte) flows.Note // nil if nothing is to be noted
	since int64
	until int64

	link   pcapfile.LinkType // that filter is for
	filter *bpf.Filter       // nil if there is none
}

// noLink is no link type.
const noLink pcapfile.LinkType = math.MaxUint32

// newWorker returns a worker for s.
func newWorker(s *Source) *worker {
	w := &worker{s: s, dec: decode.New(), scan: s.opt.newScan(), link: noLink}
	w.since, w.until = s.opt.window()
	return w
}

// decode fills the block's segments and counts. It is the path of every packet:
// it allocates only when a block has more frames than any before.
func (w *worker) decode(b *block) {
	w.count(b)
	if len(b.segs) < len(b.Frames) {
		b.segs = make([]flows.Segment, len(b.Frames)+len(b.Frames)/8)
	}
	dec, scan, segs := w.dec, w.scan, b.segs
	n := 0
	for i := range b.Frames {
		f := &b.Frames[i]
		if f.Time < w.since || f.Time > w.until || f.Kind == pcapfile.NoPacket {
			continue
		}
		data := b.Buf[f.Off : f.Off+f.CapLen : f.Off+f.CapLen]
		if w.s.filters != nil && !w.matches(f, data, b) {
			continue
		}
		seg := &segs[n]
		switch dec.Decode(f.Link, f.Iface, data, f.WireLen, seg) {
		case decode.TCP:
			seg.Time, seg.Num = f.Time, b.first+uint64(i)
			if scan != nil && len(seg.Payload) > 0 {
				seg.Note = scan(seg.Payload)
			} else {
				seg.Note = flows.Note{}
			}
			n++
		case decode.Fragment:
			b.fragments = append(b.fragments, fragmentFrame{n, i})
		case decode.Undecoded:
			b.counts.undecoded++
		}
	}
	b.n = n
	b.counts.tcp = uint64(n)
}

// count counts the block's frames, whether they are decoded or not.
func (w *worker) count(b *block) {
	frames := b.Frames
	for i := range b.runs {
		r := &b.runs[i]
		of := frames[:r.frames]
		frames = frames[r.frames:]
		r.first, r.last = noTime, math.MinInt64
		for j := range of {
			f := &of[j]
			b.counts.bytes += uint64(f.WireLen)
			if f.CapLen < f.WireLen {
				b.counts.cut++
			}
			if f.Kind == pcapfile.TimedPacket && f.WireLen > 0 { // a crash leaves zeros, which read as records of no length
				r.first, r.last = min(r.first, f.Time), max(r.last, f.Time)
			}
		}
	}
}

// matches reports whether the filter accepts a frame.
func (w *worker) matches(f *pcapfile.Frame, data []byte, b *block) bool {
	if f.Link != w.link {
		compiled, err := w.s.filters.get(f.Link)
		if err != nil {
			b.err = err
			return false
		}
		w.link, w.filter = f.Link, compiled
	}
	return w.filter.Match(data, f.WireLen)
}

// limitCount cuts the block after the opt.Count-th frame that counts, and
// reports whether it has come.
func (w *worker) limitCount(b *block) bool {
	s := w.s
	for i := range b.Frames {
		f := &b.Frames[i]
		if f.Time < w.since || f.Time > w.until || f.Kind == pcapfile.NoPacket ||
			s.filters != nil && !w.matches(f, b.Buf[f.Off:f.Off+f.CapLen], b) {
			continue
		}
		if s.counted++; s.counted == s.opt.Count {
			b.truncate(i + 1)
			return true
		}
	}
	return false
}

// reassemble puts together the fragments of a block that is delivered: they are
// in their order among all blocks then. A segment that they complete goes where
// its last fragment was.
func (s *Source) reassemble(b *block) {
	if len(b.fragments) == 0 {
		return
	}
	var all []flows.Segment // the block's, with those completed
	taken := 0
	for _, part := range b.fragments {
		f := &b.Frames[part.frame]
		var seg flows.Segment
		switch s.defrag.Add(f.Link, f.Iface, b.Buf[f.Off:f.Off+f.CapLen], f.WireLen, f.Time, &seg) {
		case decode.TCP:
			seg.Time, seg.Num = f.Time, b.first+uint64(part.frame)
			b.reassembled = append(b.reassembled, reassembledFrame{seg.Num, s.defrag.Headers()})
			if s.lateScan == nil {
				s.lateScan = s.opt.newScan()
			}
			if s.lateScan != nil && len(seg.Payload) > 0 {
				seg.Note = s.lateScan(seg.Payload)
			}
			all = append(all, b.segs[taken:part.at]...)
			all = append(all, seg)
			taken = part.at
			b.counts.tcp++
		case decode.Undecoded:
			b.counts.undecoded++
		}
	}
	if all != nil {
		b.segs = append(all, b.segs[taken:b.n]...)
		b.n = len(b.segs)
	}
}
