// Package decode finds the TCP segment in a captured frame.
//
// A [Decoder] goes from the link type through tags, tunnels and IP to the innermost
// TCP header and fills a [flows.Segment], with its hash and fingerprint. What is
// usual is decoded here, without allocation; what is rare goes through gopacket as
// far as the first IP packet (slow.go). A fragment of an IP datagram is for the
// [Defragmenter], in the order of the capture. [FindHeaders] decodes a frame again
// for who wants the headers themselves.
package decode

import (
	"encoding/binary"

	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
	"github.com/kaanalyze/kaanalyze/flows"
)

// House rules of this file and of tunnel.go, the path that every packet takes:
// no allocation, no interface calls, and a length check before every load.
//
// Each step is handed the same things. data is what was captured from its own
// first byte on; wire, at least len(data), is how many bytes there were on the
// wire; linkID is what [flows.Segment.Link] is going to be.

// A Verdict says what was found in a frame.
type Verdict uint8

// What a frame may hold.
const (
	Undecoded Verdict = iota // malformed, cut before the TCP header's end, or of an unknown link type
	TCP                      // a segment
	NotTCP                   // known to be something else
	Quoted                   // no segment, but an ICMP error that quotes the header of one: see flows.Segment
	Fragment                 // part of an IP datagram, for the Defragmenter
)

// maxDepth bounds how many tunnels are entered in one frame.
const maxDepth = 8

// EtherTypes (IEEE 802, as registered with IANA).
const (
	etherTypeIPv4   = 0x0800
	etherTypeIPv6   = 0x86dd
	etherTypeBridge = 0x6558 // an Ethernet frame, as in GRE
)

// IP protocol numbers (IANA).
const (
	protoHopByHop    = 0
	protoICMP        = 1
	protoIPv4        = 4
	protoTCP         = 6
	protoUDP         = 17
	protoIPv6        = 41
	protoRouting     = 43
	protoFragment    = 44
	protoGRE         = 47
	protoAH          = 51
	protoICMPv6      = 58
	protoDestination = 60
	protoEtherIP     = 97
	protoIPComp      = 108
	protoMobility    = 135
	protoMPLS        = 137
	protoHIP         = 139
	protoShim6       = 140
)

// A Decoder decodes frames. It is not safe for concurrent use.
type Decoder struct {
	depth    int        // of tunnels in this frame
	fragment ipFragment // what was found, if the verdict is Fragment

	headers  *Headers     // what to fill, or nil
	datagram *udpDatagram // the same
}

// Headers are where the headers of a segment were found, each with what follows it.
type Headers struct{ IP, TCP []byte }

// An ipFragment is a fragment of an IP datagram, as Decode found it. Its addresses
// are in the segment that Decode was given.
type ipFragment struct {
	data []byte // what was captured of it
	wire int    // its length on the wire
	off  int    // in the datagram
	more bool   // another one follows
	v6   bool

	proto      uint8
	id, linkID uint32
}

// New returns a decoder.
func New() *Decoder { return &Decoder{} }

// Decode fills seg, all but Time, Num and Note, from one frame, and says what the
// frame is; unless that is [TCP], what is left in seg means nothing. iface tells
// capture interfaces apart, and goes into seg.Link. wireLen is how many bytes the
// frame had on the wire. seg.Payload aliases data.
//
// In a tunnel the innermost segment counts. A TCP header that an ICMP message
// quotes is not a segment: the verdict is [Quoted].
func (d *Decoder) Decode(link pcapfile.LinkType, iface uint32, data []byte, wireLen uint32, seg *flows.Segment) Verdict {
	d.depth = 0
	wire := max(int(wireLen), len(data))
	var linkID uint32
	if iface != 0 {
		linkID = mixLink(linkID, iface)
	}
	if link == pcapfile.LinkEthernet {
		return d.ethernet(data, wire, linkID, seg)
	}
	return d.frame(link, data, wire, linkID, seg)
}

// mixLink mixes an interface, a VLAN or a tunnel into what Segment.Link is going to
// be.
func mixLink(linkID, id uint32) uint32 {
	linkID = (linkID ^ id ^ 0x85ebca6b) * 0x9e3779b1
	return linkID ^ linkID>>15
}

// ethernet decodes an Ethernet frame, IPv4 first, as most are.
func (d *Decoder) ethernet(data []byte, wire int, linkID uint32, seg *flows.Segment) Verdict {
	if len(data) < 14 {
		return Undecoded
	}
	etherType := binary.BigEndian.Uint16(data[12:])
	if etherType == etherTypeIPv4 {
		return d.ipv4(data[14:], wire-14, linkID, seg)
	}
	return d.network(etherType, data[14:], wire-14, linkID, seg)
}

// ipv4 takes the length of the datagram from its header, as the frame may be
// padded. A length of 0 is a packet that the sender's network card was still
// to cut up (TCP segmentation offload): the frame tells then. So it does where
// the header claims more than there was; Wireshark thinks the same.
func (d *Decoder) ipv4(data []byte, wire int, linkID uint32, seg *flows.Segment) Verdict {
	if len(data) < 20 {
		return Undecoded
	}
	if d.headers != nil {
		d.headers.IP = data
	}
	h := (*[20]byte)(data)
	size := int(h[0]&15) * 4
	total := int(binary.BigEndian.Uint16(h[2:]))
	if total == 0 || total > wire {
		total = wire
	}
	if h[0]>>4 != 4 || size < 20 || size > len(data) || size > total {
		return Undecoded
	}
	if total < len(data) {
		data = data[:total]
	}
	mapIPv4(&seg.SrcIP, binary.LittleEndian.Uint32(h[12:]))
	mapIPv4(&seg.DstIP, binary.LittleEndian.Uint32(h[16:]))
	id := uint32(binary.BigEndian.Uint16(h[4:]))
	seg.TTL = h[8]
	data, total = data[size:], total-size
	if flagsOff := binary.BigEndian.Uint16(h[6:]); flagsOff&0x3fff != 0 { // more fragments, or an offset
		return d.keepFragment(ipFragment{
			id: id, proto: h[9], off: int(flagsOff&0x1fff) * 8, more: flagsOff&0x2000 != 0,
			data: data, wire: total, linkID: linkID,
		})
	}
	if h[9] == protoTCP {
		return d.tcp(data, total, id, linkID, seg)
	}
	return d.transport(h[9], data, total, id, linkID, seg)
}

// mapIPv4 writes an address, as loaded little-endian, in its IPv4-mapped form.
func mapIPv4(ip *[16]byte, addr uint32) {
	binary.LittleEndian.PutUint64(ip[:8], 0)
	binary.LittleEndian.PutUint64(ip[8:], uint64(addr)<<32|0xffff0000)
}

// ipv6 takes the length from the header, from the jumbo payload option if that
// is 0 (RFC 2675), and else from the frame as ipv4 does.
func (d *Decoder) ipv6(data []byte, wire int, linkID uint32, seg *flows.Segment) Verdict {
	if len(data) < 40 || data[0]>>4 != 6 {
		return Undecoded
	}
	if d.headers != nil {
		d.headers.IP = data
	}
	h := (*[40]byte)(data)
	seg.SrcIP = [16]byte(h[8:24])
	seg.DstIP = [16]byte(h[24:40])
	seg.TTL = h[7]
	data, wire = data[40:], wire-40
	length := int(binary.BigEndian.Uint16(h[4:]))
	if length == 0 && h[6] == protoHopByHop {
		length = jumboLength(data)
	}
	if length != 0 {
		data, wire = clip(data, wire, length)
	}
	if h[6] == protoTCP {
		return d.tcp(data, wire, 0, linkID, seg)
	}
	return d.transport(h[6], data, wire, 0, linkID, seg)
}

// jumboLength returns the length that the jumbo payload option of a hop-by-hop
// header gives, 0 if there is none.
func jumboLength(data []byte) int {
	if len(data) < 8 {
		return 0
	}
	options := data[2:min(len(data), int(data[1])*8+8)]
	for len(options) > 1 {
		kind, n := options[0], int(options[1])+2
		switch {
		case kind == 0: // Pad1 has no length
			options = options[1:]
			continue
		case n > len(options):
			return 0
		case kind == 0xc2 && n == 6:
			return int(binary.BigEndian.Uint32(options[2:]))
		}
		options = options[n:]
	}
	return 0
}

// transport walks over extension headers and AH to what the datagram carries.
// id is the IPv4 identification, which goes into the segment's Print.
func (d *Decoder) transport(proto uint8, data []byte, wire int, id, linkID uint32, seg *flows.Segment) Verdict {
	for {
		var size int
		switch proto {
		case protoTCP:
			return d.tcp(data, wire, id, linkID, seg)
		case protoHopByHop, protoRouting, protoDestination, protoMobility, protoHIP, protoShim6:
			if len(data) < 8 {
				return Undecoded
			}
			size = int(data[1])*8 + 8
		case protoAH:
			if len(data) < 8 {
				return Undecoded
			}
			size = int(data[1])*4 + 8 // RFC 4302, 2.2
		case protoFragment:
			if len(data) < 8 {
				return Undecoded
			}
			if offFlags := binary.BigEndian.Uint16(data[2:]); offFlags&0xfff9 != 0 {
				return d.keepFragment(ipFragment{
					v6: true, id: binary.BigEndian.Uint32(data[4:]), proto: data[0],
					off: int(offFlags &^ 7), more: offFlags&1 != 0, data: data[8:], wire: wire - 8, linkID: linkID,
				})
			}
			size = 8 // a fragment that is the whole datagram (RFC 6946)
		default:
			return d.tunnel(proto, data, wire, id, linkID, seg)
		}
		if size > len(data) {
			return Undecoded
		}
		proto, data, wire = data[0], data[size:], wire-size
	}
}

// keepFragment keeps p for the defragmenter, if a segment can be in it.
func (d *Decoder) keepFragment(p ipFragment) Verdict {
	switch p.proto {
	case protoTCP, protoUDP, protoGRE, protoIPv4, protoIPv6, protoAH, protoDestination, protoEtherIP, protoIPComp, protoMPLS:
		d.fragment = p
		return Fragment
	}
	return NotTCP
}

// tcp needs the whole header but for its options: without the flags nothing can
// be said. A data offset that points outside of the segment is malformed.
func (d *Decoder) tcp(data []byte, wire int, id, linkID uint32, seg *flows.Segment) Verdict {
	if len(data) < 20 {
		return Undecoded
	}
	if d.headers != nil {
		d.headers.TCP = data
	}
	h := (*[20]byte)(data)
	size := int(h[12]>>4) * 4
	if size < 20 || size > wire {
		return Undecoded
	}
	seg.SrcPort = binary.BigEndian.Uint16(h[0:])
	seg.DstPort = binary.BigEndian.Uint16(h[2:])
	seg.Seq = binary.BigEndian.Uint32(h[4:])
	seg.Ack = binary.BigEndian.Uint32(h[8:])
	seg.Flags = flows.Flags(h[13])
	seg.Window = binary.BigEndian.Uint16(h[14:])
	seg.Len = uint32(wire - size)
	seg.Link = linkID
	seg.NoID, seg.Quoted = id == 0, false
	seg.Payload = nil
	seg.WindowScale = flows.NoScale
	seg.HasTS, seg.TSVal, seg.TSEcr = false, 0, 0
	var options []byte
	if size <= len(data) { // else they were cut, and are as good as absent
		options = data[20:size]
		seg.Payload = data[size:]
		parseOptions(options, seg)
	}
	fingerprint(h, uint64(id)<<32|uint64(uint32(wire)), options, seg)
	return TCP
}

// maxScale is the largest window scale; a larger one means as much (RFC 7323, 2.3).
const maxScale = 14

// parseOptions stops at the first option that is malformed; what came before
// it holds.
func parseOptions(options []byte, seg *flows.Segment) {
	if len(options) == 12 && binary.BigEndian.Uint32(options) == 0x0101080a {
		seg.HasTS = true // alone, and aligned as RFC 7323 (appendix A) has it: most segments
		seg.TSVal = binary.BigEndian.Uint32(options[4:])
		seg.TSEcr = binary.BigEndian.Uint32(options[8:])
		return
	}
	for len(options) > 1 {
		kind, n := options[0], int(options[1])
		switch {
		case kind == 0:
			return
		case kind == 1:
			options = options[1:]
			continue
		case n < 2 || n > len(options):
			return
		case kind == 3 && n == 3 && seg.Flags.Has(flows.SYN):
			seg.WindowScale = min(options[2], maxScale)
		case kind == 8 && n == 10:
			seg.HasTS = true
			seg.TSVal = binary.BigEndian.Uint32(options[2:])
			seg.TSEcr = binary.BigEndian.Uint32(options[6:])
		}
		options = options[n:]
	}
}
