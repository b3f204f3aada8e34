package anonymize

import (
	"bytes"
	"slices"
)

// Redact returns the head raw with what may be a secret masked, and the rest as
// it is, in memory of dst if there is room; dst's old bytes are lost. Raw is as
// for [Anonymizer.Head], and the answer has the same length. Masked with x are
// queries and fragments, user information, the values of cookies and of
// authorization, and those of fields whose name says that they hold a secret.
// What follows the head is left as it is.
func Redact(dst, raw []byte) []byte {
	out := append(dst[:0], raw...)
	walk(out, redactor{})
	return out
}

type redactor struct{}

func (redactor) request(method, text []byte) { reference(text, isConnect(method), blank) }
func (redactor) reason(int, []byte)          {}
func (redactor) start(line []byte)           { reference(line, false, maskStart) }
func (redactor) other([]byte)                {}
func (redactor) rest([]byte)                 {}

func (redactor) field(name, value []byte) {
	lowered := bytes.Clone(name)
	lower(lowered)
	switch {
	case slices.ContainsFunc(secretWords, func(s string) bool { return bytes.Contains(lowered, []byte(s)) }):
		blank(value)
	case slices.Contains(references, string(lowered)):
		reference(value, false, blank)
	}
}

// secretWords are in the names of fields that hold secrets.
var secretWords = []string{"authoriz", "cookie", "token", "secret", "passw", "api-key", "apikey", "session", "csrf", "xsrf", "credential", "signature",
	"access-key", "x-auth", "jwt"}

// references are the fields whose values are like a request target.
var references = []string{"referer", "location", "content-location", "x-original-url", "x-rewrite-url", "x-forwarded-uri"}

// reference masks user information, query and fragment of a target.
func reference(b []byte, authority bool, mask func([]byte)) {
	t := divide(b, authority)
	mask(t.user)
	if len(t.query) > 0 {
		mask(t.query[1:])
	}
}
