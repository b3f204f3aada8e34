package tlscrypt

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"hash"

	"golang.org/x/crypto/cryptobyte"
)

// Hashes of key schedules.
var (
	newSHA256 = sha256.New
	newSHA384 = sha512.New384
)

// expandLabel is HKDF-Expand-Label without context (RFC 8446, 7.1).
func expandLabel(newHash func() hash.Hash, secret []byte, label string, n int) []byte {
	var b cryptobyte.Builder
	b.AddUint16(uint16(n))
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte("tls13 " + label)) })
	b.AddUint8(0)
	key, err := hkdf.Expand(newHash, secret, string(b.BytesOrPanic()), n)
	if err != nil {
		panic("tlscrypt: a key that is longer than HKDF makes: " + err.Error())
	}
	return key
}

// nextSecret returns the traffic secret that follows another (RFC 8446, 7.2).
func nextSecret(newHash func() hash.Hash, secret []byte) []byte {
	return expandLabel(newHash, secret, "traffic upd", len(secret))
}

// keyBlock fills b with what a master secret makes of the randoms (RFC 5246, 5 and 6.3).
func keyBlock(newHash func() hash.Hash, b, master []byte, client, server *[32]byte) {
	seed := append([]byte("key expansion"), server[:]...)
	seed = append(seed, client[:]...)
	h := hmac.New(newHash, master)
	h.Write(seed)
	a := h.Sum(nil)
	for len(b) > 0 {
		h.Reset()
		h.Write(a)
		h.Write(seed)
		b = b[copy(b, h.Sum(nil)):]
		h.Reset()
		h.Write(a)
		a = h.Sum(nil)
	}
}
