package bothends

import (
	"encoding/binary"

	"github.com/kaanalyze/kaanalyze/flows"
)

// PacketBytes is how much memory a Log takes for each packet.
const PacketBytes = 32

// packet is what is kept of one: what tells it from others at both points, and when and
// under which number it was captured.
type packet struct {
	next     uint32 // of the same connection: its place in the Log plus 1, 0 for none
	num      uint32 // frame number
	seq, ack uint32
	size     uint32 // bytes of payload in the upper 24 bits, then the side and the flags
	ts       uint32 // TSval, 0 without timestamps
	low      uint32 // time since Log.base, its lower bits
	high     uint16 // and the upper ones: 78 hours
	id       uint16 // identification of IPv4, 0 without
}

// bySide is the bit of packet.size that says that the responder sent it.
const bySide = 1 << 7

const maxSize = 1<<24 - 1

func (p *packet) side() flows.Side   { return flows.Side(p.size >> 7 & 1) }
func (p *packet) flags() flows.Flags { return flows.Flags(p.size & (bySide - 1)) }
func (p *packet) len() uint32        { return p.size >> 8 }
func (p *packet) since() int64       { return int64(p.high)<<32 | int64(p.low) }

// seqLen is Segment.SeqLen.
func (p *packet) seqLen() uint32 {
	n := p.len()
	if p.flags()&flows.SYN != 0 {
		n++
	}
	if p.flags()&flows.FIN != 0 {
		n++
	}
	return n
}

// synOptions are the options of a SYN that something on the path may change.
type synOptions struct {
	seen   bool
	cut    bool   // the rest of them was not captured
	mss    uint16 // 0 without
	scale  uint8  // flows.NoScale without
	sack   bool
	stamps bool
}

// connection is one of a Log.
type connection struct {
	ends    [2]flows.Endpoint // by side
	isn     [2]uint32         // by side, where the SYN was captured
	options [2]synOptions
	head    uint32 // hash of how the initiator's first payload begins, 0 if that is not known

	first, last uint32 // packets: places in the Log plus 1
	count       uint32
}

// hasISN reports whether the SYN of that side was captured.
func (c *connection) hasISN(s flows.Side) bool { return c.options[s].seen }

// Headers returns the IP and the TCP header of a segment, as capture.Source.Headers does.
type Headers func(*flows.Segment) (ip, tcp []byte)

// Log keeps what [Compare] needs of one capture. It belongs to one goroutine at a time.
type Log struct {
	headers Headers
	chunks  [][]packet
	n, most uint32
	conns   []connection // by ID, from 1

	base        int64 // packet times are since then
	first, last int64 // packets that are kept
	full        bool  // others were left out
}

// chunkSize is how many packets are allocated at once.
const chunkSize = 1 << 12

// early is how far before the first packet of a capture the time of another may lie.
const early = 3600e9

// NewLog returns an empty Log that keeps at most that many packets.
func NewLog(headers Headers, most int) *Log {
	return &Log{headers: headers, most: uint32(min(max(most, 1), 1<<31))}
}

// Packet takes a packet of a connection, right after the Engine has taken it. Nothing of c
// and s is kept.
func (l *Log) Packet(c *flows.Conn, s *flows.Segment) {
	if l.n >= l.most {
		l.full = true
		return
	}
	if l.n == 0 {
		l.base, l.first = s.Time-early, s.Time
	}
	for uint64(len(l.conns)) < c.ID {
		l.conns = append(l.conns, connection{})
	}
	x := &l.conns[c.ID-1]
	if x.count == 0 {
		x.ends = [2]flows.Endpoint{c.Endpoint(flows.Initiator), c.Endpoint(flows.Responder)}
	}
	from := flows.Initiator
	if x.ends[flows.Responder] == s.Src() {
		from = flows.Responder
	}
	l.first, l.last = min(l.first, s.Time), max(l.last, s.Time)
	since := uint64(min(max(s.Time-l.base, 0), 1<<48-1))
	p := packet{
		num: uint32(min(s.Num, 1<<32-1)), seq: s.Seq, ack: s.Ack,
		size: min(s.Len, maxSize)<<8 | uint32(from)<<7 | uint32(s.Flags)&(bySide-1),
		low:  uint32(since), high: uint16(since >> 32),
	}
	if s.Flags&flows.ACK == 0 {
		p.ack = 0
	}
	if s.HasTS {
		p.ts = s.TSVal
	}
	if !s.NoID || s.Flags&flows.SYN != 0 {
		ip, tcp := l.headers(s)
		if !s.NoID && len(ip) >= 20 {
			p.id = binary.BigEndian.Uint16(ip[4:])
		}
		if s.Flags&flows.SYN != 0 && !x.options[from].seen {
			x.isn[from], x.options[from] = s.Seq, optionsOf(s, tcp)
		}
	}
	if s.Len > 0 && from == flows.Initiator && x.head == 0 {
		x.head = headOf(s)
	}
	l.put(x, &p)
}

// headSize is how much of a payload headOf looks at: less than any snap length leaves.
const headSize = 24

// headOf hashes how the payload of s begins, with where it lies; 0 if less was captured
// than would tell.
func headOf(s *flows.Segment) uint32 {
	n := min(int(s.Len), headSize)
	if len(s.Payload) < n {
		return 0
	}
	h := s.Seq ^ s.Len
	for _, c := range s.Payload[:n] {
		h = (h ^ uint32(c)) * 16777619
	}
	return max(h, 1)
}

// put keeps a packet of x.
func (l *Log) put(x *connection, p *packet) {
	if l.n%chunkSize == 0 {
		l.chunks = append(l.chunks, make([]packet, chunkSize))
	}
	*l.at(l.n + 1) = *p
	l.n++
	if x.count == 0 {
		x.first = l.n
	} else {
		l.at(x.last).next = l.n
	}
	x.last = l.n
	x.count++
}

// at returns the packet at a place, counted from 1.
func (l *Log) at(place uint32) *packet { return &l.chunks[(place-1)/chunkSize][(place-1)%chunkSize] }

// time returns when p was captured.
func (l *Log) time(p *packet) int64 { return l.base + p.since() }

// packets appends the packets of c to list, in order of capture.
func (l *Log) packets(list []packet, c *connection) []packet {
	for i := c.first; i != 0; {
		p := l.at(i)
		list = append(list, *p)
		i = p.next
	}
	return list
}

// optionsOf reads the options of a SYN.
func optionsOf(s *flows.Segment, tcp []byte) synOptions {
	o := synOptions{seen: true, scale: s.WindowScale, stamps: s.HasTS}
	if len(tcp) < 20 || len(tcp) < int(tcp[12]>>4)*4 {
		o.cut = true
		return o
	}
	for b := tcp[20:]; len(b) > 1 && b[0] != 0; {
		if b[0] == 1 {
			b = b[1:]
			continue
		}
		n := int(b[1])
		if n < 2 || n > len(b) {
			break
		}
		switch {
		case b[0] == 2 && n == 4:
			o.mss = binary.BigEndian.Uint16(b[2:])
		case b[0] == 4:
			o.sack = true
		}
		b = b[n:]
	}
	return o
}
