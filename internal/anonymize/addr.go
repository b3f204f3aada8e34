package anonymize

import (
	"crypto/aes"
	"crypto/cipher"
)

// prefixes is Crypto-PAn (Xu, Fan, Ammar, Moon: Prefix-preserving IP address
// anonymization, 2002): two addresses have as many leading bits in common
// after it as before. It is a permutation of the addresses of each version.
type prefixes struct {
	block cipher.Block
	pad   [16]byte
	known map[[16]byte][16]byte
}

// maxAddrs bounds how many addresses are kept.
const maxAddrs = 1 << 16

// newPrefixes takes the key in the form of the authors' program: one for AES,
// then what the padding is encrypted from.
func newPrefixes(key [32]byte) *prefixes {
	block, err := aes.NewCipher(key[:16])
	if err != nil {
		panic(err) // 16 bytes are a key of AES-128
	}
	p := &prefixes{block: block, known: map[[16]byte][16]byte{}}
	block.Encrypt(p.pad[:], key[16:])
	return p
}

// Addr returns the pseudonym of an address, in the form of
// [github.com/kaanalyze/kaanalyze/flows.Endpoint]: of an IPv4 address in its
// IPv4-mapped form 32 bits are replaced, and it stays one; of others 128.
func (a *Anonymizer) Addr(ip [16]byte) [16]byte {
	p := a.addrs
	if to, ok := p.known[ip]; ok {
		return to
	}
	to := ip
	if [12]byte(ip[:12]) == [12]byte{10: 0xff, 11: 0xff} {
		p.replace(to[12:])
	} else {
		p.replace(to[:])
	}
	if len(p.known) >= maxAddrs {
		clear(p.known)
	}
	p.known[ip] = to
	return to
}

// replace overwrites an address of 4 or 16 bytes. Each bit is flipped or not,
// which the bits before it and the key decide.
func (p *prefixes) replace(addr []byte) {
	var flips [16]byte
	in, out := p.pad, [16]byte{}
	for bit := range 8 * len(addr) {
		i, mask := bit/8, byte(0x80)>>(bit%8)
		p.block.Encrypt(out[:], in[:])
		if out[0]&0x80 != 0 {
			flips[i] |= mask
		}
		in[i] = in[i]&^mask | addr[i]&mask
	}
	for i := range addr {
		addr[i] ^= flips[i]
	}
}
