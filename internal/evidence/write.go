package evidence

import (
	"encoding/binary"
	"io"
	"slices"
	"sort"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/flows"
)

// maxPacket is what Wireshark reads of a packet at most.
const maxPacket = 256 << 10

// Write ends the recording and writes the packets as a pcap file. It returns the
// number that each has in the capture, in the order of the file.
func (r *Recorder) Write(w io.Writer) ([]uint64, error) {
	for _, sides := range r.conns {
		for i := range sides {
			if st := &sides[i]; len(st.head) > 0 {
				r.keep(st, st.headSeq, r.opt.Rewrite(nil, st.head))
				st.head = nil
			}
		}
	}
	out, err := capture.NewWriter(w)
	if err != nil {
		return nil, err
	}
	numbers := make([]uint64, 0, len(r.packets))
	var buf []byte
	for i := range r.packets {
		p := &r.packets[i]
		buf = p.append(buf[:0])
		if err := out.Write(p.time, buf, p.wire()); err != nil {
			return nil, err
		}
		numbers = append(numbers, p.num)
	}
	return numbers, nil
}

// append appends the packet up to the last byte of payload that is kept.
func (p *packet) append(b []byte) []byte {
	b = append(b, p.headers...)
	at := len(b)
	if at < headersLen(b) { // options were cut, and what comes behind them
		sum(b, p.wire())
		return b
	}
	b = append(b, p.payload[:min(len(p.payload), maxPacket-at)]...)
	room := uint32(min(int64(p.n), int64(maxPacket-at)))
	for _, x := range p.of.within(p.seq, room) {
		off := int(x.seq - p.seq)
		if end := off + len(x.text); end > len(b)-at {
			b = append(b, make([]byte, end-(len(b)-at))...)
		}
		copy(b[at+off:], x.text)
	}
	sum(b, p.wire())
	return b
}

// within returns the parts of the runs that lie in n bytes from seq on.
func (st *stream) within(seq, n uint32) []run {
	if len(st.runs) == 0 || n == 0 {
		return nil
	}
	base := st.runs[0].seq // sequence numbers wrap around
	after := int64(int32(seq - base))
	from := sort.Search(len(st.runs), func(i int) bool {
		x := &st.runs[i]
		return int64(x.seq-base)+int64(len(x.text)) > after
	})
	var in []run
	for _, x := range st.runs[from:] {
		skip := int64(int32(seq - x.seq)) // bytes of the run before the packet
		text := x.text
		if -skip >= int64(n) || skip >= int64(len(text)) {
			break
		}
		if skip > 0 {
			text = text[skip:]
			x.seq = seq
		}
		text = text[:min(int64(len(text)), int64(n-(x.seq-seq)))]
		in = append(in, run{x.seq, text})
	}
	return in
}

const (
	ipv4Len = 20
	ipv6Len = 40
)

// wire returns how long the packet was, without what is left out of its headers.
func (p *packet) wire() int { return headersLen(p.headers) + int(p.n) }

// headersLen returns how long the IP and the TCP header are.
func headersLen(b []byte) int {
	at := ipLen(b)
	return at + int(b[at+12]>>4)*4
}

func ipLen(b []byte) int {
	if b[0]>>4 == 6 {
		return ipv6Len
	}
	return ipv4Len
}

// rebuild returns the headers of a segment: an IP header without options that
// carries TCP and no fragment, and the TCP header as captured.
func (r *Recorder) rebuild(s *flows.Segment) []byte {
	ip, tcp := r.opt.Headers(s)
	b := append(slices.Clone(ip), tcp...)
	at := ipLen(b)
	if r.opt.Anonymous {
		plainOptions(b[at+20:])
		if at == ipv6Len {
			b[1], b[2], b[3] = b[1]&0xf0, 0, 0 // the flow label is made from the addresses
		}
	}
	length := headersLen(b) + int(s.Len)
	if at == ipv6Len {
		length -= ipv6Len
		b[6] = 6
		copy(b[8:], s.SrcIP[:])
		copy(b[24:], s.DstIP[:])
	} else {
		b[0] = 0x45
		b[6], b[7] = b[6]&0x40, 0
		b[9] = 6
		copy(b[12:], s.SrcIP[12:])
		copy(b[16:], s.DstIP[12:])
	}
	if length > 0xffff {
		length = 0 // as segmentation offload leaves it: the record tells
	}
	if at == ipv6Len {
		binary.BigEndian.PutUint16(b[4:], uint16(length))
	} else {
		binary.BigEndian.PutUint16(b[2:], uint16(length))
	}
	return b
}

// plainOptions replaces TCP options by NOPs but for those that hold numbers of
// TCP alone: MSS, window scale, SACK and timestamps.
func plainOptions(b []byte) {
	for len(b) > 0 {
		n := 1
		switch kind := b[0]; {
		case kind == 0:
			clear(b)
			return
		case kind == 1:
		case len(b) < 2 || b[1] < 2 || int(b[1]) > len(b):
			n = len(b)
			fill(b)
		default:
			n = int(b[1])
			if kind > 5 && kind != 8 {
				fill(b[:n])
			}
		}
		b = b[n:]
	}
}

// fill makes NOPs of b.
func fill(b []byte) {
	for i := range b {
		b[i] = 1
	}
}

// sum makes the checksums of a packet right, with zeros for what is not kept of
// the wire bytes (RFC 1071).
func sum(b []byte, wire int) {
	at := ipLen(b)
	var pseudo uint64
	if at == ipv4Len {
		b[10], b[11] = 0, 0
		binary.BigEndian.PutUint16(b[10:], ^folded(added(b[:ipv4Len])))
		pseudo = added(b[12:20])
	} else {
		pseudo = added(b[8:40])
	}
	b[at+16], b[at+17] = 0, 0
	binary.BigEndian.PutUint16(b[at+16:], ^folded(pseudo+6+uint64(wire-at)+added(b[at:])))
}

// added adds up b as 16-bit words.
func added(b []byte) (s uint64) {
	for ; len(b) > 1; b = b[2:] {
		s += uint64(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		s += uint64(b[0]) << 8
	}
	return s
}

func folded(s uint64) uint16 {
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}
