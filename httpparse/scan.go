package httpparse

import (
	"bytes"
	"encoding/binary"
)

// Result is the outcome of [ScanHead].
type Result uint8

// The outcomes of ScanHead.
const (
	Complete   Result = iota // the bytes begin with a whole head
	NeedMore                 // they may become one
	NotMessage               // they cannot: this is not HTTP/1.x
	Malformed                // an HTTP/1.x message, but its head cannot be read
)

// String returns the result in words.
func (r Result) String() string {
	return name([]string{"complete", "need more", "not a message", "malformed"}, r)
}

// maxLeading bounds the empty lines, in bytes, before a start line.
const maxLeading = 1024

// ScanHead reads the head at the beginning of b in one pass (RFC 9112, 2 to 5).
// The Head is the zero one unless the result is [Complete]; h.Len() says how many
// bytes of b it takes, leading empty lines (RFC 9112, 2.2) included. It allocates
// nothing, keeps no part of b, and any number of goroutines may call it.
func ScanHead(b []byte) (Head, Result) {
	h := newParsedHead()
	if r := h.scan(b); r != Complete {
		return Head{}, r
	}
	return h.pack().withTarget(b), Complete
}

// Scan is ScanHead for the packet path: it returns the head that b begins with,
// or the zero Head if there is no whole one, or one of an unusual kind, which
// [Parser.Next] will find. It rejects what begins otherwise at the first bytes,
// and can be called for each segment.
func Scan(b []byte) Head {
	if !usualStart(b) {
		return Head{}
	}
	h := newParsedHead()
	if h.scan(b) != Complete {
		return Head{}
	}
	return h.pack().withTarget(b)
}

// usualStart reports whether b begins as nearly all messages do.
func usualStart(b []byte) bool {
	if len(b) < 16 {
		return false
	}
	switch string(b[:4]) {
	case "GET ", "HTTP", "POST", "HEAD", "PUT ", "DELE", "PATC", "OPTI", "CONN":
		return true
	}
	return false
}

// scan fills h from the head that b begins with.
func (h *parsedHead) scan(b []byte) Result {
	whole := b
	if len(b) > MaxHead {
		b = b[:MaxHead]
	}
	at := 0
	if len(b) > 0 && b[0] <= '\r' {
		var r Result
		if at, r = skipEmptyLines(b); r != Complete {
			return r
		}
		h.flags |= LeadingEmptyLines
	}
	end, r := h.startLine(b, at)
	if r == Complete {
		r = h.readFields(b, end)
	}
	if r == NeedMore && len(whole) > MaxHead {
		return Malformed
	}
	return r
}

// skipEmptyLines returns where the empty lines at the beginning of b end.
func skipEmptyLines(b []byte) (int, Result) {
	for i := 0; i <= maxLeading; {
		switch {
		case i == len(b):
			return i, NeedMore
		case b[i] == '\n':
			i++
		case b[i] != '\r':
			return i, Complete
		case i+1 == len(b):
			return i, NeedMore
		case b[i+1] != '\n':
			return i, NotMessage
		default:
			i += 2
		}
	}
	return 0, NotMessage
}

// startLine reads the start line at b[at:] and returns where it ends.
func (h *parsedHead) startLine(b []byte, at int) (int, Result) {
	if r := startsResponse(b[at:]); r == Complete {
		return h.statusLine(b, at)
	} else if r == NeedMore {
		return 0, NeedMore
	}
	return h.requestLine(b, at)
}

// httpVersion is "HTTP/1." in the low seven bytes of a little-endian word.
const (
	httpVersion     = 'H' | 'T'<<8 | 'T'<<16 | 'P'<<24 | '/'<<32 | '1'<<40 | '.'<<48
	httpVersionMask = 1<<56 - 1
)

// startsResponse reports whether b begins with HTTP/1.; NotMessage leaves it
// open whether b is a request.
func startsResponse(b []byte) Result {
	if len(b) >= 8 {
		if binary.LittleEndian.Uint64(b)&httpVersionMask == httpVersion {
			return Complete
		}
		return NotMessage
	}
	const prefix = "HTTP/1."
	if n := min(len(b), len(prefix)); string(b[:n]) == prefix[:n] {
		return NeedMore
	}
	return NotMessage
}

// statusLine reads HTTP/1.x SP 3DIGIT [SP reason] (RFC 9112, 4). A missing
// reason phrase may take its space along.
func (h *parsedHead) statusLine(b []byte, at int) (int, Result) {
	line := b[at:]
	if !isDigit(line[7]) {
		return 0, NotMessage
	}
	if len(line) < 13 {
		return 0, statusPrefix(line)
	}
	d2, d1, d0 := line[9]-'0', line[10]-'0', line[11]-'0'
	if line[8] != ' ' || d2 > 9 || d2 == 0 || d1 > 9 || d0 > 9 || !endsStatus(line[12]) {
		return 0, Malformed
	}
	h.kind = Response
	h.minor = line[7] - '0'
	h.status = uint16(d2)*100 + uint16(d1)*10 + uint16(d0)
	n := bytes.IndexByte(line[12:], '\n')
	if n < 0 {
		return 0, NeedMore
	}
	if line[12+n-1] != '\r' {
		h.flags |= LFOnly
	}
	return at + 12 + n + 1, Complete
}

func endsStatus(c byte) bool { return c == ' ' || c == '\r' || c == '\n' || c == '\t' }

// statusPrefix judges a status line of 8 to 12 bytes.
func statusPrefix(line []byte) Result {
	for i, c := range line[8:] {
		if i == 0 && c != ' ' || i == 1 && (c < '1' || c > '9') || i > 1 && !isDigit(c) {
			return Malformed
		}
	}
	return NeedMore
}

// requestLine reads method SP target SP HTTP/1.x (RFC 9112, 3). Spaces inside
// the target are tolerated, as is white space at the end of the line.
func (h *parsedHead) requestLine(b []byte, at int) (int, Result) {
	line := b[at:]
	sp := 0
	for sp < min(len(line), maxMethod+1) && isToken[line[sp]] { // a body may be one token
		sp++
	}
	if sp == len(line) && sp <= maxMethod {
		return 0, NeedMore
	}
	if sp == 0 || sp > maxMethod || line[sp] != ' ' {
		return 0, NotMessage
	}
	n := bytes.IndexByte(line[sp:], '\n')
	if n < 0 {
		return 0, NeedMore
	}
	lf := sp + n
	version, ok := h.requestVersion(line[:lf])
	if !ok {
		version, ok = h.oddVersion(line[:lf], methodOf(line[:sp]))
	}
	if !ok || version <= sp+2 { // no target
		return 0, NotMessage
	}
	h.kind = Request
	h.method = methodOf(line[:sp])
	h.targetOff = int32(at + sp + 1)
	h.targetLen = int32(version - 1 - (sp + 1))
	return at + lf + 1, Complete
}

// requestVersion reads the version that ends a request line, LF cut off, and
// returns where it begins.
func (h *parsedHead) requestVersion(line []byte) (int, bool) {
	if line[len(line)-1] == '\r' {
		line = line[:len(line)-1]
	} else {
		h.flags |= LFOnly
	}
	for len(line) > 0 && (line[len(line)-1] == ' ' || line[len(line)-1] == '\t') {
		line = line[:len(line)-1]
	}
	v := len(line) - 8
	if v < 1 || line[v-1] != ' ' {
		return 0, false
	}
	w := binary.LittleEndian.Uint64(line[v:])
	if w&httpVersionMask != httpVersion || !isDigit(byte(w>>56)) {
		return 0, false
	}
	h.minor = byte(w>>56) - '0'
	return v, true
}

// oddVersion returns where the version begins of a request line with a known method
// whose version is none of HTTP/1.x, as HTTP/9.9 or http/1.1: servers answer it, if
// only by 400 or 505. It counts as HTTP/1.1.
func (h *parsedHead) oddVersion(line []byte, m Method) (int, bool) {
	v := bytes.LastIndexByte(bytes.TrimRight(line, " \t\r"), ' ') + 1
	if m == OtherMethod || v < 1 || len(line) < v+5 || !equalFold(line[v:v+4], "http") || line[v+4] != '/' {
		return 0, false
	}
	h.minor = 1
	return v, true
}

func isDigit(c byte) bool { return c-'0' <= 9 }

// looked marks the bytes at which a line begins that needs a look: the first
// letters of the fields of interest, and white space, which continues the
// field before (RFC 9112, 5.2).
var looked = func() (t [256]bool) {
	for _, c := range " \tcCtTkKuUeEpP" {
		t[c] = true
	}
	return t
}()

// readFields reads the field lines from b[at:] to the empty line that ends them.
func (h *parsedHead) readFields(b []byte, at int) Result {
	lfOnly := false
	for at < len(b) {
		c := b[at]
		if c == '\n' || c == '\r' && at+1 < len(b) && b[at+1] == '\n' {
			return h.endFields(at, c, lfOnly)
		}
		n := bytes.IndexByte(b[at:], '\n')
		if n < 0 {
			return NeedMore
		}
		if looked[c] {
			h.readField(b[at:], n)
		}
		at += n + 1
		lfOnly = lfOnly || b[at-2] != '\r'
	}
	return NeedMore
}

// endFields notes that the empty line that ends the head begins at at, with c.
func (h *parsedHead) endFields(at int, c byte, lfOnly bool) Result {
	if c == '\r' {
		at++
	} else {
		lfOnly = true
	}
	if lfOnly {
		h.flags |= LFOnly
	}
	h.length = int32(at + 1)
	return Complete
}
