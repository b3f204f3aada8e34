package httpparse

import "strings"

// Kind says which of the two messages a head begins.
type Kind uint8

// The kinds of message.
const (
	NoKind Kind = iota
	Request
	Response
)

// String returns "none", "request" or "response".
func (k Kind) String() string { return name([]string{"none", "request", "response"}, k) }

// HeadFlags are what a head's lines say about framing, persistence and form.
type HeadFlags uint32

// The flags of a head.
const (
	ConnClose          HeadFlags = 1 << iota // Connection: close
	ConnKeepAlive                            // Connection: keep-alive
	ConnUpgrade                              // Connection: upgrade
	ProxyConnClose                           // Proxy-Connection: close; a fact only (RFC 9112, C.2.2)
	ProxyConnKeepAlive                       // Proxy-Connection: keep-alive; a fact only
	HasUpgrade                               // an Upgrade field is present
	UpgradeH2C                               // Upgrade: h2c
	UpgradeWebSocket                         // Upgrade: websocket
	HasTE                                    // a Transfer-Encoding field is present
	TEChunked                                // its final coding is chunked (RFC 9112, 6.1)
	HasCL                                    // a Content-Length field is present
	BadCL                                    // it is no number, or two of them differ (RFC 9112, 6.3)
	ExpectContinue                           // Expect: 100-continue
	HasKeepAlive                             // a Keep-Alive field is present
	ObsFold                                  // a line begins with white space (RFC 9112, 5.2)
	LFOnly                                   // a line ends in LF without CR (RFC 9112, 2.2)
	LeadingEmptyLines                        // empty lines came before the start line (RFC 9112, 2.2)
	SpaceBeforeColon                         // white space after a field name (RFC 9112, 5.1); of the fields above only
)

var flagNames = [...]string{
	"conn-close", "conn-keep-alive", "conn-upgrade", "proxy-conn-close", "proxy-conn-keep-alive",
	"upgrade", "upgrade-h2c", "upgrade-websocket", "te", "te-chunked", "cl", "bad-cl",
	"expect-continue", "keep-alive", "obs-fold", "lf-only", "leading-empty-lines", "space-before-colon",
}

// Has reports whether every flag of want is set in f.
func (f HeadFlags) Has(want HeadFlags) bool { return f&want == want }

// String returns the names of the flags, separated by spaces.
func (f HeadFlags) String() string {
	var names []string
	for i, s := range flagNames {
		if f&(1<<i) != 0 {
			names = append(names, s)
		}
	}
	return strings.Join(names, " ")
}

// MaxHead is the length in bytes of the longest head that is read as one.
// Servers stop far earlier, at 8 to 32 KiB.
const MaxHead = 64<<10 - 1

// MaxKeepAlive is the highest value of [Head.KeepAliveTimeout] and
// [Head.KeepAliveMax]; a higher one in the field reads as this.
const MaxKeepAlive = 1<<18 - 2

// Head is what the head of a message says. It holds no pointer; the target
// and other text are found in the raw head by [Target], [Host] and [Field].
type Head struct {
	ContentLength int64 // bytes, from a valid Content-Length; -1 without
	Flags         HeadFlags
	Len           int32 // bytes of the head, leading empty lines and the final empty line included
	TargetOff     int32 // where the request target begins in the head, and its length; 0 in a response
	TargetLen     int32

	KeepAliveTimeout int32 // seconds, from Keep-Alive: timeout=; -1 without
	KeepAliveMax     int32 // requests, from Keep-Alive: max=; -1 without

	Status uint16 // of a response, 100 to 999; 0 in a request
	Kind   Kind
	Method Method // of a request
	Minor  uint8  // 1 for HTTP/1.1
}

// Persistent reports whether the connection may persist after the message, by
// what this message alone says (RFC 9112, 9.3). A body that only the close
// ends, and what the other side says, are not considered.
func (h Head) Persistent() bool { return persistent(h.Minor, h.Flags) }

func persistent(minor uint8, flags HeadFlags) bool {
	switch {
	case flags&ConnClose != 0:
		return false
	case minor >= 1:
		return true
	default: // HTTP/1.0 with Transfer-Encoding is faulty: close after it (6.1)
		return flags&(ConnKeepAlive|HasTE) == ConnKeepAlive
	}
}

// name returns the name of a small enumerated value.
func name[T ~uint8](names []string, v T) string {
	if int(v) >= len(names) {
		return "invalid"
	}
	return names[v]
}
