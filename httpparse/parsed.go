package httpparse

// MaxKeepAlive is the highest value of [Head.KeepAliveTimeout] and
// [Head.KeepAliveMax]; a higher one in the field reads as this.
const MaxKeepAlive = 1<<18 - 2

// parsedHead is a head while it is scanned; [Head] is its packed form. The scan
// is faster on separate fields than on bits of words.
type parsedHead struct {
	contentLength int64 // bytes, from a valid Content-Length; -1 without
	flags         HeadFlags
	length        int32 // bytes, leading empty lines and the final empty line included
	targetOff     int32 // where the request target begins in the head; 0 in a response
	targetLen     int32 // its length in bytes

	keepAliveTimeout int32 // seconds, from Keep-Alive: timeout=; -1 without
	keepAliveMax     int32 // requests, from Keep-Alive: max=; -1 without

	status uint16 // of a response, 100 to 999; 0 in a request
	kind   Kind
	method Method // of a request
	minor  uint8  // 1 for HTTP/1.1
}

func newParsedHead() parsedHead {
	return parsedHead{contentLength: -1, keepAliveTimeout: -1, keepAliveMax: -1}
}

// pack returns the head in three words, or the zero Head if a value is out of
// range, which is so for no head that scan finds complete.
func (h *parsedHead) pack() Head {
	code := uint32(h.status)
	if h.kind == Request {
		code = uint32(h.method)
	}
	if !h.packable() || code > 999 {
		return Head{}
	}
	length := h.contentLength
	if h.kind == Request && length >= lengthMask>>1 {
		length = ^length
	}
	return Head{
		uint64(h.kind) | uint64(code)<<packCode | uint64(h.minor)<<packMinor | uint64(h.length)<<packLen | uint64(h.flags)<<packFlags,
		uint64(h.targetLen) | uint64(h.targetOff)<<packOff | uint64(h.keepAliveTimeout+1)<<packTimeout | uint64(h.keepAliveMax+1)<<packMax,
		uint64(length),
	}
}

// packable reports whether the values but the code are in range.
func (h *parsedHead) packable() bool {
	return (h.kind == Request && h.status == 0 || h.kind == Response && h.method == NoMethod) &&
		h.minor <= 9 &&
		uint32(h.length) <= MaxHead &&
		uint32(h.targetLen) <= MaxHead &&
		uint32(h.targetOff) <= maxTargetOff &&
		uint32(h.keepAliveTimeout+1) <= MaxKeepAlive+1 &&
		uint32(h.keepAliveMax+1) <= MaxKeepAlive+1
}
