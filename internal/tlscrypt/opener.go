package tlscrypt

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"encoding/binary"
	"hash"

	"golang.org/x/crypto/chacha20poly1305"
)

// Content types of records (RFC 8446, 5.1).
const (
	changeCipherSpec = 20
	alert            = 21
	handshake        = 22
	applicationData  = 23
)

const (
	headerLen = 5
	tagLen    = 16
	nonceLen  = 12
	// maxRecord is the longest body of a record (RFC 5246, 6.2.3).
	maxRecord = 1<<14 + 2048
)

// opener opens the records of one direction under one key. The zero opener opens none.
type opener struct {
	suite     *suite
	aead      cipher.AEAD
	block     cipher.Block // of GCM, to look at one block alone
	v13       bool
	macFirst  bool // CBC: the MAC is of the text, not of what is encrypted (RFC 7366)
	mac       hash.Hash
	cbc       cbcMode
	iv, nonce [nonceLen]byte
	extra     [13]byte
	counter   [aes.BlockSize]byte
	sum       [64]byte
}

// cbcMode is what crypto/aes has for CBC: it takes an IV for each record.
type cbcMode interface {
	cipher.BlockMode
	SetIV([]byte)
}

// ready reports whether the opener has a key.
func (o *opener) ready() bool { return o.aead != nil || o.cbc != nil }

// init13 makes the key that a traffic secret of TLS 1.3 gives (RFC 8446, 7.3).
func (o *opener) init13(s *suite, secret []byte) {
	*o = opener{suite: s, v13: true}
	o.setKey(expandLabel(s.prf, secret, "key", int(s.key)))
	copy(o.iv[:], expandLabel(s.prf, secret, "iv", nonceLen))
}

// setKey makes an AEAD.
func (o *opener) setKey(key []byte) {
	var err error
	if o.suite.protection == chacha {
		o.aead, err = chacha20poly1305.New(key)
	} else if o.block, err = aes.NewCipher(key); err == nil {
		o.aead, err = cipher.NewGCM(o.block)
	}
	if err != nil {
		panic("tlscrypt: a suite whose key has another length: " + err.Error())
	}
}

// init12 makes the keys of both directions from a master secret: the client's and the
// server's (RFC 5246, 6.3).
func init12(client, server *opener, s *suite, master []byte, clientRandom, serverRandom *[32]byte, encryptFirst bool) {
	fixed := 0
	switch s.protection {
	case gcm:
		fixed = 4 // of the nonce; the rest is in the record (RFC 5288, 3)
	case chacha:
		fixed = nonceLen // RFC 7905, 2
	}
	mac, key := int(s.macLen), int(s.key)
	b := make([]byte, 2*(mac+key+fixed))
	keyBlock(s.prf, b, master, clientRandom, serverRandom)
	take := func(n int) (x []byte) {
		x, b = b[:n], b[n:]
		return x
	}
	macs := [2][]byte{take(mac), take(mac)}
	keys := [2][]byte{take(key), take(key)}
	ivs := [2][]byte{take(fixed), take(fixed)}
	for i, o := range [2]*opener{client, server} {
		*o = opener{suite: s, macFirst: !encryptFirst}
		copy(o.iv[:], ivs[i])
		if s.protection != cbc {
			o.setKey(keys[i])
			continue
		}
		block, err := aes.NewCipher(keys[i])
		if err != nil {
			panic("tlscrypt: a suite whose key has another length: " + err.Error())
		}
		o.cbc = cipher.NewCBCDecrypter(block, make([]byte, aes.BlockSize)).(cbcMode)
		o.mac = hmac.New(s.mac, macs[i])
	}
}

// shortest returns how long the body of a record is at least.
func (o *opener) shortest() int {
	switch {
	case o.v13:
		return tagLen + 1
	case o.suite.protection == gcm:
		return 8 + tagLen
	case o.suite.protection == chacha:
		return tagLen
	case o.macFirst:
		return 2 * aes.BlockSize
	}
	return 2*aes.BlockSize + int(o.suite.macLen)
}

// plainLen returns how much text a record with a body of that length has, and whether
// that is sure but for padding that TLS 1.3 allows and hardly anybody sends.
func (o *opener) plainLen(n int) (int, bool) {
	n -= o.shortest()
	return max(0, n), o.suite.protection != cbc
}

// open opens the record with this header and body, the seq-th under this key, into dst,
// which it must not overlap. It returns the text in dst and its content type.
func (o *opener) open(seq uint64, header *[headerLen]byte, body, dst []byte) (text []byte, kind uint8, ok bool) {
	if len(body) < o.shortest() {
		return nil, 0, false
	}
	switch {
	case o.v13:
		return o.open13(seq, header, body, dst)
	case o.cbc != nil:
		return o.openCBC(seq, header, body, dst)
	}
	binary.BigEndian.PutUint64(o.extra[:8], seq)
	copy(o.extra[8:11], header[:3])
	binary.BigEndian.PutUint16(o.extra[11:], uint16(len(body)-o.shortest()))
	if o.suite.protection == gcm {
		copy(o.nonce[:4], o.iv[:4])
		copy(o.nonce[4:], body[:8])
		body = body[8:]
	} else {
		o.setNonce(seq)
	}
	text, err := o.aead.Open(dst[:0], o.nonce[:], body, o.extra[:])
	return text, header[0], err == nil
}

// setNonce sets the nonce of a record (RFC 8446, 5.3).
func (o *opener) setNonce(seq uint64) {
	o.nonce = o.iv
	binary.BigEndian.PutUint64(o.nonce[4:], binary.BigEndian.Uint64(o.iv[4:])^seq)
}

// open13 is open for TLS 1.3 (RFC 8446, 5.2).
func (o *opener) open13(seq uint64, header *[headerLen]byte, body, dst []byte) (text []byte, kind uint8, ok bool) {
	o.setNonce(seq)
	copy(o.extra[:], header[:])
	text, err := o.aead.Open(dst[:0], o.nonce[:], body, o.extra[:headerLen])
	if err != nil {
		return nil, 0, false
	}
	for n := len(text); n > 0; n-- {
		if kind := text[n-1]; kind != 0 {
			return text[:n-1], kind, true
		}
	}
	return nil, 0, false
}

// may reports whether a record of TLS 1.3 may be the seq-th under this key: whether it
// ends as a text does. It costs a block, and is right in one of 64 tries.
func (o *opener) may(seq uint64, body []byte) bool {
	if o.block == nil || len(body) < tagLen+1 {
		return true
	}
	last := len(body) - tagLen - 1
	o.setNonce(seq)
	copy(o.counter[:], o.nonce[:])
	binary.BigEndian.PutUint32(o.counter[nonceLen:], uint32(2+last/aes.BlockSize)) // GCM counts from 2 (NIST SP 800-38D, 7.1)
	o.block.Encrypt(o.sum[:aes.BlockSize], o.counter[:])
	kind := o.sum[last%aes.BlockSize] ^ body[last]
	return kind == 0 || kind >= alert && kind <= applicationData
}

// openCBC is open for CBC with an IV in each record (RFC 5246, 6.2.3.2), the MAC before
// encryption or behind it (RFC 7366).
func (o *opener) openCBC(seq uint64, header *[headerLen]byte, body, dst []byte) (text []byte, kind uint8, ok bool) {
	macLen := int(o.suite.macLen)
	var sent []byte
	if !o.macFirst {
		sent, body = body[len(body)-macLen:], body[:len(body)-macLen]
		if !o.checkMAC(seq, header, body, sent) {
			return nil, 0, false
		}
	}
	iv, body := body[:aes.BlockSize], body[aes.BlockSize:]
	if len(body)%aes.BlockSize != 0 {
		return nil, 0, false
	}
	text = dst[:len(body)]
	o.cbc.SetIV(iv)
	o.cbc.CryptBlocks(text, body)
	padding := int(text[len(text)-1]) + 1
	if padding > len(text) {
		return nil, 0, false
	}
	text = text[:len(text)-padding]
	if o.macFirst {
		if len(text) < macLen {
			return nil, 0, false
		}
		sent, text = text[len(text)-macLen:], text[:len(text)-macLen]
		if !o.checkMAC(seq, header, text, sent) {
			return nil, 0, false
		}
	}
	return text, header[0], true
}

// checkMAC reports whether a MAC is of what is protected by it.
func (o *opener) checkMAC(seq uint64, header *[headerLen]byte, protected, sent []byte) bool {
	binary.BigEndian.PutUint64(o.extra[:8], seq)
	copy(o.extra[8:11], header[:3])
	binary.BigEndian.PutUint16(o.extra[11:], uint16(len(protected)))
	o.mac.Reset()
	o.mac.Write(o.extra[:])
	o.mac.Write(protected)
	return hmac.Equal(o.mac.Sum(o.sum[:0]), sent)
}
