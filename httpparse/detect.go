package httpparse

// Protocol is what the first bytes of a direction look like.
type Protocol uint8

// The protocols that Detect tells apart.
const (
	Unknown Protocol = iota // more bytes are needed
	HTTP1Request
	HTTP1Response
	H2Preface // of HTTP/2 (RFC 9113, 3.4)
	TLS       // a TLS record
	Other
)

// String returns the protocol in words.
func (p Protocol) String() string {
	return name([]string{"unknown", "http/1 request", "http/1 response", "h2 preface", "tls", "other"}, p)
}

// preface is the part of the HTTP/2 client preface that decides.
const preface = "PRI * HTTP/2.0\r\n"

// maxRecord is the most that a TLS record carries (RFC 5246, 6.2.3).
const maxRecord = 1<<14 + 2048

// Detect tells the protocol by the first bytes of a direction, or of a
// segment at which a message may begin. A request with an unregistered method
// needs its whole request line.
func Detect(b []byte) Protocol {
	if len(b) == 0 {
		return Unknown
	}
	if b[0] >= 20 && b[0] <= 24 {
		return detectTLS(b)
	}
	if n := min(len(b), len(preface)); string(b[:n]) == preface[:n] {
		if n == len(preface) {
			return H2Preface
		}
		return Unknown
	}
	h := newParsedHead()
	r := h.scan(b)
	switch {
	case h.kind == Response && r != Malformed:
		return HTTP1Response
	case h.kind == Request:
		return HTTP1Request
	case r == NotMessage, r == Malformed:
		return Other
	case beginsRequest(b):
		return HTTP1Request
	}
	return Unknown
}

// MayBeginResponse reports whether b, which is not empty, is a beginning of an
// HTTP/1.x response, after empty lines perhaps.
func MayBeginResponse(b []byte) bool {
	for len(b) > 0 && (b[0] == '\r' || b[0] == '\n') {
		b = b[1:]
	}
	return startsResponse(b) != NotMessage
}

// beginsRequest reports whether b, which has no whole request line, begins
// with a known method and a target.
func beginsRequest(b []byte) bool {
	sp := 0
	for sp < len(b) && isToken[b[sp]] {
		sp++
	}
	if sp+1 >= len(b) || b[sp] != ' ' {
		return false
	}
	target := b[sp+1:]
	switch methodOf(b[:sp]) {
	case OtherMethod:
		return false
	case CONNECT:
		return isToken[target[0]] || target[0] == '['
	case OPTIONS:
		return target[0] == '/' || target[0] == '*' || absolute(target)
	}
	return target[0] == '/' || absolute(target)
}

// absolute reports whether target begins as an absolute-form one for HTTP,
// which that of RTSP or SIP does not.
func absolute(target []byte) bool {
	return len(target) >= 5 && equalFold(target[:4], "http") && (target[4] == ':' || target[4] == 's' || target[4] == 'S')
}

func detectTLS(b []byte) Protocol {
	switch {
	case len(b) > 1 && b[1] != 3, len(b) > 2 && b[2] > 4:
		return Other
	case len(b) < 5:
		return Unknown
	}
	if n := int(b[3])<<8 | int(b[4]); n == 0 || n > maxRecord {
		return Other
	}
	return TLS
}
