package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/fnv"

	"github.com/kaanalyze/kaanalyze/flows"
)

// headSize is how many bytes of a sent segment stand before its payload.
const headSize = 8*6 + 2*16 + 4*7 + 2*4 + 3

// What else there is of a segment, as bits.
const (
	hasTS = 1 << iota
	noID
	quoted
)

// before is what the segment before one has in its block: what follows is told as the
// difference, which compresses well.
type before struct{ time, num uint64 }

// appendSegment appends a segment as it is sent between workers.
func appendSegment(b []byte, s *flows.Segment, was *before) []byte {
	le := binary.LittleEndian
	time, num := uint64(s.Time)-was.time, s.Num-was.num
	*was = before{uint64(s.Time), s.Num}
	for _, n := range []uint64{time, num, s.Print, s.Note.A, s.Note.B, s.Note.C} {
		b = le.AppendUint64(b, n)
	}
	b = append(append(b, s.SrcIP[:]...), s.DstIP[:]...)
	for _, n := range []uint32{s.Seq, s.Ack, s.Len, uint32(len(s.Payload)), s.TSVal, s.TSEcr, s.Link} {
		b = le.AppendUint32(b, n)
	}
	for _, n := range []uint16{s.SrcPort, s.DstPort, s.Window, uint16(s.Flags)} {
		b = le.AppendUint16(b, n)
	}
	bits := byte(0)
	if s.HasTS {
		bits |= hasTS
	}
	if s.NoID {
		bits |= noID
	}
	if s.Quoted {
		bits |= quoted
	}
	return append(append(b, s.TTL, s.WindowScale, bits), s.Payload...)
}

var errTorn = errors.New("a block of packets is torn")

// readSegments appends the segments in b to segs. Their payload stays in b.
func readSegments(segs []flows.Segment, b []byte) ([]flows.Segment, error) {
	le := binary.LittleEndian
	var was before
	for len(b) > 0 {
		if len(b) < headSize {
			return nil, errTorn
		}
		x, rest := b[:headSize], b[headSize:]
		captured := le.Uint32(x[92:])
		if uint64(captured) > uint64(len(rest)) {
			return nil, errTorn
		}
		was = before{was.time + le.Uint64(x), was.num + le.Uint64(x[8:])}
		s := flows.Segment{
			Time: int64(was.time), Num: was.num, Print: le.Uint64(x[16:]),
			Note:  flows.Note{A: le.Uint64(x[24:]), B: le.Uint64(x[32:]), C: le.Uint64(x[40:])},
			SrcIP: [16]byte(x[48:]), DstIP: [16]byte(x[64:]),
			Seq: le.Uint32(x[80:]), Ack: le.Uint32(x[84:]), Len: le.Uint32(x[88:]), Payload: rest[:captured:captured],
			TSVal: le.Uint32(x[96:]), TSEcr: le.Uint32(x[100:]), Link: le.Uint32(x[104:]),
			SrcPort: le.Uint16(x[108:]), DstPort: le.Uint16(x[110:]), Window: le.Uint16(x[112:]), Flags: flows.Flags(le.Uint16(x[114:])),
			TTL: x[116], WindowScale: x[117], HasTS: x[118]&hasTS != 0, NoID: x[118]&noID != 0, Quoted: x[118]&quoted != 0,
		}
		// Seeds of hashes are of a process.
		s.Hash = flows.HashTuple(flows.HashEndpoint(&s.SrcIP, s.SrcPort), flows.HashEndpoint(&s.DstIP, s.DstPort))
		segs = append(segs, s)
		b = rest[captured:]
	}
	return segs, nil
}

// shardOf returns the shard of a segment: that of its two addresses, in either direction and
// in any process.
func shardOf(s *flows.Segment, shards int) int {
	a, b := s.SrcIP[:], s.DstIP[:]
	if bytes.Compare(a, b) > 0 {
		a, b = b, a
	}
	h := fnv.New64a()
	_, _ = h.Write(a)
	_, _ = h.Write(b)
	return int(h.Sum64() % uint64(shards))
}
