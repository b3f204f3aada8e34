// Package websocket finds the frames of one direction of a WebSocket (RFC 6455, 5), and of
// their contents reads the code of a Close alone.
//
// A [Reader] takes the bytes as they come: [Reader.Next] answers when a frame is whole,
// [Reader.Gap] says how many bytes are missing, and [Reader.SegmentStart] finds the frames
// again where the place was lost. Every byte is hostile: what is no frame loses the place,
// and a Reader is of constant size. It is not safe for concurrent use.
package websocket

import "math"

// Opcode is the kind of a frame (RFC 6455, 5.2).
type Opcode uint8

// The kinds of frames; others are none.
const (
	Continuation Opcode = 0x0
	Text         Opcode = 0x1
	Binary       Opcode = 0x2
	Close        Opcode = 0x8
	Ping         Opcode = 0x9
	Pong         Opcode = 0xa
)

// isControl reports whether a frame is of the connection, not of a message.
func (o Opcode) isControl() bool { return o&0x8 != 0 }

// NoCode is the code of a Close that has none (RFC 6455, 7.1.5).
const NoCode = 1005

// Frame is a frame that is whole.
type Frame struct {
	Op   Opcode
	Last bool   // of its message
	Code uint16 // of a Close; NoCode without
}

// String names the frame, for who reads a connection packet by packet.
func (f *Frame) String() string {
	switch f.Op {
	case Continuation, Text, Binary:
		return "message"
	case Close:
		return "Close"
	case Ping:
		return "Ping"
	}
	return "Pong"
}

// maxHeader is the length of the longest header, and with it that of what is kept of a
// Close: its mask and its code.
const maxHeader = 14

// Reader finds the frames of one direction. The zero Reader is at the first one.
type Reader struct {
	left  uint64 // bytes of the payload that are still to come
	frame Frame
	head  [maxHeader]byte
	have  uint8 // bytes of the header
	code  uint8 // bytes of a Close's payload that were taken: 2 with a code
	in    bool  // a payload
	lost  bool
	times uint32 // that the place was lost
}

// Frame returns the frame that Next or Gap told to be whole.
func (r *Reader) Frame() *Frame { return &r.frame }

// IsLost reports whether the place is lost, and Losses how many times it was.
func (r *Reader) IsLost() bool   { return r.lost }
func (r *Reader) Losses() uint32 { return r.times }

// Framing reports whether the next bytes are framing, the header of a frame or the code of a
// Close, or else what a frame carries; and how many at most are. Next stops at the end of a
// header.
func (r *Reader) Framing() (is bool, n int) {
	switch {
	case r.lost:
		return false, math.MaxInt
	case r.in && r.frame.Op == Close && r.code < 2:
		return true, int(2 - r.code)
	}
	return !r.in, math.MaxInt
}

// Next takes bytes from the beginning of b, and returns how many, and whether a frame is
// whole by them. Call it again with the rest until that is empty.
func (r *Reader) Next(b []byte) (n int, whole bool) {
	switch {
	case r.lost:
		return len(b), false
	case r.in:
		n = int(min(uint64(len(b)), r.left))
		for _, c := range b[:n] {
			if r.frame.Op != Close || r.code == 2 {
				break
			}
			r.closeCode(c)
		}
		r.left -= uint64(n)
		return n, r.left == 0 && r.end()
	}
	for n < len(b) {
		r.head[r.have] = b[n]
		r.have++
		n++
		if h, ok, size := parse(r.head[:r.have]); ok {
			return n, r.begin(&h)
		} else if size < 0 {
			r.lose()
			return n, false
		}
	}
	return n, false
}

// begin takes a header, and reports whether the frame has no payload.
func (r *Reader) begin(h *header) bool {
	r.frame = Frame{Op: h.op, Last: h.last}
	if h.op == Close {
		r.frame.Code = NoCode
	}
	r.left, r.in, r.code = h.length, true, 0
	return h.length == 0 && r.end()
}

// closeCode takes a byte of the code of a Close, which is masked as the rest.
func (r *Reader) closeCode(c byte) {
	if r.head[1]&0x80 != 0 {
		c ^= r.head[2+r.code] // a control frame has the shortest header
	}
	if r.code == 0 {
		r.frame.Code = uint16(c) << 8
	} else {
		r.frame.Code |= uint16(c)
	}
	r.code++
}

// end takes the end of a frame.
func (r *Reader) end() bool {
	if r.frame.Op == Close && r.code < 2 {
		r.frame.Code = NoCode
	}
	r.in, r.have = false, 0
	return true
}

// lose gives up the place.
func (r *Reader) lose() {
	r.lost, r.in, r.have = true, false, 0
	r.times++
}

// Gap takes n bytes that were not captured, and reports whether a frame is whole by them:
// what is missing of the payload of one needs not be seen.
func (r *Reader) Gap(n uint64) (whole bool) {
	switch {
	case r.lost || n == 0:
	case r.in && n <= r.left:
		r.left -= n
		if r.frame.Op == Close && r.code < 2 {
			r.code, r.frame.Code = 2, NoCode
		}
		return r.left == 0 && r.end()
	default:
		r.lose()
	}
	return false
}

// SegmentStart says that b is a segment. Where the place is lost, it begins with a frame if
// frames fill it.
func (r *Reader) SegmentStart(b []byte) {
	if !r.lost || len(b) == 0 {
		return
	}
	for rest := b; len(rest) > 0; {
		h, ok, size := parse(rest)
		if !ok || h.length > uint64(len(rest)-size) {
			return
		}
		rest = rest[size+int(h.length):]
	}
	r.lost = false
}

// header is the header of a frame.
type header struct {
	op     Opcode
	last   bool
	length uint64 // of the payload
}

// parse reads a header at the beginning of b, and returns its length; that is negative if b
// does not begin one, and 0 if more is needed.
func parse(b []byte) (h header, ok bool, size int) {
	h.op, h.last = Opcode(b[0]&0xf), b[0]&0x80 != 0
	switch {
	case h.op > Binary && h.op < Close || h.op > Pong, b[0]&0x30 != 0, h.op.isControl() && (!h.last || b[0]&0x40 != 0):
		return h, false, -1 // RSV1 is that of permessage-deflate (RFC 7692, 6)
	case len(b) < 2:
		return h, false, 0
	}
	size = 2
	long := 0
	switch n := b[1] & 0x7f; {
	case n == 126:
		long = 2
	case n == 127:
		long = 8
	default:
		h.length = uint64(n)
	}
	if long > 0 && h.op.isControl() {
		return h, false, -1
	}
	if len(b) < size+long {
		return h, false, 0
	}
	for _, c := range b[size : size+long] {
		h.length = h.length<<8 | uint64(c)
	}
	if long == 2 && h.length < 126 || long == 8 && (h.length < 1<<16 || h.length > 1<<62) {
		return h, false, -1 // not the shortest form
	}
	size += long
	if b[1]&0x80 != 0 {
		size += 4
	}
	if len(b) < size {
		return h, false, 0
	}
	return h, true, size
}
