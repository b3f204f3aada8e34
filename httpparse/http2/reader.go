package http2

// Preface is what a client sends first (RFC 9113, 3.4).
const Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// state is where in the frames a reader stands.
type state uint8

const (
	stateHeader   state = iota // in the header of a frame
	stateFixed                 // in the payload, of which buf collects the beginning
	stateFragment              // in the fragment of a header block
	stateSkip                  // in the rest of the payload
	stateSettings              // in the parameters of SETTINGS
	statePreface               // in the client's preface
	stateLost                  // anywhere
)

// Reader reads the frames of one direction. The zero Reader expects the header of a
// frame. It is not safe for concurrent use.
type Reader struct {
	state   state
	block   bool   // a header block goes on in the next frame
	found   bool   // the place was lost once
	have    uint16 // bytes in buf
	want    uint16 // bytes that buf is to have
	left    uint32 // bytes of the payload that are still to come
	padding uint32 // of them padding
	of      uint32 // the stream of the block
	highest uint32 // stream so far
	lost    uint64 // how many times the place was lost

	head  header
	frame Frame
	buf   [8 + MaxDebug]byte

	table fieldTable
}

// Begin makes the reader new: of the client its preface comes first. Where midstream is
// set, the beginning was not captured, and frames are to be found.
func (r *Reader) Begin(client, midstream bool) {
	*r = Reader{}
	switch {
	case midstream:
		r.state = stateLost
		r.table.lose()
	case client:
		r.state = statePreface
	}
}

// Frame returns the frame of which Next or Gap said that it is whole, until the next
// call of one of them.
func (r *Reader) Frame() *Frame { return &r.frame }

// IsLost reports whether the place is lost.
func (r *Reader) IsLost() bool { return r.state == stateLost }

// Losses returns how many times the place was lost.
func (r *Reader) Losses() uint64 { return r.lost }

// Next takes bytes from the beginning of b, which follow those taken before and came at
// that time in that packet, and returns how many, and whether a frame is whole by them.
// Call it again with the rest until that is empty.
func (r *Reader) Next(b []byte, at int64, num uint64) (n int, whole bool) {
	if len(b) == 0 {
		return 0, false
	}
	switch r.state {
	case stateHeader:
		return r.header(b, at, num)
	case stateFixed:
		n = r.collect(b)
		r.left -= uint32(n)
		if r.have < r.want {
			return n, false
		}
		return n, r.fixed()
	case stateFragment:
		n = int(min(uint64(len(b)), uint64(r.left-r.padding)))
		r.table.write(b[:n])
		r.left -= uint32(n)
		if r.left > r.padding {
			return n, false
		}
		r.state = stateSkip
		return n, r.left == 0 && r.end()
	case stateSkip:
		n = int(min(uint64(len(b)), uint64(r.left)))
		r.left -= uint32(n)
		return n, r.left == 0 && r.end()
	case stateSettings:
		return r.settings(b)
	case statePreface:
		return r.preface(b), false
	}
	return r.search(b), false
}

// Data returns the stream whose DATA the next bytes are, and how many of them, without
// padding; 0 and 0 if they are something else.
func (r *Reader) Data() (stream, n uint32) {
	if r.state != stateSkip || r.head.kind != Data || r.left <= r.padding {
		return 0, 0
	}
	return r.head.stream, r.left - r.padding
}

// collect fills buf up to what is wanted, and returns how many bytes that took.
func (r *Reader) collect(b []byte) int {
	n := copy(r.buf[r.have:r.want], b)
	r.have += uint16(n)
	return n
}

// preface takes bytes of the client's preface.
func (r *Reader) preface(b []byte) int {
	n := min(len(b), len(Preface)-int(r.have))
	if string(b[:n]) != Preface[r.have:int(r.have)+n] {
		r.lose()
		return 0
	}
	if r.have += uint16(n); int(r.have) == len(Preface) {
		r.have, r.state = 0, stateHeader
	}
	return n
}

// header takes bytes of the header of a frame.
func (r *Reader) header(b []byte, at int64, num uint64) (n int, whole bool) {
	if r.have == 0 && !r.block {
		r.frame = Frame{At: at, Num: num}
	}
	r.want = headerLen
	n = r.collect(b)
	if r.have < headerLen {
		return n, false
	}
	r.have = 0
	h := parseHeader(r.buf[:])
	if !h.valid() || r.found && !h.plausible(r.highest) {
		r.lose()
		return n, false
	}
	if r.block && (h.kind != Continuation || h.stream != r.of) || !r.block && h.kind == Continuation && !r.found {
		r.breakBlock(at, num)
	}
	r.head = h
	r.highest = max(r.highest, h.stream)
	r.left, r.padding = h.length, 0
	if !r.block {
		r.frame.Type, r.frame.Flags, r.frame.Stream = h.kind, h.flags, h.stream
	}
	r.frame.Length += h.length
	r.frame.Most = max(r.frame.Most, h.length)
	return n, r.payload()
}

// payload begins the payload of a frame, and reports whether it has none.
func (r *Reader) payload() bool {
	h := &r.head
	if n := h.fixed(); n > 0 {
		if n > h.length {
			r.lose()
			return false
		}
		r.want, r.state = uint16(n), stateFixed
		return false
	}
	switch h.kind {
	case Headers, Continuation:
		if h.kind == Headers {
			r.table.begin()
		}
		r.state = stateFragment
	case Settings:
		r.frame.Set = unset
		r.state = stateSettings
	default:
		r.state = stateSkip
	}
	return h.length == 0 && r.end()
}

// fixed takes the beginning of a payload, which buf has, and reports whether the frame
// is whole.
func (r *Reader) fixed() bool {
	b, f := r.buf[:r.have], &r.frame
	r.have = 0
	r.state = stateSkip
	switch r.head.kind {
	case Data:
		if r.padding = uint32(b[0]); r.padding > r.left {
			r.lose()
			return false
		}
	case Headers, PushPromise:
		if r.head.flags&Padded != 0 {
			r.padding = uint32(b[0])
			b = b[1:]
		}
		if r.padding > r.left {
			r.lose()
			return false
		}
		if r.head.kind == PushPromise {
			f.Promised = be32(b) & MaxStream
		}
		r.table.begin()
		if r.left > r.padding {
			r.state = stateFragment
		}
	case RSTStream:
		f.Code = ErrCode(be32(b))
	case WindowUpdate:
		f.Increment = be32(b) & MaxStream
	case Ping:
		f.Opaque = be64(b)
	case GoAway:
		f.Last, f.Code, f.Debug = be32(b)&MaxStream, ErrCode(be32(b[4:])), b[8:]
	}
	return r.left == 0 && r.end()
}

// settings takes bytes of the parameters of SETTINGS, of six bytes each.
func (r *Reader) settings(b []byte) (n int, whole bool) {
	b = b[:min(uint64(len(b)), uint64(r.left))]
	for n < len(b) {
		r.want = 6
		n += r.collect(b[n:])
		if r.have == 6 {
			r.frame.Set.set(uint16(r.buf[0])<<8|uint16(r.buf[1]), be32(r.buf[2:]))
			r.have = 0
		}
	}
	r.left -= uint32(n)
	return n, r.left == 0 && r.end()
}

// end takes the end of a payload, and reports whether it is that of a frame: of a header
// block it need not be.
func (r *Reader) end() bool {
	r.state, r.have = stateHeader, 0
	switch r.head.kind {
	case Headers, PushPromise, Continuation:
		if r.head.kind == Continuation && !r.block {
			r.table.lose() // its beginning is lost
			return true
		}
		r.block, r.of = r.head.flags&EndHeaders == 0, r.head.stream
		if r.block {
			return false
		}
		r.table.end()
	}
	return true
}

// breakBlock gives up a header block that another frame interrupts, or whose beginning
// did not come; the frame that does began then.
func (r *Reader) breakBlock(at int64, num uint64) {
	r.block = false
	r.table.lose()
	r.frame = Frame{At: at, Num: num}
}

// lose gives up the place.
func (r *Reader) lose() {
	r.state, r.have, r.block, r.found = stateLost, 0, false, true
	r.lost++
	r.table.lose()
}

// Gap takes n bytes that were not captured, and reports whether a frame is whole by them:
// the payload of DATA, and what is skipped, needs not be seen.
func (r *Reader) Gap(n uint64) (whole bool) {
	if r.state == stateSkip && r.head.kind == Data && n <= uint64(r.left) {
		r.left -= uint32(n)
		return r.left == 0 && r.end()
	}
	if r.state != stateLost {
		r.lose()
	}
	return false
}
