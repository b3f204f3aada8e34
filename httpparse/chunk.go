package httpparse

import (
	"bytes"
	"math"
)

// maxChunkDigits bounds the digits of a chunk size, leading zeros included.
const maxChunkDigits = 16

// chunked takes bytes of a chunked body (RFC 9112, 7.1), up to the end of b
// or of the message. Lines may end in LF alone, as in a head.
func (p *Parser) chunked(b []byte) (n int, ev Event) {
	for n < len(b) {
		k, ok := p.chunkPart(b[n:])
		if !ok {
			return len(b), p.lose()
		}
		n += k
		if p.state == stateStart {
			return n, MessageDone
		}
	}
	return n, None
}

// chunkPart takes at least one byte of b, which is not empty, and reports
// whether it may stand there.
func (p *Parser) chunkPart(b []byte) (n int, ok bool) {
	switch p.state {
	case stateChunkSize:
		return p.chunkSize(b)
	case stateChunkExt:
		n, found := throughLF(b)
		if found {
			p.chunkSizeDone()
		}
		return n, true
	case stateChunkSizeLF:
		p.chunkSizeDone()
		return 1, b[0] == '\n'
	case stateChunkData:
		k := min(int64(len(b)), p.left)
		p.chunkTaken(k)
		return int(k), true
	case stateChunkDataEnd, stateChunkDataLF:
		return p.chunkDataEnd(b[0])
	default:
		return p.trailer(b)
	}
}

// chunkSize takes the digits of a chunk size and the byte behind them.
func (p *Parser) chunkSize(b []byte) (n int, ok bool) {
	for i, c := range b {
		d := hexDigit[c]
		if d < 0 {
			return i + 1, p.chunkSizeEnd(c)
		}
		p.digits++
		if p.digits > maxChunkDigits || p.left > math.MaxInt64>>4 {
			return 0, false
		}
		p.left = p.left<<4 | int64(d)
	}
	return len(b), true
}

// chunkSizeEnd judges the first byte behind the digits. White space there is
// bad but seen (RFC 9112, 7.1.1).
func (p *Parser) chunkSizeEnd(c byte) bool {
	if p.digits == 0 {
		return false
	}
	switch c {
	case '\n':
		p.chunkSizeDone()
	case '\r':
		p.state = stateChunkSizeLF
	case ';', ' ', '\t':
		p.state = stateChunkExt
	default:
		return false
	}
	return true
}

// chunkSizeDone goes from the line with the size to what it announces.
func (p *Parser) chunkSizeDone() {
	p.digits = 0
	p.state = stateChunkData
	if p.left == 0 {
		p.state = stateTrailer
	}
}

// chunkTaken counts n bytes of chunk data, at most those left.
func (p *Parser) chunkTaken(n int64) {
	if p.left -= n; p.left == 0 {
		p.state = stateChunkDataEnd
	}
}

// chunkDataEnd takes a byte of the line end behind chunk data.
func (p *Parser) chunkDataEnd(c byte) (n int, ok bool) {
	switch {
	case c == '\n':
		p.state = stateChunkSize
	case c == '\r' && p.state == stateChunkDataEnd:
		p.state = stateChunkDataLF
	default:
		return 0, false
	}
	return 1, true
}

// trailer takes bytes of the trailer section, which is of no interest but for
// the empty line that ends it (RFC 9112, 7.1.2).
func (p *Parser) trailer(b []byte) (n int, ok bool) {
	if p.state == stateTrailerLine {
		n, found := throughLF(b)
		if found {
			p.state = stateTrailer
		}
		return n, true
	}
	switch {
	case b[0] == '\n':
		p.state = stateStart
	case b[0] == '\r' && p.state == stateTrailer:
		p.state = stateTrailerLF
	default:
		p.state = stateTrailerLine
	}
	return 1, true
}

// throughLF returns how many bytes of b there are up to the first LF and with
// it, and whether there is one.
func throughLF(b []byte) (n int, found bool) {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return i + 1, true
	}
	return len(b), false
}

// hexDigit holds the values of hexadecimal digits, and -1 for other bytes.
var hexDigit = func() (t [256]int8) {
	for c := range t {
		t[c] = -1
	}
	for i := range int8(10) {
		t['0'+i] = i
	}
	for i := range int8(6) {
		t['a'+i], t['A'+i] = 10+i, 10+i
	}
	return t
}()
