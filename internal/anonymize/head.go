package anonymize

import (
	"bytes"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Head returns the head raw with names and values replaced, in memory of dst
// if there is room; dst's old bytes are lost. Raw is a head of HTTP/1.x from its
// first byte, up to its end or to anywhere. The answer has the same length and
// white space, line ends and separators at the same places;
// [github.com/kaanalyze/kaanalyze/httpparse.ScanHead] says the same of it. What
// follows the head is masked.
//
// Names that the standards give stay, and so do the values of fields that frame
// a message or say whether its connection persists, as far as they do so.
func (a *Anonymizer) Head(dst, raw []byte) []byte {
	out := append(dst[:0], raw...)
	walk(out, a)
	return out
}

func (a *Anonymizer) request(method, text []byte) {
	connect := isConnect(method)
	if !knownMethods[string(method)] {
		a.replace(methodName, method)
	}
	t := splitTarget(text, connect)
	if !slices.Contains([]string{"http", "https", "ws", "wss"}, string(t.scheme)) {
		words(t.scheme, "", func(w []byte) { a.replace(schemeName, w) })
	}
	words(t.user, ":", func(w []byte) { a.replace(valueWord, w) })
	a.host(t.host)
	if string(t.path) != "*" {
		words(t.path, "/.", func(w []byte) { a.replace(pathPart, w) })
	}
	words(t.query, "?&=;#", func(w []byte) { a.replace(queryPart, w) })
}

// host replaces a host and keeps a port. Behind a bare IPv6 address there is none.
func (a *Anonymizer) host(b []byte) {
	i := bytes.LastIndexByte(b, ':')
	bare := i >= 0 && bytes.IndexByte(b[:i], ':') >= 0 && b[i-1] != ']'
	if i >= 0 && !bare && i+1+len("65535") >= len(b) && digits(b[i+1:]) {
		b = b[:i]
	}
	words(b, ".:[],", func(w []byte) { a.replace(hostLabel, w) })
}

func (a *Anonymizer) reason(code int, text []byte) {
	if string(bytes.Trim(text, white)) != http.StatusText(code) {
		a.unknownLine(text)
	}
}

func (*Anonymizer) unknownStart(line []byte) { maskStart(line) }

func (a *Anonymizer) unknownLine(line []byte) {
	words(line, separators, func(w []byte) { a.replace(valueWord, w) })
}

func (*Anonymizer) behind(b []byte) { blank(b) }

// separators stay in values, so that their words are found again elsewhere, as
// those of Set-Cookie in Cookie.
const separators = `,;="`

func (a *Anonymizer) field(name, value []byte) {
	lowered := bytes.Clone(name)
	lower(lowered)
	if rewrite := fields[string(lowered)]; rewrite != nil {
		rewrite(a, value)
		return
	}
	if !fieldNames[string(lowered)] {
		words(name, "", func(w []byte) { a.replace(fieldName, w) })
	}
	a.unknownLine(value)
}

// fields are those whose values stay in part, by name in lower case.
var fields = map[string]func(*Anonymizer, []byte){
	"connection":        (*Anonymizer).connection,
	"proxy-connection":  (*Anonymizer).connection,
	"keep-alive":        (*Anonymizer).keepAlive,
	"content-length":    (*Anonymizer).contentLength,
	"transfer-encoding": (*Anonymizer).codings,
	"te":                (*Anonymizer).codings,
	"upgrade":           (*Anonymizer).codings,
	"expect":            (*Anonymizer).codings,
	"content-type":      (*Anonymizer).contentType,
	"host":              (*Anonymizer).host,
	"user-agent":        (*Anonymizer).software,
	"server":            (*Anonymizer).software,
	"x-powered-by":      (*Anonymizer).software,
}

// codings replaces all words of a value but those of keptWords.
func (a *Anonymizer) codings(value []byte) {
	words(value, separators, func(w []byte) {
		if !oneOf(w, keptWords) {
			a.replace(valueWord, w)
		}
	})
}

// oneOf reports whether w is in the list, which is in lower case.
func oneOf(w []byte, list []string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return len(w) == len(s) && strings.EqualFold(string(w), s) })
}

// connection replaces options that are names of fields as those are replaced.
func (a *Anonymizer) connection(value []byte) {
	words(value, ",", func(w []byte) {
		lowered := bytes.Clone(w)
		lower(lowered)
		if string(lowered) != "close" && !fieldNames[string(lowered)] {
			a.replace(fieldName, w)
		}
	})
}

// keepAlive keeps timeout=N and max=N.
func (a *Anonymizer) keepAlive(value []byte) {
	items(value, func(item []byte) {
		key, n, found := bytes.Cut(item, []byte{'='})
		if !found || !oneOf(bytes.Trim(key, white), []string{"timeout", "max"}) || !number(bytes.Trim(n, white)) {
			a.replaceNonNumber(item)
		}
	})
}

// contentLength keeps numbers.
func (a *Anonymizer) contentLength(value []byte) {
	items(value, func(item []byte) {
		if !number(item) {
			a.replaceNonNumber(item)
		}
	})
}

// number reports whether b is a number as httpparse reads it.
func number(b []byte) bool {
	if !digits(b) {
		return false
	}
	n, err := strconv.ParseUint(string(b), 10, 64)
	return err == nil && n <= math.MaxInt64
}

// replaceNonNumber replaces what is no number by what is none.
func (a *Anonymizer) replaceNonNumber(item []byte) {
	words(item, separators, func(w []byte) { a.replace(nonNumber, w) })
}

// contentType keeps a media type that is well known, without its parameters.
// A stream of events is told by how the value begins.
func (a *Anonymizer) contentType(value []byte) {
	n := bytes.IndexAny(value, "; \t\r\n,")
	if n < 0 {
		n = len(value)
	}
	switch {
	case bytes.HasPrefix(value, []byte(eventStream)):
		n = len(eventStream)
	case !oneOf(value[:n], mediaTypes):
		n = 0
	}
	words(value[n:], separators+"/", func(w []byte) { a.replace(valueWord, w) })
}

// software keeps the name of a program that there is advice for.
func (a *Anonymizer) software(value []byte) {
	for _, p := range programs {
		if bytes.HasPrefix(value, []byte(p)) {
			value = value[len(p):]
			break
		}
	}
	words(value, "/();,", func(w []byte) { a.replace(valueWord, w) })
}
