package capture

import (
	"github.com/kaanalyze/kaanalyze/capture/internal/decode"
	"github.com/kaanalyze/kaanalyze/flows"
)

// A joined is a frame that completed a segment from fragments, and its headers:
// that of IP is the last fragment's.
type joined struct {
	num uint64
	decode.Headers
}

// Headers returns the innermost IP header of a segment of a capture file, without
// options or extension headers, and its TCP header with the options that were
// captured. It may be called while apply runs, for the segments that this sees;
// the bytes are valid as long. It decodes the frame again: it is for the few
// packets that somebody wants to keep.
func (s *Source) Headers(seg *flows.Segment) (ip, tcp []byte) {
	b := s.current
	f := &b.Frames[seg.Num-b.first]
	h, v := decode.FindHeaders(f.Link, f.Iface, b.Buf[f.Off:f.Off+f.CapLen], f.WireLen)
	if v == decode.Fragment {
		for _, j := range b.whole {
			if j.num == seg.Num {
				h = j.Headers
			}
		}
	}
	return h.Split()
}
