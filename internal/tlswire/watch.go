package tlswire

import (
	"bytes"

	"golang.org/x/crypto/cryptobyte"
)

// Piece is a part of what a side sent that matters without a key. Of a copy that
// has these alone, and as many bytes, a Session tells the same.
type Piece struct {
	From, To int // of the bytes that Data was given
	Kind     PieceKind
	Done     bool // of a hello: that is the last piece of it
}

// PieceKind is what a Piece is.
type PieceKind uint8

// The kinds.
const (
	Frame       PieceKind = iota // headers of records and of messages, alerts in clear, what HTTP begins with
	ClientHello                  // without the header of the message
	ServerHello
	Other // what is no record, and begins the direction
)

// Watch makes Data note the pieces of what it is given from now on, or not. With whole all
// that is of the handshake is a piece, encrypted or not: who has the secrets of the session
// can read it.
func (t *Table) Watch(on, whole bool) { t.watching, t.whole = on, whole }

// handshakes reports whether the record under way of a side is of the handshake, or an
// alert. Of TLS 1.3 that shows only up to the client's Finished.
func (s *Session) handshakes(from Side, r *stream) bool {
	switch {
	case r.kind != applicationData:
		return true
	case !s.has(chose13), s.has(midstream | clientDone | clientWentOn):
		return false
	}
	return from != s.client || s.has(serverStarted)
}

// Pieces returns the pieces of what Data was given last, in order, if they are
// watched. They are valid until the next call of Data or Skip.
func (t *Table) Pieces() []Piece { return t.pieces }

// Skip says that Data is not given what came last: Pieces has nothing of it.
func (t *Table) Skip() { t.pieces = t.pieces[:0] }

// note notes a piece of n bytes, off bytes from where Data stands.
func (t *Table) note(off, n int, kind PieceKind, done bool) {
	if t.watching && (n > 0 || done) {
		t.pieces = append(t.pieces, Piece{t.at + off, t.at + off + n, kind, done})
	}
}

// Mask leaves of a hello, or of the beginning of one, what Session reads of it, and
// what tells why a handshake fails. The functions replace a server name and a name of
// ALPN in place; nil leaves them.
func Mask(hello []byte, byClient bool, host, protocol func([]byte)) {
	s := cryptobyte.String(hello)
	var version uint16
	var random, id []byte
	if !s.ReadUint16(&version) || !s.ReadBytes(&random, 32) || !s.ReadUint8LengthPrefixed((*cryptobyte.String)(&id)) {
		clear(hello[min(2, len(hello)):])
		return
	}
	if !bytes.Equal(random, retryRandom) {
		clear(random)
	}
	clear(id)
	var ciphers, compression cryptobyte.String
	if byClient && (!s.ReadUint16LengthPrefixed(&ciphers) || !s.ReadUint8LengthPrefixed(&compression)) ||
		!byClient && !s.Skip(3) || !s.Skip(2) {
		clear(s)
		return
	}
	for !s.Empty() {
		var number uint16
		var body cryptobyte.String
		rest := s
		if !s.ReadUint16(&number) || !s.ReadUint16LengthPrefixed(&body) {
			if len(rest) > 4 {
				clear(rest[4:])
			}
			return
		}
		maskExtension(number, body, host, protocol)
	}
}

// maskExtension is Mask for an extension.
func maskExtension(number uint16, body cryptobyte.String, host, protocol func([]byte)) {
	var list, name cryptobyte.String
	switch all := body; number {
	case extSupportedVersions, extSupportedGroups, extSignatures:
	case extServerName:
		if len(all) > 0 && (!body.ReadUint16LengthPrefixed(&list) || !list.Skip(1) || !list.ReadUint16LengthPrefixed(&name)) {
			clear(all)
		} else if host != nil {
			host(name)
		}
		clear(list)
		clear(body)
	case extALPN:
		if !body.ReadUint16LengthPrefixed(&list) {
			clear(all)
		}
		for !list.Empty() {
			if !list.ReadUint8LengthPrefixed(&name) {
				clear(list)
				break
			}
			if protocol != nil && !(len(name) == 2 && isGrease(name[0], name[1])) {
				protocol(name)
			}
		}
		clear(body)
	default:
		clear(all)
	}
}
