package httpparse

// A packed head lies in three words, so that it can travel in a segment's
// note and rest in a parser:
//
//	word 0: kind 2, method or status 10, minor version 4, length 16, flags 32 bits
//	word 1: target length 16, target offset 12, Keep-Alive timeout 18 and max 18 bits
//	word 2: content length
//
// Timeout and max are stored plus one, so that absent is zero.
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
func (h Head) Pack() [3]uint64 {
	code := uint32(h.Status)
	if h.Kind == Request {
		code = uint32(h.Method)
	}
	if !h.packable() || code > 999 {
		return [3]uint64{}
	}
	return [3]uint64{
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
func Unpack(w [3]uint64) (Head, bool) {
	h := Head{
		ContentLength:    int64(w[2]),
		Flags:            HeadFlags(w[0] >> packFlags),
		Len:              int32(w[0] >> packLen & 0xffff),
		TargetOff:        int32(w[1] >> packOff & maxTargetOff),
		TargetLen:        int32(w[1] & 0xffff),
		KeepAliveTimeout: int32(w[1]>>packTimeout&(1<<18-1)) - 1,
		KeepAliveMax:     int32(w[1]>>packMax) - 1,
		Kind:             kindOf(w),
		Minor:            uint8(w[0] >> packMinor & 0xf),
	}
	code := w[0] >> packCode & 0x3ff
	switch h.Kind {
	case Request:
		h.Method = Method(code)
	case Response:
		h.Status = uint16(code)
	default:
		return Head{}, false
	}
	return h, true
}

// kindOf returns the kind of a packed head.
func kindOf(w [3]uint64) Kind { return Kind(w[0] & 3) }
