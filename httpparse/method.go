package httpparse

// Method is a request method. The zero Method is none, as in a response.
type Method uint8

// The registered methods (RFC 9110, 16.1.1, and the IANA registry) and a few
// that are common without it. PRI is left out: it begins HTTP/2.
const (
	NoMethod Method = iota
	GET
	HEAD
	POST
	PUT
	DELETE
	CONNECT
	OPTIONS
	TRACE
	PATCH
	QUERY
	ACL
	BaselineControl
	BIND
	CHECKIN
	CHECKOUT
	COPY
	LABEL
	LINK
	LOCK
	MERGE
	MKACTIVITY
	MKCALENDAR
	MKCOL
	MKREDIRECTREF
	MKWORKSPACE
	MOVE
	MSearch
	NOTIFY
	ORDERPATCH
	PROPFIND
	PROPPATCH
	PURGE
	REBIND
	REPORT
	SEARCH
	SUBSCRIBE
	UNBIND
	UNCHECKOUT
	UNLINK
	UNLOCK
	UNSUBSCRIBE
	UPDATE
	UPDATEREDIRECTREF
	VersionControl
	OtherMethod // a token that is none of these
)

var methodNames = [...]string{
	GET: "GET", HEAD: "HEAD", POST: "POST", PUT: "PUT", DELETE: "DELETE",
	CONNECT: "CONNECT", OPTIONS: "OPTIONS", TRACE: "TRACE", PATCH: "PATCH",
	QUERY: "QUERY", ACL: "ACL", BaselineControl: "BASELINE-CONTROL", BIND: "BIND",
	CHECKIN: "CHECKIN", CHECKOUT: "CHECKOUT", COPY: "COPY", LABEL: "LABEL",
	LINK: "LINK", LOCK: "LOCK", MERGE: "MERGE", MKACTIVITY: "MKACTIVITY",
	MKCALENDAR: "MKCALENDAR", MKCOL: "MKCOL", MKREDIRECTREF: "MKREDIRECTREF",
	MKWORKSPACE: "MKWORKSPACE", MOVE: "MOVE", MSearch: "M-SEARCH", NOTIFY: "NOTIFY",
	ORDERPATCH: "ORDERPATCH", PROPFIND: "PROPFIND", PROPPATCH: "PROPPATCH",
	PURGE: "PURGE", REBIND: "REBIND", REPORT: "REPORT", SEARCH: "SEARCH",
	SUBSCRIBE: "SUBSCRIBE", UNBIND: "UNBIND", UNCHECKOUT: "UNCHECKOUT",
	UNLINK: "UNLINK", UNLOCK: "UNLOCK", UNSUBSCRIBE: "UNSUBSCRIBE", UPDATE: "UPDATE",
	UPDATEREDIRECTREF: "UPDATEREDIRECTREF", VersionControl: "VERSION-CONTROL",
	OtherMethod: "other",
}

// String returns the method as it stands in a request line, "other" for
// [OtherMethod], whose name is in the raw head only, and "none" for no method.
func (m Method) String() string {
	if m == NoMethod || int(m) >= len(methodNames) {
		return "none"
	}
	return methodNames[m]
}

// Idempotent reports whether several requests are meant to do what one does, so that a
// client may repeat one that failed (RFC 9110, 9.2.2, and what the registry says).
func (m Method) Idempotent() bool {
	switch m {
	case NoMethod, POST, PATCH, CONNECT, LOCK, OtherMethod:
		return false
	}
	return true
}

// maxMethod bounds the length of a method: the longest registered one has 17
// bytes, and text that begins with a longer word is not HTTP.
const maxMethod = 32

// methodCodes holds the methods but GET and POST, which methodOf tries first.
var methodCodes = func() map[string]Method {
	m := make(map[string]Method, len(methodNames))
	for code := GET; code < OtherMethod; code++ {
		m[methodNames[code]] = code
	}
	return m
}()

// methodOf returns the method that token names. Methods are case-sensitive
// (RFC 9110, 9.1).
func methodOf(token []byte) Method {
	switch string(token) {
	case "GET":
		return GET
	case "POST":
		return POST
	case "HEAD":
		return HEAD
	case "PUT":
		return PUT
	}
	if m, ok := methodCodes[string(token)]; ok {
		return m
	}
	return OtherMethod
}

// isToken tells the characters of a token (RFC 9110, 5.6.2).
var isToken = func() (t [256]bool) {
	const punctuation = "!#$%&'*+-.^_`|~"
	for c := range t {
		t[c] = c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
	}
	for _, c := range punctuation {
		t[c] = true
	}
	return t
}()
