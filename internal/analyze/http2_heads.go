package analyze

import (
	"strconv"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse"
	"github.com/kaanalyze/kaanalyze/httpparse/http2"
)

// The head of a message of HTTP/2 is written as one of HTTP/1.1, as a proxy would
// (RFC 9113, 8.3): what looks into heads, or replaces names in them, then serves both.

// requestHead returns the head of a request, until the next head. A target or a method
// that is not known is "*".
func (a *Analyzer) requestHead(f *http2.Fields) []byte {
	b := a.states.h2.raw[:0]
	b = appendWord(b, f.Method)
	b = append(b, ' ')
	if f.Path == "" && f.Method == "CONNECT" {
		b = appendWord(b, f.Authority)
	} else {
		b = appendWord(b, f.Path)
	}
	b = append(b, " HTTP/1.1\r\n"...)
	b = appendField(b, "Host", f.Authority)
	b = appendField(b, "User-Agent", f.UserAgent)
	if f.ContentLength >= 0 {
		b = appendField(b, "Content-Length", strconv.FormatInt(f.ContentLength, 10))
	}
	if f.Forwarded {
		b = appendField(b, "Via", "2")
	}
	a.states.h2.raw = append(b, "\r\n"...)
	return a.states.h2.raw
}

// responseHead is requestHead for a response.
func (a *Analyzer) responseHead(f *http2.Fields) []byte {
	b := append(a.states.h2.raw[:0], "HTTP/1.1 "...)
	b = strconv.AppendUint(b, uint64(f.Status), 10)
	b = append(b, " \r\n"...)
	b = appendField(b, "Server", f.Server)
	b = appendField(b, "X-Powered-By", f.PoweredBy)
	b = appendField(b, "Via", f.Via)
	a.states.h2.raw = append(b, "\r\n"...)
	return a.states.h2.raw
}

// appendWord appends a part of the first line of a head, of at most maxText bytes.
func appendWord(b []byte, s string) []byte {
	if s == "" {
		return append(b, '*')
	}
	for i := range min(len(s), maxText) {
		if c := s[i]; c > ' ' && c != 0x7f {
			b = append(b, c)
		} else {
			b = append(b, '?')
		}
	}
	return b
}

// appendField appends a field, if it is there.
func appendField(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	b = append(append(b, name...), ": "...)
	for i := range min(len(value), maxText) {
		if c := value[i]; c >= ' ' && c != 0x7f {
			b = append(b, c)
		}
	}
	return append(b, "\r\n"...)
}

// beginStreamRecord is beginRecord for a stream, whose head was written from its fields.
func (a *Analyzer) beginStreamRecord(c *flows.Conn, t *httpState, x *h2State, h httpparse.Head, raw []byte, f *http2.Frame) int32 {
	n := a.beginRecord(c, t, h, raw, f.At, f.Num)
	e := &a.exchanges[len(a.exchanges)-1]
	e.N, e.Stream = x.before+x.opened, f.Stream
	if e.Target == "*" && e.MethodName != "OPTIONS" {
		e.Target = ""
	}
	if e.MethodName == "*" {
		e.MethodName = ""
	}
	return n
}
