package causetest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// protected are the words for encrypted records of TLS 1.3, of the length that is
// given: bytes of the body.
var protected = strings.NewReplacer(
	"$request", record(23, strings.Repeat("q", 120)),
	"$response", record(23, strings.Repeat("p", 400)),
	"$notify", record(23, strings.Repeat("n", 19)),
)

// secured returns what $tls and its variants stand for: a TCP handshake, and one of TLS 1.3
// in which the client offers a protocol or none, and a session to resume or none.
func secured(protocol string, offers, resumes bool) []step {
	client, server := "\x00\x2b\x00\x03\x02\x03\x04", "\x00\x2b\x00\x02\x03\x04"
	encrypted := 4 + 2 + 1 + 16 // EncryptedExtensions (RFC 8446, 4.3.1)
	if protocol != "" {
		list := string(rune(len(protocol))) + protocol
		client += "\x00\x10" + prefixed(prefixed(list))
		encrypted += 4 + 2 + len(list)
	}
	if offers {
		client += "\x00\x29\x00\x04keys"
	}
	rest := 1200 // certificate, its proof, Finished
	if resumes {
		server += "\x00\x29\x00\x02\x00\x00"
		rest = 53
	}
	hello := message(1, "\x03\x03"+strings.Repeat("c", 32)+"\x00"+"\x00\x02\x13\x01"+"\x01\x00"+prefixed(client))
	answer := message(2, "\x03\x03"+strings.Repeat("s", 32)+"\x00"+"\x13\x01\x00"+prefixed(server))
	flight := record(22, answer) + record(23, strings.Repeat("e", encrypted)) + record(23, strings.Repeat("f", rest))
	at := handshake[len(handshake)-1].after
	return append(slices.Clone(handshake),
		step{at + 900*time.Microsecond, "> P. " + record(22, hello)},
		step{at + 1900*time.Microsecond, "< P. " + strings.ReplaceAll(flight, `""`, "")},
		step{at + 2900*time.Microsecond, "> P. " + record(23, strings.Repeat("f", 53))})
}

// early returns the same as steps, but for the handshake of TLS, which is over 1.7 ms after
// the SYN.
func early(steps []step) []step {
	steps = slices.Clone(steps)
	for i := range steps[len(handshake):] {
		steps[len(handshake)+i].after = handshake[len(handshake)-1].after + time.Duration(i+1)*200*time.Microsecond
	}
	return steps
}

// overTLS are the words of scripts in clear, and what a script over TLS has in their place.
var overTLS = strings.NewReplacer("$open", "$tls-early", "$get", "$request", "$ok", "$response")

// inClear matches what such a script cannot have: words and bytes that have no counterpart,
// sequence numbers behind the handshake, and what comes before that of TLS would be over.
var inClear = regexp.MustCompile(`\$(head|post|last|none|part|bye|tls|request|response|notify)|"|\d:\d+\(|ack [1-9]\d|< S\. ack|(?m:^0\.001[0-6])`)

// Cut returns a script in clear as a capture with 20 bytes of the payload of each packet has
// it; ok is false if there is nothing to cut, or if what is cut tells more than that.
func Cut(text string) (cut string, ok bool) {
	if inClear.MatchString(text) || !strings.Contains(text, "$get") {
		return "", false
	}
	return strings.NewReplacer("$get", "$get cut 20", "$ok", "$ok cut 20").Replace(text), true
}

// finLine matches a FIN.
var finLine = regexp.MustCompile(`(?m)^(\s*(?:\d+: )?[\d.]+\s+[<>] )F\..*$`)

// OverTLS returns a script in clear as it would be over TLS, each FIN behind a close_notify
// or not; ok is false if it cannot be.
func OverTLS(text string, notify bool) (over string, ok bool) {
	if inClear.MatchString(text) || !strings.Contains(text, "$get") {
		return "", false
	}
	over = overTLS.Replace(text)
	if notify {
		over = finLine.ReplaceAllString(over, "${1}P. $$notify\n$0")
	}
	return over, true
}

// prefixed returns b behind its length in two bytes.
func prefixed(b string) string { return string([]byte{byte(len(b) >> 8), byte(len(b))}) + b }

// message returns a handshake message.
func message(kind byte, b string) string { return string([]byte{kind, 0}) + prefixed(b) }

// record returns a record as scripts write bytes.
func record(kind byte, b string) string {
	var out strings.Builder
	out.WriteByte('"')
	for _, c := range []byte(string([]byte{kind, 3, 3}) + prefixed(b)) {
		fmt.Fprintf(&out, `\x%02x`, c)
	}
	return out.String() + `"`
}

// connections are the words for what opens a connection.
var connections = []struct {
	word  string
	steps []step
}{
	{"$tls-resumed", secured("http/1.1", true, true)},
	{"$tls-refused", secured("http/1.1", true, false)},
	{"$tls-h2", secured("h2", false, false)},
	{"$tls-early", early(secured("http/1.1", false, false))},
	{"$tls", secured("http/1.1", false, false)},
	{"$open", handshake},
}
