package http2

// Where the place is lost, frames are found again by what follows them: each says where
// the next one begins.

const (
	// maxPlausible is how long a frame may be that is taken for one where the place was
	// lost: few programs send longer ones than SETTINGS_MAX_FRAME_SIZE allows at first
	// (RFC 9113, 6.5.2). maxPlausibleData is that of DATA: Go's client sends up to 512 KiB.
	maxPlausible     = 1 << 14
	maxPlausibleData = 1 << 19
	// maxSkipped is how many numbers of streams may be left out where the place was lost.
	maxSkipped = 1 << 16
	// enough is how many frames in a row are taken for frames.
	enough = 3
)

// plausible reports whether a frame of HTTP/2 is likely to have that header. highest is
// the highest stream so far, 0 if that is not known.
func (h *header) plausible(highest uint32) bool {
	known := Flags(0)
	switch h.kind {
	case Data:
		known = EndStream | Padded
	case Headers:
		known = EndStream | EndHeaders | Padded | Prioritize
	case Settings, Ping:
		known = Ack
	case PushPromise:
		known = EndHeaders | Padded
	case Continuation:
		known = EndHeaders
	}
	if h.kind > Continuation || h.flags&^known != 0 || h.length > maxPlausibleData || h.kind != Data && h.length > maxPlausible || !h.valid() {
		return false
	}
	return highest == 0 || h.stream <= highest || h.stream-highest <= 2*maxSkipped
}

// chain reports whether b, the rest of a segment, begins with frames, and how sure that
// is: two of them are enough at the beginning of a segment.
func chain(b []byte, highest uint32, atStart bool) bool {
	n, some := 0, false // frames, and whether one says more than that bytes follow
	for len(b) >= headerLen {
		if b[5]&0x80 != 0 {
			return false
		}
		h := parseHeader(b)
		if !h.plausible(highest) {
			return false
		}
		n++
		some = some || h.kind != Data
		if uint64(len(b)) < headerLen+uint64(h.length) {
			return n > 1 && some
		}
		b = b[headerLen+h.length:]
		if len(b) == 0 {
			return some && (n > 1 || atStart)
		}
		if n >= enough && some {
			return true
		}
	}
	return n > 1 && some && atStart
}

// MayBegin reports whether a segment, the beginning of whose connection was not captured,
// begins with frames of HTTP/2.
func MayBegin(b []byte) bool { return len(b) >= headerLen && chain(b, 0, true) }

// search takes bytes where no frame is found, up to one that is.
func (r *Reader) search(b []byte) (n int) {
	r.found = true
	for i := 0; i+headerLen <= len(b); i++ {
		if b[i] <= maxPlausibleData>>16 && b[i+3] <= byte(Continuation) && chain(b[i:], r.highest, i == 0) {
			r.state, r.have = stateHeader, 0
			return i
		}
	}
	return len(b)
}
