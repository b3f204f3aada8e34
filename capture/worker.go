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
	dec   *decode.Decoder
	scan  func(payload []byte) flows.Note // nil if nothing is to be noted
	since int64
	until int64
	dns   bool // keep answers of DNS

	filters *filterSet        // nil if there is no filter
	link    pcapfile.LinkType // that filter is for
	filter  *bpf.Filter
}

// noLink is no link type.
const noLink pcapfile.LinkType = math.MaxUint32

// newWorker returns a worker.
func newWorker(opt *Options, filters *filterSet) *worker {
	w := &worker{dec: decode.New(), scan: opt.newScan(), filters: filters, link: noLink}
	w.since, w.until = opt.window()
	w.dns = opt.DNS != nil
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
	n, quoted := 0, 0
	for i := range b.Frames {
		f := &b.Frames[i]
		if f.Time < w.since || f.Time > w.until || f.Kind == pcapfile.NoPacket {
			continue
		}
		data := b.Buf[f.Off : f.Off+f.CapLen : f.Off+f.CapLen]
		if w.filters != nil && !w.matches(f, data, b) {
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
		case decode.Quoted:
			seg.Time, seg.Num = f.Time, b.first+uint64(i)
			n++
			quoted++
		case decode.Fragment:
			b.fragments = append(b.fragments, fragmentFrame{n, i})
		case decode.Undecoded:
			b.counts.undecoded++
		case decode.NotTCP:
			if w.dns {
				b.takeAnswer(f, data)
			}
		}
	}
	b.n = n
	b.counts.tcp = uint64(n - quoted)
}

// count counts the block's frames, whether they are decoded or not.
func (w *worker) count(b *block) {
	frames, num := b.Frames, b.first
	for i := range b.runs {
		r := &b.runs[i]
		of, first := frames[:r.frames], num
		frames, num = frames[r.frames:], num+uint64(r.frames)
		r.first, r.last = noTime, math.MinInt64
		for j := range of {
			f := &of[j]
			b.counts.bytes += uint64(f.WireLen)
			if f.CapLen < f.WireLen {
				b.counts.cut++
			}
			if f.Fault != 0 {
				b.counts.clock.note(f.Fault, first+uint64(j))
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
		compiled, err := w.filters.get(f.Link)
		if err != nil {
			b.err = err
			return false
		}
		w.link, w.filter = f.Link, compiled
	}
	return w.filter.Match(data, f.WireLen)
}

// wants reports whether a frame is to be analysed.
func (w *worker) wants(f *pcapfile.Frame, b *block) bool {
	return f.Time >= w.since && f.Time <= w.until && f.Kind != pcapfile.NoPacket &&
		(w.filters == nil || w.matches(f, b.Buf[f.Off:f.Off+f.CapLen], b))
}

// A countLimit ends the reading after so many frames that are to be analysed.
type countLimit struct {
	left uint64 // frames still to come; 0 is no limit
}

// reached cuts the block after the last frame that is to come, and reports whether
// it is there. It asks w which frames count.
func (c *countLimit) reached(w *worker, b *block) bool {
	if c.left == 0 {
		return false
	}
	for i := range b.Frames {
		if !w.wants(&b.Frames[i], b) {
			continue
		}
		if c.left--; c.left == 0 {
			b.truncate(i + 1)
			return true
		}
	}
	return false
}
