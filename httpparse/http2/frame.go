package http2

import "strconv"

// Type is the type of a frame (RFC 9113, 6).
type Type uint8

// The types that are looked at; others are skipped.
const (
	Data Type = iota
	Headers
	Priority
	RSTStream
	Settings
	PushPromise
	Ping
	GoAway
	WindowUpdate
	Continuation
)

// String returns the type as the RFC writes it.
func (t Type) String() string {
	if t > Continuation {
		return "frame of type " + strconv.Itoa(int(t))
	}
	return [...]string{"DATA", "HEADERS", "PRIORITY", "RST_STREAM", "SETTINGS", "PUSH_PROMISE", "PING", "GOAWAY", "WINDOW_UPDATE", "CONTINUATION"}[t]
}

// Flags are the flags of a frame.
type Flags uint8

// The flags. Which frames have them differs, and Ack and EndStream are the same bit.
const (
	EndStream  Flags = 0x1
	Ack        Flags = 0x1
	EndHeaders Flags = 0x4
	Padded     Flags = 0x8
	Prioritize Flags = 0x20
)

// ErrCode is why a stream was reset, or a connection is going away (RFC 9113, 7).
type ErrCode uint32

// The codes that say more than that something went wrong.
const (
	NoError         ErrCode = 0x0
	RefusedStream   ErrCode = 0x7
	Cancel          ErrCode = 0x8
	EnhanceYourCalm ErrCode = 0xb
	HTTP11Required  ErrCode = 0xd
)

// String returns the code as the RFC names it.
func (c ErrCode) String() string {
	names := [...]string{"NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED", "FRAME_SIZE_ERROR",
		"REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"}
	if int(c) < len(names) {
		return names[c]
	}
	return "error 0x" + strconv.FormatUint(uint64(c), 16)
}

// MaxStream is the highest number of a stream. As the last one in a GOAWAY it says that
// the true one follows (RFC 9113, 6.8).
const MaxStream = 1<<31 - 1

// MaxDebug is how many bytes are kept of the debug data of a GOAWAY.
const MaxDebug = 128

// Frame is a frame that is whole. Which of the fields below Length it has depends on its
// type. Times are ns since the epoch.
type Frame struct {
	Type   Type
	Flags  Flags // of a header block those of its first frame
	Stream uint32
	Length uint32 // of the payload; of a header block the sum of its frames
	Most   uint32 // of a header block the longest of them, else Length

	At  int64  // when its first byte came
	Num uint64 // and in which packet

	Code      ErrCode // RST_STREAM, GOAWAY
	Last      uint32  // GOAWAY: the last stream that was or will be looked at
	Debug     []byte  // GOAWAY: the beginning of its debug data, until the next call of Next
	Opaque    uint64  // PING
	Increment uint32  // WINDOW_UPDATE
	Promised  uint32  // PUSH_PROMISE: the stream
	Set       Setting // SETTINGS
}

// Has reports whether a flag is set.
func (f *Frame) Has(x Flags) bool { return f.Flags&x != 0 }

// Setting is what a SETTINGS frame sets, -1 for what it does not.
type Setting struct {
	HeaderTable, MaxConcurrent, InitialWindow, MaxFrame int64
}

// unset sets nothing.
var unset = Setting{-1, -1, -1, -1}

// set takes a parameter (RFC 9113, 6.5.2).
func (s *Setting) set(id uint16, value uint32) {
	switch id {
	case 1:
		s.HeaderTable = int64(value)
	case 3:
		s.MaxConcurrent = int64(value)
	case 4:
		s.InitialWindow = int64(value)
	case 5:
		s.MaxFrame = int64(value)
	}
}

// header is the header of a frame (RFC 9113, 4.1).
type header struct {
	length uint32
	kind   Type
	flags  Flags
	stream uint32
}

const headerLen = 9

// parseHeader reads a header from the first bytes of b, of which there are headerLen.
func parseHeader(b []byte) header {
	return header{
		length: uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2]),
		kind:   Type(b[3]), flags: Flags(b[4]), stream: be32(b[5:]) & MaxStream,
	}
}

// valid reports whether a frame may have that header, by its type: whether it is of a
// stream, and how long it is.
func (h *header) valid() bool {
	switch h.kind {
	case Data, Headers, Continuation:
		return h.stream != 0
	case PushPromise:
		return h.stream != 0 && h.length >= 4
	case Priority:
		return h.stream != 0 && h.length == 5
	case RSTStream:
		return h.stream != 0 && h.length == 4
	case Settings:
		return h.stream == 0 && h.length%6 == 0 && (h.flags&Ack == 0 || h.length == 0)
	case Ping:
		return h.stream == 0 && h.length == 8
	case GoAway:
		return h.stream == 0 && h.length >= 8
	case WindowUpdate:
		return h.length == 4
	}
	return true
}

// fixed returns how many bytes of the payload are to be read before the rest is looked
// at: of a header block what comes before its fragment.
func (h *header) fixed() uint32 {
	n := uint32(0)
	switch h.kind {
	case Data:
		if h.flags&Padded != 0 {
			n++
		}
	case Headers, PushPromise:
		if h.flags&Padded != 0 {
			n++
		}
		if h.kind == PushPromise {
			return n + 4
		}
		if h.flags&Prioritize != 0 {
			n += 5
		}
	case RSTStream, WindowUpdate:
		n = 4
	case Ping:
		n = 8
	case GoAway:
		n = min(h.length, 8+MaxDebug)
	}
	return n
}

func be32(b []byte) uint32 {
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

func be64(b []byte) uint64 { return uint64(be32(b))<<32 | uint64(be32(b[4:])) }
