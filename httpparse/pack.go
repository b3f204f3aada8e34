package httpparse

// Packed is a head in three words, as [Scan] and [Head.Pack] give it. Where
// only a few values are wanted, its methods are cheaper than [Unpack]. The
// zero value holds no head.
//
// It can travel in a segment's note, and rests in the parser. The words are:
//
//	A: kind 2, method or status 10, minor version 4, length 16, flags 32 bits
//	B: target length 16, target offset 12, Keep-Alive timeout 18 and max 18 bits
//	C: content length
//
// Timeout and max are stored plus one, so that absent is zero.
type Packed struct{ A, B, C uint64 }

const (
	packCode    = 2
	packMinor   = packCode + 10
	packLen     = packMinor + 4
	packFlags   = packLen + 16
	packOff     = 16
	packTimeout = packOff + 12
	packMax     = packTimeout + 18

	maxTargetOff = 1<<12 - 1
)

// Pack returns the head in three words. Every head that [ScanHead] finds
// complete can be packed; one with a value out of range gives zero words.
func (h Head) Pack() Packed { return h.pack() }

// pack is Pack without a copy of the head.
func (h *Head) pack() Packed {
	code := uint32(h.Status)
	if h.Kind == Request {
		code = uint32(h.Method)
	}
	if !h.packable() || code > 999 {
		return Packed{}
	}
	return Packed{
		uint64(h.Kind) | uint64(code)<<packCode | uint64(h.Minor)<<packMinor | uint64(h.Len)<<packLen | uint64(h.Flags)<<packFlags,
		uint64(h.TargetLen) | uint64(h.TargetOff)<<packOff | uint64(h.KeepAliveTimeout+1)<<packTimeout | uint64(h.KeepAliveMax+1)<<packMax,
		uint64(h.ContentLength),
	}
}

// packable reports whether the values but the code are in range.
func (h *Head) packable() bool {
	return (h.Kind == Request && h.Status == 0 || h.Kind == Response && h.Method == NoMethod) &&
		h.Minor <= 9 &&
		uint32(h.Len) <= MaxHead &&
		uint32(h.TargetLen) <= MaxHead &&
		uint32(h.TargetOff) <= maxTargetOff &&
		uint32(h.KeepAliveTimeout+1) <= MaxKeepAlive+1 &&
		uint32(h.KeepAliveMax+1) <= MaxKeepAlive+1
}

// Unpack is the inverse of [Head.Pack]. It reports whether w holds a head.
func Unpack(w Packed) (Head, bool) {
	if k := w.Kind(); k != Request && k != Response {
		return Head{}, false
	}
	return Head{
		ContentLength:    w.ContentLength(),
		Flags:            w.Flags(),
		Len:              int32(w.Len()),
		TargetOff:        int32(w.B >> packOff & maxTargetOff),
		TargetLen:        int32(w.B & 0xffff),
		KeepAliveTimeout: int32(w.B>>packTimeout&(1<<18-1)) - 1,
		KeepAliveMax:     int32(w.B>>packMax) - 1,
		Status:           w.Status(),
		Kind:             w.Kind(),
		Method:           w.Method(),
		Minor:            w.Minor(),
	}, true
}

// Kind returns the kind of message, NoKind if there is no head.
func (w Packed) Kind() Kind { return Kind(w.A & 3) }

// Method returns the method of a request.
func (w Packed) Method() Method {
	if w.Kind() != Request {
		return NoMethod
	}
	return Method(w.code())
}

// Status returns the status code of a response.
func (w Packed) Status() uint16 {
	if w.Kind() != Response {
		return 0
	}
	return w.code()
}

func (w Packed) code() uint16 { return uint16(w.A >> packCode & 0x3ff) }

// Minor returns the minor version, 1 for HTTP/1.1.
func (w Packed) Minor() uint8 { return uint8(w.A >> packMinor & 0xf) }

// Flags returns what the lines of the head say.
func (w Packed) Flags() HeadFlags { return HeadFlags(w.A >> packFlags) }

// Len returns the length of the head in bytes.
func (w Packed) Len() int { return int(w.A >> packLen & 0xffff) }

// ContentLength returns the length of the body in bytes, from a valid
// Content-Length; -1 without.
func (w Packed) ContentLength() int64 { return int64(w.C) }

// Persistent is [Head.Persistent].
func (w Packed) Persistent() bool { return persistent(w.Minor(), w.Flags()) }
