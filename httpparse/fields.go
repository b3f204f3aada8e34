package httpparse

import (
	"bytes"
	"math"
)

// readField reads the line b[:lf], which begins with a byte that looked marks.
// Bytes after lf are looked at only for lines that continue the value.
func (h *parsedHead) readField(b []byte, lf int) {
	line := b[:lf]
	switch c := line[0]; c | 0x20 {
	case 'c':
		if isField(line, "content-length") {
			h.readContentLength(h.value(b, lf, len("content-length")))
		} else if isField(line, "connection") {
			h.readConnection(h.value(b, lf, len("connection")), ConnClose, ConnKeepAlive)
		}
	case 't':
		if isField(line, "transfer-encoding") {
			h.readTransferEncoding(h.value(b, lf, len("transfer-encoding")))
		}
	case 'k':
		if isField(line, "keep-alive") {
			h.readKeepAlive(h.value(b, lf, len("keep-alive")))
		}
	case 'u':
		if isField(line, "upgrade") {
			h.readUpgrade(h.value(b, lf, len("upgrade")))
		}
	case 'e':
		if isField(line, "expect") && equalFold(h.value(b, lf, len("expect")), "100-continue") {
			h.flags |= ExpectContinue
		}
	case 'p':
		if isField(line, "proxy-connection") {
			h.readConnection(h.value(b, lf, len("proxy-connection")), ProxyConnClose, ProxyConnKeepAlive)
		}
	default: // white space
		h.flags |= ObsFold
	}
}

// isField reports whether line is of the field with the given lower-case
// name. White space between name and colon is let pass; value marks it.
func isField(line []byte, name string) bool {
	if len(line) <= len(name) {
		return false
	}
	c := line[len(name)]
	return (c == ':' || isSpace(c) && colonAfter(line[len(name):]) > 0) && equalFold(line[:len(name)], name)
}

// colonAfter returns where the colon is that only white space precedes, or -1.
func colonAfter(b []byte) int {
	for i, c := range b {
		if c == ':' {
			return i
		}
		if !isSpace(c) {
			break
		}
	}
	return -1
}

// value returns the value of the field whose line is b[:lf] and whose name
// has nameLen bytes, without white space around it. A folded value is
// returned with its line ends, which count as white space.
func (h *parsedHead) value(b []byte, lf, nameLen int) []byte {
	start := nameLen
	if b[start] != ':' {
		h.flags |= SpaceBeforeColon
		start += colonAfter(b[start:lf])
	}
	return trim(b[start+1 : foldedEnd(b, lf)])
}

// foldedEnd returns the LF that ends the field whose first line ends at lf.
func foldedEnd(b []byte, lf int) int {
	for lf+1 < len(b) && (b[lf+1] == ' ' || b[lf+1] == '\t') {
		n := bytes.IndexByte(b[lf+1:], '\n')
		if n < 0 {
			return len(b)
		}
		lf += 1 + n
	}
	return lf
}

// readContentLength reads a Content-Length. A list of equal numbers, in one line
// or in several, counts as one (RFC 9112, 6.3).
func (h *parsedHead) readContentLength(v []byte) {
	h.flags |= HasCL
	for more := true; more; {
		var item []byte
		item, v, more = nextItem(v)
		n, ok := decimal(item)
		if !ok || h.contentLength >= 0 && n != h.contentLength {
			h.flags |= BadCL
		}
		if h.flags&BadCL != 0 {
			h.contentLength = -1
			return
		}
		h.contentLength = n
	}
}

// decimal reads 1*DIGIT, up to the largest int64.
func decimal(b []byte) (int64, bool) {
	var n int64
	for _, c := range b {
		d := int64(c - '0')
		if d > 9 || n > (math.MaxInt64-d)/10 {
			return 0, false
		}
		n = n*10 + d
	}
	return n, len(b) > 0
}

// readConnection reads the options of Connection or Proxy-Connection
// (RFC 9110, 7.6.1).
func (h *parsedHead) readConnection(v []byte, isClose, isKeepAlive HeadFlags) {
	for more := true; more; {
		var item []byte
		item, v, more = nextItem(v)
		switch {
		case equalFold(item, "keep-alive"):
			h.flags |= isKeepAlive
		case equalFold(item, "close"):
			h.flags |= isClose
		case equalFold(item, "upgrade") && isClose == ConnClose:
			h.flags |= ConnUpgrade
		}
	}
}

// readTransferEncoding notes whether chunked is the final coding of this and the
// earlier lines (RFC 9112, 6.1).
func (h *parsedHead) readTransferEncoding(v []byte) {
	h.flags |= HasTE
	for more := true; more; {
		var item []byte
		item, v, more = nextItem(v)
		switch {
		case equalFold(item, "chunked"):
			h.flags |= TEChunked
		case len(item) > 0:
			h.flags &^= TEChunked
		}
	}
}

// readUpgrade reads the protocols of an Upgrade field (RFC 9110, 7.8).
func (h *parsedHead) readUpgrade(v []byte) {
	h.flags |= HasUpgrade
	for more := true; more; {
		var item []byte
		item, v, more = nextItem(v)
		switch {
		case equalFold(item, "h2c"):
			h.flags |= UpgradeH2C
		case equalFold(item, "websocket"):
			h.flags |= UpgradeWebSocket
		}
	}
}

// readKeepAlive reads timeout and max of a Keep-Alive field, each where it first
// stands (RFC 2068, 19.7.1.1, for the form; no later RFC has it).
func (h *parsedHead) readKeepAlive(v []byte) {
	h.flags |= HasKeepAlive
	for more := true; more; {
		var item []byte
		item, v, more = nextItem(v)
		key, val, found := bytes.Cut(item, []byte{'='})
		if !found {
			continue
		}
		n, ok := decimal(trim(val))
		if !ok {
			continue
		}
		n = min(n, MaxKeepAlive)
		switch key = trim(key); {
		case h.keepAliveTimeout < 0 && equalFold(key, "timeout"):
			h.keepAliveTimeout = int32(n)
		case h.keepAliveMax < 0 && equalFold(key, "max"):
			h.keepAliveMax = int32(n)
		}
	}
}

// nextItem cuts the first element off a comma-separated list and reports
// whether there are more.
func nextItem(v []byte) (item, rest []byte, more bool) {
	for i, c := range v {
		if c == ',' {
			return trim(v[:i]), v[i+1:], true
		}
	}
	return trim(v), nil, false
}

// trim cuts white space off both ends. Line ends count as such: inside a
// value they stand in a fold.
func trim(b []byte) []byte {
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isSpace(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// equalFold reports whether b equals lower, which is in lower case and of
// letters, digits and hyphens, without regard to case.
func equalFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i := range len(lower) {
		c := b[i]
		if c != lower[i] && (c|0x20 != lower[i] || c < 'A') {
			return false
		}
	}
	return true
}

// Field returns the value of the first field with the given name, in any
// case, of the head raw, and reports whether there is one. White space around
// the value is cut off; a folded value has its line ends inside. It is part
// of raw.
func Field(raw []byte, name string) ([]byte, bool) {
	lf := bytes.IndexByte(raw, '\n')
	for lf >= 0 { // the start line, and empty lines before it, have no field
		raw = raw[lf+1:]
		if lf = bytes.IndexByte(raw, '\n'); lf < 0 {
			break
		}
		key, _, found := bytes.Cut(raw[:lf], []byte{':'})
		if found && len(key) > 0 && !isSpace(key[0]) && equalNames(trim(key), name) {
			return trim(raw[len(key)+1 : foldedEnd(raw, lf)]), true
		}
	}
	return nil, false
}

// equalNames reports whether two names are equal without regard to the case
// of ASCII letters.
func equalNames(b []byte, name string) bool {
	if len(b) != len(name) {
		return false
	}
	for i, c := range b {
		if lower(c) != lower(name[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}
