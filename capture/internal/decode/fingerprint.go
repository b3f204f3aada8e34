package decode

import (
	"encoding/binary"
	"math/bits"

	"github.com/kaanalyze/kaanalyze/flows"
)

// The seeds are fixed: which of two packets that come together is taken for a
// duplicate must not change from run to run. Digits of pi.
const (
	seedA = 0x243f6a8885a308d3
	seedB = 0x13198a2e03707344
	seedC = 0xa4093822299f31d0
	seedD = 0x082efa98ec4e6c89
)

// fold multiplies to 128 bits and folds the halves: each bit of the operands
// reaches every bit of the result.
func fold(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return high ^ low
}

// hashEndpoint spreads an endpoint over 64 bits.
func hashEndpoint(ip *[16]byte, port uint16) uint64 {
	return fold(binary.LittleEndian.Uint64(ip[8:])^seedA, binary.LittleEndian.Uint64(ip[:8])^uint64(port)^seedB)
}

// fingerprint sets Hash and Print of seg, whose other fields are set, from its
// TCP header h. ident is what else tells packets apart: the IPv4
// identification and the length. TTL and checksums, which a router changes,
// stay out; so does what is not IP.
func fingerprint(h *[20]byte, ident uint64, options []byte, seg *flows.Segment) {
	src := hashEndpoint(&seg.SrcIP, seg.SrcPort)
	dst := hashEndpoint(&seg.DstIP, seg.DstPort)
	seg.Hash = flows.HashTuple(flows.HashEndpoint(&seg.SrcIP, seg.SrcPort), flows.HashEndpoint(&seg.DstIP, seg.DstPort))

	const checksum = 0xffff << 32
	p := fold(binary.LittleEndian.Uint64(h[4:])^src, binary.LittleEndian.Uint64(h[12:])&^checksum^seedD)
	p = fold(p^ident, dst^seedA)
	for len(options) >= 8 {
		p = fold(p^binary.LittleEndian.Uint64(options), seedB)
		options = options[8:]
	}
	if len(options) >= 4 { // they come in words of 4 bytes
		p = fold(p^uint64(binary.LittleEndian.Uint32(options)), seedC)
	}
	switch b := seg.Payload; {
	case len(b) >= 8:
		p = fold(p^binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[len(b)-8:])^seedD)
	case len(b) > 0:
		var word [8]byte
		copy(word[:], b)
		p = fold(p^binary.LittleEndian.Uint64(word[:]), seedD)
	}
	seg.Print = p
}
