package evidence

import (
	"encoding/binary"
	"slices"

	"github.com/kaanalyze/kaanalyze/flows"
)

const (
	ipv4Len  = 20
	ipv6Len  = 40
	jumboLen = 8 // of a hop-by-hop header with a jumbo payload option (RFC 2675, 2)
)

// wire returns how long the packet was, without what is left out of its headers.
func (p *packet) wire() int { return headersLen(p.headers) + int(p.n) }

// headersLen returns how long the IP and the TCP header are.
func headersLen(b []byte) int {
	at := ipLen(b)
	return at + int(b[at+12]>>4)*4
}

// ipLen returns how long the IP header is, with the extension that headers gives it.
func ipLen(b []byte) int {
	switch {
	case b[0]>>4 == 4:
		return ipv4Len
	case b[6] == 0:
		return ipv6Len + jumboLen
	}
	return ipv6Len
}

// headers returns the headers of a segment: an IP header without options that
// carries TCP and no fragment, and the TCP header as captured. Segmentation offload
// makes segments that are too long for the field in an IP header. That is 0 then:
// with IPv4 the record tells, and with IPv6 an option.
func (r *Recorder) headers(s *flows.Segment) []byte {
	ip, tcp := r.opt.Headers(s)
	b := slices.Clone(ip)
	if r.opt.Anonymous {
		tcp = slices.Clone(tcp)
		plainOptions(tcp[20:])
	}
	length := int(tcp[12]>>4)*4 + int(s.Len)
	if b[0]>>4 == 6 {
		return append(r.ipv6(b, s, length), tcp...)
	}
	length += ipv4Len
	if length > 0xffff {
		length = 0
	}
	b[0] = 0x45
	binary.BigEndian.PutUint16(b[2:], uint16(length))
	b[6], b[7] = b[6]&0x40, 0
	b[9] = 6
	copy(b[12:], s.SrcIP[12:])
	copy(b[16:], s.DstIP[12:])
	return append(b, tcp...)
}

// ipv6 completes the IPv6 header b of length bytes of TCP.
func (r *Recorder) ipv6(b []byte, s *flows.Segment, length int) []byte {
	if r.opt.Anonymous {
		b[1], b[2], b[3] = b[1]&0xf0, 0, 0 // the flow label is made from the addresses
	}
	b[6] = 6
	copy(b[8:], s.SrcIP[:])
	copy(b[24:], s.DstIP[:])
	if length <= 0xffff {
		binary.BigEndian.PutUint16(b[4:], uint16(length))
		return b
	}
	b[4], b[5], b[6] = 0, 0, 0
	return binary.BigEndian.AppendUint32(append(b, 6, 0, 0xc2, 4), uint32(length+jumboLen))
}

// plainLengths are the TCP options that hold numbers of TCP alone, and how long each
// is: MSS, window scale, SACK and timestamps.
var plainLengths = map[byte][]int{2: {4}, 3: {3}, 4: {2}, 5: {10, 18, 26, 34}, 8: {10}}

// plainOptions replaces all other TCP options by NOPs.
func plainOptions(b []byte) {
	for len(b) > 0 {
		n := 1
		switch kind := b[0]; {
		case kind == 0:
			clear(b)
			return
		case kind == 1:
		case len(b) < 2 || b[1] < 2 || int(b[1]) > len(b):
			n = len(b)
			fillNOPs(b)
		default:
			n = int(b[1])
			if !slices.Contains(plainLengths[kind], n) {
				fillNOPs(b[:n])
			}
		}
		b = b[n:]
	}
}

// fillNOPs makes NOPs of b.
func fillNOPs(b []byte) {
	for i := range b {
		b[i] = 1
	}
}

// setChecksums makes the checksums of a packet right, with zeros for what is not kept of
// the wire bytes (RFC 1071).
func setChecksums(b []byte, wire int) {
	at := ipLen(b)
	var pseudo uint64
	if at == ipv4Len {
		b[10], b[11] = 0, 0
		binary.BigEndian.PutUint16(b[10:], ^foldSum(sum16(b[:ipv4Len])))
		pseudo = sum16(b[12:20])
	} else {
		pseudo = sum16(b[8:40])
	}
	b[at+16], b[at+17] = 0, 0
	binary.BigEndian.PutUint16(b[at+16:], ^foldSum(pseudo+6+uint64(wire-at)+sum16(b[at:])))
}

// sum16 adds up b as 16-bit words.
func sum16(b []byte) (s uint64) {
	for ; len(b) > 1; b = b[2:] {
		s += uint64(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		s += uint64(b[0]) << 8
	}
	return s
}

// foldSum folds a sum of 16-bit words into one (RFC 1071).
func foldSum(s uint64) uint16 {
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}
