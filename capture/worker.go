package capture

import (
	"math"
	"sync"

	"github.com/kaanalyze/kaanalyze/flows"
)

// A worker decodes blocks. It shares nothing with other workers but the
// compiled filters.
type worker struct {
	s     *Source
	dec   *decoder
	scan  func(payload []byte) flows.Note // nil if nothing is to be noted
	since int64
	until int64

	link   linkType // that filter is for
	filter *filter  // nil if there is none
}

// A lateFrame is an IP fragment: its segment, if it completes one, is found in
// the worker's turn and goes before the at-th one of the block.
type lateFrame struct{ at, frame int }

// noLink is no link type.
const noLink linkType = math.MaxUint32

// newWorker returns a worker for s.
func newWorker(s *Source) *worker {
	w := &worker{s: s, dec: newDecoder(), scan: s.newScan(), link: noLink}
	w.since, w.until = s.opt.window()
	return w
}

// newScan returns what one goroutine makes notes with, or nil.
func (s *Source) newScan() func(payload []byte) flows.Note {
	if s.opt.NewScan == nil {
		return nil
	}
	return s.opt.NewScan()
}

// window returns the bounds of what is analysed.
func (o *Options) window() (since, until int64) {
	since, until = o.Since, o.Until
	if since == 0 {
		since = math.MinInt64
	}
	if until == 0 {
		until = math.MaxInt64
	}
	return since, until
}

// decode fills the block's segments and tally.
func (w *worker) decode(b *block) {
	w.count(b)
	if len(b.segs) < len(b.frames) {
		b.segs = make([]flows.Segment, len(b.frames)+len(b.frames)/8)
	}
	dec, scan, segs := w.dec, w.scan, b.segs
	n := 0
	for i := range b.frames {
		f := &b.frames[i]
		if f.time < w.since || f.time > w.until || f.kind == notPacket {
			continue
		}
		data := b.buf[f.off : f.off+f.capLen : f.off+f.capLen]
		if w.s.filters != nil && !w.matches(f, data, b) {
			continue
		}
		seg := &segs[n]
		switch dec.decode(f.link, f.iface, data, f.wireLen, seg) {
		case tcp:
			seg.Time, seg.Num = f.time, b.first+uint64(i)
			if scan != nil && len(seg.Payload) > 0 {
				seg.Note = scan(seg.Payload)
			} else {
				seg.Note = flows.Note{}
			}
			n++
		case fragment:
			b.late = append(b.late, lateFrame{n, i})
		case undecoded:
			b.tally.undecoded++
		}
	}
	b.n = n
	b.tally.tcp = uint64(n)
}

// count tallies the block's frames, whether they are decoded or not.
func (w *worker) count(b *block) {
	frames := b.frames
	for i := range b.runs {
		r := &b.runs[i]
		of := frames[:r.frames]
		frames = frames[r.frames:]
		r.first, r.last = noTime, math.MinInt64
		for j := range of {
			f := &of[j]
			b.tally.bytes += uint64(f.wireLen)
			if f.capLen < f.wireLen {
				b.tally.cut++
			}
			if f.kind == timedPacket && f.wireLen > 0 { // a crash leaves zeros, which read as records of no length
				r.first, r.last = min(r.first, f.time), max(r.last, f.time)
			}
		}
	}
}

// matches reports whether the filter accepts a frame.
func (w *worker) matches(f *frame, data []byte, b *block) bool {
	if f.link != w.link {
		compiled, err := w.s.filters.get(f.link)
		if err != nil {
			b.err = err
			return false
		}
		w.link, w.filter = f.link, compiled
	}
	return w.filter.match(data, f.wireLen)
}

// resolve puts together the fragments of a block, in their order among all
// blocks, and puts the segments that they complete in their place.
func (s *Source) resolve(b *block) {
	if len(b.late) == 0 {
		return
	}
	var all []flows.Segment // the block's, with those completed
	taken := 0
	for _, late := range b.late {
		f := &b.frames[late.frame]
		var seg flows.Segment
		switch s.defrag.add(f.link, f.iface, b.buf[f.off:f.off+f.capLen], f.wireLen, f.time, &seg) {
		case tcp:
			seg.Time, seg.Num = f.time, b.first+uint64(late.frame)
			b.whole = append(b.whole, joined{seg.Num, *s.defrag.decoder.headers})
			if s.scan == nil {
				s.scan = s.newScan()
			}
			if s.scan != nil && len(seg.Payload) > 0 {
				seg.Note = s.scan(seg.Payload)
			}
			all = append(all, b.segs[taken:late.at]...)
			all = append(all, seg)
			taken = late.at
			b.tally.tcp++
		case undecoded:
			b.tally.undecoded++
		}
	}
	if all != nil {
		b.segs = append(all, b.segs[taken:b.n]...)
		b.n = len(b.segs)
	}
}

// limitCount cuts the block after the opt.Count-th frame that counts, and
// reports whether it has come.
func (w *worker) limitCount(b *block) bool {
	s := w.s
	for i := range b.frames {
		f := &b.frames[i]
		if f.time < w.since || f.time > w.until || f.kind == notPacket ||
			s.filters != nil && !w.matches(f, b.buf[f.off:f.off+f.capLen], b) {
			continue
		}
		if s.counted++; s.counted == s.opt.Count {
			b.truncate(i + 1)
			return true
		}
	}
	return false
}

// truncate drops the frames from the n-th on, and the damage after them: who
// stops there does not read it.
func (b *block) truncate(n int) {
	b.news.damage = nil
	b.frames = b.frames[:n]
	for i := range b.runs {
		r := &b.runs[i]
		if n <= r.frames {
			r.frames = n
			b.runs = b.runs[:i+1]
			return
		}
		n -= r.frames
	}
}

// A filterSet compiles a filter for each link type met. It is safe for
// concurrent use; nil is no filter.
type filterSet struct {
	expr string

	mu       sync.Mutex
	compiled map[linkType]compiled
}

type compiled struct {
	filter *filter
	err    error
}

// newFilterSet returns the set for an expression.
func newFilterSet(expr string) *filterSet {
	if expr == "" {
		return nil
	}
	return &filterSet{expr: expr, compiled: map[linkType]compiled{}}
}

// compileAll compiles the filter for link types that are known, and for
// Ethernet if none is: a syntax error should be told before anything is read.
func (s *filterSet) compileAll(links []linkType) error {
	if s == nil {
		return nil
	}
	if len(links) == 0 {
		links = []linkType{linkEthernet}
	}
	for _, l := range links {
		if _, err := s.get(l); err != nil {
			return err
		}
	}
	return nil
}

// get returns the filter for a link type.
func (s *filterSet) get(l linkType) (*filter, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.compiled[l]
	if !ok {
		c.filter, c.err = compileFilter(s.expr, l, maxPlain)
		s.compiled[l] = c
	}
	return c.filter, c.err
}
