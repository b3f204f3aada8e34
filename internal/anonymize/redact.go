package anonymize

import (
	"bytes"
)

// Redact returns the head raw with what may be a secret masked, and the rest as
// it is, in memory of dst if there is room; dst's old bytes are lost. Raw is as
// for [Anonymizer.Head], and the answer has the same length. Names, framing and
// software stay, and of targets and other references scheme, host and path.
// Masked with x are queries and fragments, parameters of paths, user information,
// and the value of each field that is not known to be harmless: what holds a
// secret has too many names. What follows the head is left as it is.
func Redact(dst, raw []byte) []byte {
	out := append(dst[:0], raw...)
	walk(out, redactor{})
	return out
}

type redactor struct{}

// request masks what is in none of the forms that a target has (RFC 9112, 3.2):
// a line that is cut off may be of a protocol in which a password stands there.
func (redactor) request(method, text []byte) {
	connect := isConnect(method)
	if !connect && len(text) > 0 && text[0] != '/' && text[0] != '*' && !bytes.Contains(text, []byte("://")) {
		if !knownMethods[string(method)] {
			blank(method)
		}
		blank(text)
		return
	}
	maskReference(text, connect)
}

func (redactor) reason(int, []byte)       {}
func (redactor) unknownStart(line []byte) { maskStart(line) }
func (redactor) unknownLine(line []byte)  { blank(line) }
func (redactor) behind([]byte)            {}

func (redactor) field(name, value []byte) {
	lowered := bytes.Clone(name)
	lower(lowered)
	switch {
	case framing[string(lowered)]:
	case string(lowered) == "host":
		t := splitTarget(value, true)
		blank(t.user)
		blank(t.path)
		blank(t.query)
	case references[string(lowered)]:
		maskReference(value, false)
	case harmless[string(lowered)]:
		if i := bytes.IndexByte(value, '\r'); i >= 0 { // some take it for the end of a line
			blank(value[i:])
		}
	default:
		blank(value)
	}
}

var (
	// framing are the fields that frame a message or say whether its connection persists.
	framing = set(`connection content-length expect keep-alive proxy-connection te transfer-encoding upgrade`)

	// references are the fields whose values are like a request target.
	references = set(`content-location location referer`)

	// harmless are the fields whose values are about a message, not about who may send it.
	harmless = set(`
		accept accept-charset accept-encoding accept-language accept-ranges age allow cache-control content-encoding
		content-language content-range content-type date expires if-modified-since if-range if-unmodified-since
		last-modified max-forwards pragma range retry-after server user-agent vary via x-cache x-powered-by`)
)

// maskReference masks user information, parameters, query and fragment of a target. An
// authority that nothing ends may be user information that is cut off.
func maskReference(b []byte, authority bool) {
	t := splitTarget(b, authority)
	blank(t.user)
	if !authority && t.path == nil && t.query == nil {
		blank(t.host)
	}
	parts := bytes.Split(t.path, []byte{'/'})
	for n, part := range parts {
		if n > 0 && len(parts[n-1]) == 0 { // behind // an authority may stand
			blank(part[:bytes.LastIndexByte(part, '@')+1])
		}
		if i := bytes.IndexByte(part, ';'); i >= 0 {
			blank(part[i+1:])
		}
	}
	if len(t.query) > 0 {
		blank(t.query[1:])
	}
}
