package httpparse

import "strings"

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

// name returns the name of a small enumerated value.
func name[T ~uint8](names []string, v T) string {
	if int(v) >= len(names) {
		return "invalid"
	}
	return names[v]
}
