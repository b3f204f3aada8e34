package anonymize

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/kaanalyze/kaanalyze/httpparse"
)

// An editor rewrites the parts of a head in place. What it leaves alone, and
// what it is not given, stays.
type editor interface {
	// request takes method and target of a request line. A line that is cut off
	// has all after the first space as its target.
	request(method, target []byte)
	// reason takes what follows the status code of a response.
	reason(code int, text []byte)
	// field takes name and value of a field, without white space around them; a
	// folded value has its line ends inside.
	field(name, value []byte)
	// unknownStart takes a start line that is of no HTTP/1.x message.
	unknownStart(line []byte)
	// unknownLine takes a line that is no field.
	unknownLine(line []byte)
	// behind takes what follows the head.
	behind(b []byte)
}

// walk shows e the parts of the head b, which may be cut off anywhere. It
// divides b where [httpparse.ScanHead] does.
func walk(b []byte, e editor) {
	at := 0
	for at < len(b) && endsHead(b[at:]) > 0 { // empty lines before the start line
		at += endsHead(b[at:])
	}
	lf := lineEnd(b, at)
	startLine(b[at:lf], lf < len(b), e)
	for at = lf + 1; at < len(b); at = lf + 1 {
		if n := endsHead(b[at:]); n > 0 {
			e.behind(b[at+n:])
			return
		}
		first := lineEnd(b, at)
		lf = first
		for lf+1 < len(b) && (b[lf+1] == ' ' || b[lf+1] == '\t') { // RFC 9112, 5.2
			lf = lineEnd(b, lf+1)
		}
		fieldLine(b[at:lf], first-at, e)
	}
}

// lineEnd returns where the LF is that ends the line at at, or the length of b.
func lineEnd(b []byte, at int) int {
	if n := bytes.IndexByte(b[at:], '\n'); n >= 0 {
		return at + n
	}
	return len(b)
}

// endsHead returns the length of the empty line that b begins with, 0 without.
func endsHead(b []byte) int {
	switch {
	case b[0] == '\n':
		return 1
	case b[0] == '\r' && len(b) > 1 && b[1] == '\n':
		return 2
	}
	return 0
}

// version is how the versions of HTTP/1.x begin, up to the digit.
const version = "HTTP/1."

// startLine shows a start line without its LF; whole says that it had one.
func startLine(line []byte, whole bool, e editor) {
	if n := min(len(line), len(version)); string(line[:n]) == version[:n] {
		statusLine(line, n, e)
		return
	}
	method, target, ok := requestLine(line, whole)
	if !ok {
		var rest []byte
		if method, target, rest, ok = oddRequestLine(line, whole); !ok {
			e.unknownStart(line)
			return
		}
		e.unknownStart(rest)
	}
	e.request(method, target)
}

// oddRequestLine is requestLine for a known method and a version that is none of
// HTTP/1.x, which httpparse takes for a request, too; rest is what follows its slash.
func oddRequestLine(line []byte, whole bool) (method, target, rest []byte, ok bool) {
	trimmed := bytes.TrimRight(line, " \t\r")
	sp, v := bytes.IndexByte(line, ' '), bytes.LastIndexByte(trimmed, ' ')+1
	if !whole || sp <= 0 || v <= sp+2 || !knownMethods[string(line[:sp])] || len(trimmed) < v+len("http/") ||
		!strings.EqualFold(string(trimmed[v:v+len("http/")]), "http/") {
		return nil, nil, nil, false
	}
	return line[:sp], trimmed[sp+1 : v-1], trimmed[v+len("http/"):], true
}

// statusLine shows a status line, whose version begins with n known bytes.
// What makes it malformed stays.
func statusLine(line []byte, n int, e editor) {
	const code = len("HTTP/1.1 ")
	if len(line) > code+3 && digits(line[n:n+1]) && line[n+1] == ' ' && digits(line[code:code+3]) && line[code+3] <= ' ' {
		status, _ := strconv.Atoi(string(line[code : code+3]))
		e.reason(status, line[code+3:])
		return
	}
	for n < len(line) && n < code+3 && (line[n] == ' ' || digits(line[n:n+1])) {
		n++
	}
	e.unknownStart(line[n:])
}

// requestLine divides a request line, which has no LF any more, and reports
// whether it is one. One that is cut off is taken for one.
func requestLine(line []byte, whole bool) (method, target []byte, ok bool) {
	sp := bytes.IndexByte(line, ' ')
	if sp <= 0 || sp > maxMethod || bytes.ContainsFunc(line[:sp], func(c rune) bool { return !isToken(c) }) {
		return nil, nil, false
	}
	if !whole {
		return line[:sp], line[sp+1:], true
	}
	trimmed := bytes.TrimRight(bytes.TrimSuffix(line, []byte{'\r'}), " \t")
	v := len(trimmed) - len(version) - 1
	if v <= sp+2 || trimmed[v-1] != ' ' || string(trimmed[v:v+len(version)]) != version || !digits(trimmed[v+len(version):]) {
		return nil, nil, false
	}
	return line[:sp], trimmed[sp+1 : v-1], true
}

// maxMethod is the longest that httpparse takes for a method, in bytes.
const maxMethod = 32

// isToken reports whether c may stand in a token (RFC 9110, 5.6.2).
func isToken(c rune) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.ContainsRune("!#$%&'*+-.^_`|~", c)
}

// digits reports whether b has digits alone, one at least.
func digits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) > 0
}

// fieldLine shows a field with all its lines, the first of which ends at first.
func fieldLine(b []byte, first int, e editor) {
	colon := bytes.IndexByte(b[:first], ':')
	if colon <= 0 || b[0] == ' ' || b[0] == '\t' {
		e.unknownLine(b)
		return
	}
	name := bytes.TrimRight(b[:colon], white)
	if len(name) == 0 {
		e.unknownLine(b)
		return
	}
	e.field(name, bytes.Trim(b[colon+1:], white))
}

// white is white space around and within values: line ends stand in folds.
const white = " \t\r\n"

// words calls each with the parts of b between the bytes of separators, white
// space and control characters.
func words(b []byte, separators string, each func(word []byte)) {
	start := 0
	for i, c := range b {
		if c <= ' ' || c == 0x7f || strings.IndexByte(separators, c) >= 0 {
			if i > start {
				each(b[start:i])
			}
			start = i + 1
		}
	}
	if start < len(b) {
		each(b[start:])
	}
}

// items calls each with the elements of a comma-separated list, without white
// space around them.
func items(v []byte, each func(item []byte)) {
	for item := range bytes.SplitSeq(v, []byte{','}) {
		each(bytes.Trim(item, white))
	}
}

// blank overwrites all of b but white space and control characters.
func blank(b []byte) {
	words(b, "", func(w []byte) {
		for i := range w {
			w[i] = 'x'
		}
	})
}

// maskStart overwrites a start line that is of no message, like blank, and makes no
// message of it: each byte that may stand in a method stays one, and others do not
// become one.
func maskStart(line []byte) {
	words(line, "", func(w []byte) {
		for i, c := range w {
			if isToken(rune(c)) {
				w[i] = 'x'
			} else {
				w[i] = '?'
			}
		}
	})
}

// A target is a request target or another reference to a resource, divided.
type target struct {
	scheme, user, host, path, query []byte // query from the ? or # on
}

// splitTarget divides a target; authority says that it is in authority-form, as
// CONNECT has it (RFC 9112, 3.2). It splits where [httpparse.Head.Host] does.
func splitTarget(b []byte, authority bool) (t target) {
	if i := bytes.IndexAny(b, "?#"); i >= 0 {
		b, t.query = b[:i], b[i:]
	}
	if i := bytes.Index(b, []byte("://")); i > 0 && b[0] != '/' && !authority {
		t.scheme, b, authority = b[:i], b[i+3:], true
	}
	if !authority {
		t.path = b
		return t
	}
	if i := bytes.IndexByte(b, '/'); i >= 0 {
		b, t.path = b[:i], b[i:]
	}
	if i := bytes.LastIndexByte(b, '@'); i >= 0 {
		t.user, b = b[:i], b[i+1:]
	}
	t.host = b
	return t
}

// isConnect reports whether a method is CONNECT.
func isConnect(method []byte) bool { return string(method) == httpparse.CONNECT.String() }
