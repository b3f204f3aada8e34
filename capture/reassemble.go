package capture

import (
	"github.com/kaanalyze/kaanalyze/capture/internal/decode"
	"github.com/kaanalyze/kaanalyze/flows"
)

// A reassembler puts together the segments that are in several IP fragments. Blocks
// are added in the order of the capture, when they are delivered.
type reassembler struct {
	defrag *decode.Defragmenter
	opt    *Options
	scan   func(payload []byte) flows.Note // once there is a segment
}

// add puts the segments that b's fragments complete where their last fragment was.
func (r *reassembler) add(b *block) {
	if len(b.fragments) == 0 {
		return
	}
	var all []flows.Segment // the block's, with those completed
	taken := 0
	for _, part := range b.fragments {
		f := &b.Frames[part.frame]
		var seg flows.Segment
		switch r.defrag.Add(f.Link, f.Iface, b.Buf[f.Off:f.Off+f.CapLen], f.WireLen, f.Time, &seg) {
		case decode.TCP:
			seg.Time, seg.Num = f.Time, b.first+uint64(part.frame)
			b.reassembled = append(b.reassembled, reassembledFrame{seg.Num, r.defrag.Headers()})
			r.note(&seg)
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

// note makes the segment's note, as a worker does.
func (r *reassembler) note(seg *flows.Segment) {
	if r.scan == nil {
		r.scan = r.opt.newScan()
	}
	if r.scan != nil && len(seg.Payload) > 0 {
		seg.Note = r.scan(seg.Payload)
	}
}
