package tlswire

import (
	"bytes"

	"golang.org/x/crypto/cryptobyte"
)

// messageType is the type of a handshake message (RFC 8446, 4).
type messageType uint8

const (
	clientHelloMessage        messageType = 1
	serverHelloMessage        messageType = 2
	certificateMessage        messageType = 11
	serverKeyExchangeMessage  messageType = 12
	certificateRequestMessage messageType = 13
	serverHelloDoneMessage    messageType = 14
	clientKeyExchangeMessage  messageType = 16
)

// Extensions of hellos (IANA, TLS ExtensionType Values).
const (
	extServerName        = 0
	extSupportedGroups   = 10
	extSignatures        = 13
	extALPN              = 16
	extSessionTicket     = 35
	extPreSharedKey      = 41
	extEarlyData         = 42
	extSupportedVersions = 43
	extNextProtocol      = 13172 // of NPN, where the client chooses in an encrypted message (draft-agl-tls-nextprotoneg)
)

const (
	version12 = 0x0303
	version13 = 0x0304
)

// retryRandom is the random of a ServerHello that is a HelloRetryRequest: the SHA-256
// of that word (RFC 8446, 4.1.3).
var retryRandom = []byte{
	0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
	0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
}

// hello is what a ClientHello or a ServerHello says. Its slices are of the message.
type hello struct {
	version    uint16 // chosen, or the highest that is offered
	sessionID  []byte
	serverName []byte
	protocols  []byte // of ALPN: each with a byte for its length before it
	ticket     bool   // has a session ticket
	psk        bool   // pre-shared keys: of a session to resume
	earlyData  bool
	npn        bool
	retry      bool // a HelloRetryRequest
	whole      bool // nothing of it is missing, and it can be read
}

// readHello reads the body of a hello, as far as it goes.
func readHello(b []byte, byClient bool) (h hello) {
	s := cryptobyte.String(b)
	var random []byte
	var id cryptobyte.String
	if !s.ReadUint16(&h.version) || !s.ReadBytes(&random, 32) || !s.ReadUint8LengthPrefixed(&id) {
		return h
	}
	h.sessionID = id
	h.retry = !byClient && bytes.Equal(random, retryRandom)
	if byClient {
		var ciphers, compression cryptobyte.String
		if !s.ReadUint16LengthPrefixed(&ciphers) || !s.ReadUint8LengthPrefixed(&compression) {
			return h
		}
	} else if !s.Skip(3) { // cipher suite, compression
		return h
	}
	if s.Empty() { // as old programs send it
		h.whole = true
		return h
	}
	var length uint16
	if !s.ReadUint16(&length) {
		return h
	}
	h.whole = int(length) <= len(s)
	if h.whole {
		s = s[:length]
	}
	for !s.Empty() {
		var kind uint16
		var body cryptobyte.String
		if !s.ReadUint16(&kind) || !s.ReadUint16LengthPrefixed(&body) {
			h.whole = false
			break
		}
		h.extension(kind, body, byClient)
	}
	return h
}

// extension takes an extension of a hello.
func (h *hello) extension(kind uint16, s cryptobyte.String, byClient bool) {
	switch kind {
	case extServerName:
		var list, name cryptobyte.String
		var nameType uint8
		if s.ReadUint16LengthPrefixed(&list) && list.ReadUint8(&nameType) && nameType == 0 && list.ReadUint16LengthPrefixed(&name) && len(name) <= 255 {
			h.serverName = name
		}
	case extALPN:
		var list cryptobyte.String
		if s.ReadUint16LengthPrefixed(&list) {
			h.protocols = list
		}
	case extSessionTicket:
		h.ticket = len(s) > 0
	case extPreSharedKey:
		h.psk = true
	case extNextProtocol:
		h.npn = true
	case extEarlyData:
		h.earlyData = true
	case extSupportedVersions:
		h.versions(s, byClient)
	}
}

// versions takes the extension of versions: the client's list, or the server's choice.
func (h *hello) versions(s cryptobyte.String, byClient bool) {
	var v uint16
	if !byClient {
		if s.ReadUint16(&v) {
			h.version = v
		}
		return
	}
	var list cryptobyte.String
	if !s.ReadUint8LengthPrefixed(&list) {
		return
	}
	h.version = 0
	for list.ReadUint16(&v) {
		if !isGrease(byte(v>>8), byte(v)) {
			h.version = max(h.version, v)
		}
	}
}

// isGrease reports whether two bytes are a value that says nothing (RFC 8701).
func isGrease(a, b byte) bool { return a == b && a&0x0f == 0x0a }

// protocolList returns the names of a list of ALPN, without those that say nothing.
// One that cannot be read ends it.
func protocolList(list string) (names []string) {
	s := cryptobyte.String(list)
	var name cryptobyte.String
	for s.ReadUint8LengthPrefixed(&name) {
		if len(name) == 2 && isGrease(name[0], name[1]) {
			continue
		}
		names = append(names, string(name))
	}
	return names
}

// maxProtocols is the longest list of protocols that is kept: names that are longer
// than those in use say nothing to anybody.
const maxProtocols = 255
