package httpparse

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// Kind says which of the two messages a head begins.
type Kind uint8

// The kinds of message.
const (
	NoKind   Kind = iota // no head
	Request              // RFC 9112, 3
	Response             // RFC 9112, 4
)

// String returns "none", "request" or "response".
func (k Kind) String() string { return name([]string{"none", "request", "response"}, k) }

// Head is what the head of a message says about its framing, about the
// persistence of its connection, and where in the head its target lies. It is a
// value of three words without a pointer: copying is cheap, equal heads are ==,
// and the zero Head is none, of [NoKind]. Other text is found in the bytes of
// the head by [Field].
//
// The words are exported so that a Head can travel in a segment's note
// (flows.Note has the same form: convert one to the other); only the methods
// read them. They are packed as follows, each from its lowest bit:
//
//	A: kind 2, method or status 10, minor version 4, length 16, flags 32 bits
//	B: target length 16, target offset 12, Keep-Alive timeout 18 and max 18 bits
//	C: content length; of a request 40 bits, and 23 bits of a hash of the target
//
// A request without a length has all 40 bits set, and one of 512 GiB or more has
// its length in C inverted, and no hash.
//
// Timeout and max are stored plus one, so that absent is zero.
type Head struct{ A, B, C uint64 }

// MaxHead is the length in bytes of the longest head that is read as one.
// Servers stop far earlier, at 8 to 32 KiB.
const MaxHead = 64<<10 - 1

const (
	packCode    = 2
	packMinor   = packCode + 10
	packLen     = packMinor + 4
	packFlags   = packLen + 16
	packOff     = 16
	packTimeout = packOff + 12
	packMax     = packTimeout + 18

	maxTargetOff = 1<<12 - 1

	packHash   = 40
	hashBits   = 23
	lengthMask = 1<<packHash - 1
)

// Kind returns the kind of message, NoKind if there is no head.
func (h Head) Kind() Kind { return Kind(h.A & 3) }

// Method returns the method of a request, NoMethod in a response.
func (h Head) Method() Method {
	if h.Kind() != Request {
		return NoMethod
	}
	return Method(h.code())
}

// Status returns the status code of a response, 100 to 999; 0 in a request.
func (h Head) Status() uint16 {
	if h.Kind() != Response {
		return 0
	}
	return h.code()
}

func (h Head) code() uint16 { return uint16(h.A >> packCode & 0x3ff) }

// Minor returns the minor version of the message: 1 for HTTP/1.1.
func (h Head) Minor() uint8 { return uint8(h.A >> packMinor & 0xf) }

// Flags returns what the lines of the head say.
func (h Head) Flags() HeadFlags { return HeadFlags(h.A >> packFlags) }

// Len returns the length of the head in bytes, from where the scan began: to
// the end of the empty line that ends it, and with the empty lines before the
// start line if the scan saw them ([ScanHead] and [Scan] do, [Parser.Next]
// takes them beforehand).
func (h Head) Len() int { return int(h.A >> packLen & 0xffff) }

// ContentLength returns the length of the body in bytes from a valid
// Content-Length; -1 without (RFC 9110, 8.6).
func (h Head) ContentLength() int64 {
	c := int64(h.C)
	switch {
	case h.Kind() != Request || c == -1:
		return c
	case c < 0:
		return ^c
	case c&lengthMask == lengthMask:
		return -1
	}
	return c & lengthMask
}

// TargetHash returns a number that requests with the same target share, and others
// hardly; 0 if it was not taken.
func (h Head) TargetHash() uint32 {
	if c := int64(h.C); h.Kind() == Request && c >= 0 {
		return uint32(c >> packHash)
	}
	return 0
}

// withTarget returns the head with the hash of the target in b, where it begins.
func (h Head) withTarget(b []byte) Head {
	if c := int64(h.C); h.Kind() == Request && c >= -1 {
		h.C = h.C&lengthMask | uint64(hash(h.Target(b)))<<packHash
	}
	return h
}

// hash returns a number of 23 bits, never 0, that depends on every byte.
func hash(b []byte) uint32 {
	const mix = 0x9e3779b97f4a7c15
	x := uint64(len(b))
	for ; len(b) >= 8; b = b[8:] {
		x = bits.RotateLeft64((x^binary.LittleEndian.Uint64(b))*mix, 29)
	}
	if len(b) > 0 {
		x = (x ^ lastWord(b)) * mix
	}
	return uint32(x>>(64-hashBits)) | 1
}

// KeepAliveTimeout returns the seconds of timeout= in Keep-Alive; -1 without.
func (h Head) KeepAliveTimeout() int32 { return int32(h.B>>packTimeout&(1<<18-1)) - 1 }

// KeepAliveMax returns the requests of max= in Keep-Alive; -1 without.
func (h Head) KeepAliveMax() int32 { return int32(h.B>>packMax) - 1 }

// Persistent reports whether the connection may persist after the message, by
// what this message alone says (RFC 9112, 9.3). A body that only the close
// ends, and what the other side says, are not considered.
func (h Head) Persistent() bool {
	flags := h.Flags()
	switch {
	case flags&ConnClose != 0:
		return false
	case h.Minor() >= 1:
		return true
	default: // HTTP/1.0 with Transfer-Encoding is faulty: close after it (RFC 9112, 6.1)
		return flags&(ConnKeepAlive|HasTE) == ConnKeepAlive
	}
}

// Target returns the request target in raw, the h.Len() bytes of this head, or
// nil for a response. It is part of raw.
func (h Head) Target(raw []byte) []byte {
	off := int(h.B >> packOff & maxTargetOff)
	end := off + int(h.B&0xffff)
	if h.Kind() != Request || end > len(raw) {
		return nil
	}
	return raw[off:end]
}

// Host returns the host, and port if given, that the request in raw is for:
// the authority of a target in absolute-form or authority-form, else the Host
// field (RFC 9112, 3.3). User information, and what follows the authority, are
// cut off. It is part of raw, and nil for a response.
func (h Head) Host(raw []byte) []byte {
	if h.Kind() != Request {
		return nil
	}
	target := h.Target(raw)
	switch i := bytes.Index(target, []byte("://")); {
	case h.Method() == CONNECT:
		return withoutUser(target)
	case i > 0 && target[0] != '/':
		return withoutUser(target[i+len("://"):])
	}
	host, _ := Field(raw, "host")
	return withoutUser(host)
}

// withoutUser returns the authority that b begins with, without user information
// (RFC 3986, 3.2).
func withoutUser(b []byte) []byte {
	if end := bytes.IndexAny(b, "/?#"); end >= 0 {
		b = b[:end]
	}
	return b[bytes.LastIndexByte(b, '@')+1:]
}

// lastWord returns up to 7 bytes as a number. What follows them in memory is read, too,
// where there is something: the rest of the line.
func lastWord(b []byte) (x uint64) {
	if cap(b) >= 8 {
		return binary.LittleEndian.Uint64(b[:8]) & (1<<(8*len(b)) - 1)
	}
	for i, c := range b {
		x |= uint64(c) << (8 * i)
	}
	return x
}
