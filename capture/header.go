package capture

import (
	"fmt"
	"io"

	"github.com/kaanalyze/kaanalyze/flows"
)

// A joined is a frame that completed a segment from fragments, and its headers:
// that of IP is the last fragment's.
type joined struct {
	num uint64
	headers
}

// Headers returns the innermost IP header of a segment of a capture file, without
// options or extension headers, and its TCP header with the options that were
// captured. It may be called while apply runs, for the segments that this sees;
// the bytes are valid as long. It decodes the frame again: it is for the few
// packets that somebody wants to keep.
func (s *Source) Headers(seg *flows.Segment) (ip, tcp []byte) {
	b := s.current
	var h headers
	f := &b.frames[seg.Num-b.first]
	d := decoder{headers: &h}
	var again flows.Segment
	if d.decode(f.link, f.iface, b.buf[f.off:f.off+f.capLen], f.wireLen, &again) == fragment {
		for _, j := range b.whole {
			if j.num == seg.Num {
				h = j.headers
			}
		}
	}
	size := 20
	if h.ip[0]>>4 == 6 {
		size = 40
	}
	return h.ip[:size], h.tcp[:min(len(h.tcp), int(h.tcp[12]>>4)*4)]
}

// A Writer writes IP packets as a pcap file of link type RAW, with times in
// nanoseconds.
type Writer struct {
	w      io.Writer
	record []byte
}

// NewWriter writes the header of the file to w.
func NewWriter(w io.Writer) (*Writer, error) {
	if _, err := w.Write(fileHeader(linkRaw, maxPlain)); err != nil {
		return nil, fmt.Errorf("write capture: %w", err)
	}
	return &Writer{w: w}, nil
}

// Write writes a packet of which data was captured at a time, in nanoseconds
// since the Unix epoch, and that had wire bytes.
func (w *Writer) Write(at int64, data []byte, wire int) error {
	r := w.record[:0]
	r = order.AppendUint32(r, uint32(at/1e9))
	r = order.AppendUint32(r, uint32(at%1e9))
	r = order.AppendUint32(r, uint32(len(data)))
	r = order.AppendUint32(r, uint32(wire))
	w.record = append(r, data...)
	if _, err := w.w.Write(w.record); err != nil {
		return fmt.Errorf("write capture: %w", err)
	}
	return nil
}

// fileHeader returns the header of a pcap file.
func fileHeader(link linkType, snapLen uint32) []byte {
	h := make([]byte, 0, pcapHeaderLen)
	h = order.AppendUint32(h, pcapNano)
	h = order.AppendUint16(h, 2)
	h = order.AppendUint16(h, 4)
	h = append(h, make([]byte, 8)...)
	h = order.AppendUint32(h, snapLen)
	return order.AppendUint32(h, uint32(link))
}
