package tlscrypt

import (
	"bytes"
	"crypto/sha256"

	"golang.org/x/crypto/cryptobyte"
)

// Types of handshake messages (RFC 8446, 4).
const (
	clientHello         = 1
	serverHello         = 2
	newSessionTicket    = 4
	endOfEarlyData      = 5
	encryptedExtensions = 8
	certificate         = 11
	serverKeyExchange   = 12
	serverHelloDone     = 14
	finished            = 20
	keyUpdate           = 24
)

// Extensions that say how to go on (IANA, TLS ExtensionType Values).
const (
	extALPN              = 16
	extEncryptThenMAC    = 22
	extSessionTicket     = 35
	extEarlyData         = 42
	extSupportedVersions = 43
)

const (
	version12 = 0x0303
	version13 = 0x0304
)

// retryRandom is the random of a HelloRetryRequest: the SHA-256 of that word (RFC 8446,
// 4.1.3).
var retryRandom = sha256.Sum256([]byte("HelloRetryRequest"))

// maxMessage is the longest message that is read: only hellos and what is like them are.
const maxMessage = 16 << 10

// message is the handshake message under way in one direction.
type message struct {
	header [4]byte // type and length
	have   uint8   // bytes of it
	left   uint32  // bytes of the body that are to come
	body   []byte  // so far, if it is to be read
}

// wanted reports whether the body of a message is to be read.
func (m *message) wanted() bool {
	switch m.header[0] {
	case clientHello, serverHello, newSessionTicket, encryptedExtensions:
		return m.left <= maxMessage
	}
	return m.header[0] == keyUpdate && m.left == 1
}

// next takes bytes of messages up to the end of the first. It returns the rest, and
// whether a message is whole now: that of m.header, with m.body if it was wanted.
func (m *message) next(b []byte) (rest []byte, whole bool) {
	if m.have == uint8(len(m.header)) && m.left == 0 {
		m.have, m.body = 0, m.body[:0]
	}
	if m.have < uint8(len(m.header)) {
		n := copy(m.header[m.have:], b)
		m.have += uint8(n)
		b = b[n:]
		if m.have < uint8(len(m.header)) {
			return b, false
		}
		m.left = uint32(m.header[1])<<16 | uint32(m.header[2])<<8 | uint32(m.header[3])
		m.body = m.body[:0]
	}
	n := min(len(b), int(m.left))
	if m.wanted() || len(m.body) > 0 {
		m.body = append(m.body, b[:n]...)
	}
	m.left -= uint32(n)
	return b[n:], m.left == 0
}

// hello is what a hello says of how records are protected. Its slices are of the message.
type hello struct {
	version        uint16 // that a server chose
	random         [32]byte
	sessionID      []byte
	suite          uint16
	compressed     bool
	protocol       string // of a server, ALPN
	ticket         []byte
	early          bool
	encryptThenMAC bool
}

// readHello reads the body of a hello, and reports whether it is one.
func readHello(b []byte, byClient bool) (h hello, ok bool) {
	s := cryptobyte.String(b)
	var id cryptobyte.String
	if !s.ReadUint16(&h.version) || !s.CopyBytes(h.random[:]) || !s.ReadUint8LengthPrefixed(&id) {
		return h, false
	}
	h.sessionID = id
	if byClient {
		var ciphers, compression cryptobyte.String
		if !s.ReadUint16LengthPrefixed(&ciphers) || !s.ReadUint8LengthPrefixed(&compression) {
			return h, false
		}
	} else {
		var compression uint8
		if !s.ReadUint16(&h.suite) || !s.ReadUint8(&compression) {
			return h, false
		}
		h.compressed = compression != 0
	}
	if s.Empty() {
		return h, true
	}
	return h, h.extensions(s, byClient)
}

// extensions reads the extensions of a hello, or those that are encrypted.
func (h *hello) extensions(s cryptobyte.String, byClient bool) bool {
	var list cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&list) {
		return false
	}
	for !list.Empty() {
		var kind uint16
		var body, names, name cryptobyte.String
		if !list.ReadUint16(&kind) || !list.ReadUint16LengthPrefixed(&body) {
			return false
		}
		switch kind {
		case extALPN:
			if !byClient && body.ReadUint16LengthPrefixed(&names) && names.ReadUint8LengthPrefixed(&name) {
				h.protocol = string(name)
			}
		case extEncryptThenMAC:
			h.encryptThenMAC = true
		case extSessionTicket:
			h.ticket = body
		case extEarlyData:
			h.early = true
		case extSupportedVersions:
			if !byClient {
				body.ReadUint16(&h.version)
			}
		}
	}
	return true
}

// isRetry reports whether a ServerHello is a HelloRetryRequest.
func (h *hello) isRetry() bool { return bytes.Equal(h.random[:], retryRandom[:]) }

// ticketOf returns the ticket of a NewSessionTicket of TLS 1.2 (RFC 5077, 3.3).
func ticketOf(body []byte) []byte {
	s := cryptobyte.String(body)
	var ticket cryptobyte.String
	if !s.Skip(4) || !s.ReadUint16LengthPrefixed(&ticket) {
		return nil
	}
	return ticket
}
