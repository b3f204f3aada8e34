package bothends

import (
	"cmp"
	"slices"

	"github.com/kaanalyze/kaanalyze/flows"
)

// stream is what one side of a connection sent: the packets at the sender's point, and at
// the receiver's.
type stream struct {
	near, far           []packet
	nearLog, farLog     *Log
	nearMates, farMates []int32
	nearList, farList   []int32
	nearIsHere          bool
	way                 int
	base                uint32
	mss                 uint32
}

// stream returns that of a side.
func (p *pairing) stream(c *comparer, m *match, side flows.Side) *stream {
	s := &stream{way: out}
	if (side == flows.Initiator) == m.clientHere {
		s.near, s.far, s.nearLog, s.farLog = p.here, p.there, c.here, c.there
		s.nearMates, s.farMates = p.hereMates, p.thereMates
		s.nearList, s.farList = p.lists[side][0], p.lists[side][1]
		s.nearIsHere = true
	} else {
		s.near, s.far, s.nearLog, s.farLog = p.there, p.here, c.there, c.here
		s.nearMates, s.farMates = p.thereMates, p.hereMates
		s.nearList, s.farList = p.lists[side][1], p.lists[side][0]
		s.way = back
	}
	switch {
	case len(s.nearList) > 0:
		s.base = s.near[s.nearList[0]].seq
	case len(s.farList) > 0:
		s.base = s.far[s.farList[0]].seq
	}
	s.mss = c.mss(m, side)
	return s
}

// span returns the sequence numbers of a packet.
func (s *stream) span(p *packet, i int32) span {
	from := int64(int32(p.seq - s.base))
	return span{from: from, to: from + int64(p.seqLen()), packet: i}
}

// mss returns how large a segment of a side is at most, as far as that is known.
func (c *comparer) mss(m *match, side flows.Side) uint32 {
	least := uint32(1460)
	for _, o := range [...]*synOptions{c.optionsHere(m, side.Peer()), c.optionsThere(m, side.Peer())} {
		if o.seen && o.mss >= 64 {
			least = min(least, uint32(o.mss))
		}
	}
	return least
}

// optionsHere returns the options of a side in this capture.
func (c *comparer) optionsHere(m *match, side flows.Side) *synOptions {
	if m.here < 0 {
		return &synOptions{}
	}
	return &c.here.conns[m.here].options[side]
}

// optionsThere returns the options of a side, as the sides are here, in the capture there.
func (c *comparer) optionsThere(m *match, side flows.Side) *synOptions {
	if m.there < 0 {
		return &synOptions{}
	}
	if m.swapped {
		side = side.Peer()
	}
	return &c.there.conns[m.there].options[side]
}

// reconcile says what became of what one side sent that is in no pair.
func (c *comparer) reconcile(s *stream, m *match, row *Pair, side flows.Side) {
	loss := &c.result.Lost[side]
	var sent, arrived []span
	for _, i := range s.nearList {
		p := &s.near[i]
		if s.nearMates[i] != none {
			loss.Sent++
			continue
		}
		if !c.judgedSent(s, p) {
			c.result.NotJudged++
			continue
		}
		loss.Sent++
		if p.seqLen() > 0 && p.flags()&flows.RST == 0 {
			sent = append(sent, s.span(p, i))
			continue
		}
		c.lose(s, m, row, side, p, 1, 0)
	}
	for _, i := range s.farList {
		p := &s.far[i]
		if s.farMates[i] != none {
			continue
		}
		if p.seqLen() > 0 && p.flags()&flows.RST == 0 {
			arrived = append(arrived, s.span(p, i))
		}
	}
	if len(sent) > 0 {
		c.missing(s, m, row, side, sent, arrived)
	}
	c.strange(s, m, row, side)
	c.needless(s, row, side)
}

// judgedSent reports whether a packet that was sent would have been captured at the other
// point if it had arrived.
func (c *comparer) judgedSent(s *stream, p *packet) bool {
	from, to := c.meanwhile(s.nearLog.time(p), s.nearIsHere, s.way)
	return from >= s.farLog.first && to <= s.farLog.last
}

// judgedArrived is judgedSent for a packet that arrived.
func (c *comparer) judgedArrived(s *stream, p *packet) bool {
	from, to := c.meanwhile(s.farLog.time(p), !s.nearIsHere, s.way)
	return from >= s.nearLog.first && to <= s.nearLog.last
}

// meanwhile returns between which times at the other point a packet was captured there, that
// was captured here or there at that time and goes that way.
func (c *comparer) meanwhile(at int64, here bool, way int) (from, to int64) {
	if here {
		return at + c.soonest[way], at + c.latest[way]
	}
	return at - c.latest[way], at - c.soonest[way]
}

// missing counts the packets of which something did not arrive, by their sequence numbers.
func (c *comparer) missing(s *stream, m *match, row *Pair, side flows.Side, sent, arrived []span) {
	lack := deficits(sent, arrived)
	if len(lack) == 0 {
		return
	}
	acked, anyAck := s.acknowledged(side)
	var there set
	for _, i := range s.farList {
		if p := &s.far[i]; p.seqLen() > 0 {
			x := s.span(p, i)
			there.add(x.from, x.to)
		}
	}
	room := maxLooks + 64*len(sent) // who makes packets up may have each overlap with all others
	for _, x := range sent {
		if room < 0 {
			c.result.NotJudged++
			continue
		}
		p := &s.near[x.packet]
		lost, proved, bytes := uint64(0), uint64(0), int64(0)
		room -= take(lack, x, func(from, to int64) {
			n := uint64(1)
			if size := to - from; size > int64(s.mss) {
				n = uint64((size + int64(s.mss) - 1) / int64(s.mss))
			}
			if anyAck && acked >= to && !there.covers(from, to) {
				proved += n // its receiver has it
				return
			}
			lost += n
			bytes += to - from
		})
		c.result.NotThere += proved
		if lost > 0 {
			c.lose(s, m, row, side, p, lost, uint64(min(bytes, int64(p.len()))))
		}
	}
}

// maxLooks is how much is looked at, beyond what packets usually need, to find what of them
// is missing.
const maxLooks = 1 << 20

// acknowledged returns how far the peer of side acknowledges it, at the sender's point.
func (s *stream) acknowledged(side flows.Side) (furthest int64, any bool) {
	for i := range s.near {
		p := &s.near[i]
		if p.side() == side || p.flags()&(flows.ACK|flows.RST) != flows.ACK {
			continue
		}
		if at := int64(int32(p.ack - s.base)); !any || at > furthest {
			furthest, any = at, true
		}
	}
	return furthest, any
}

// lose counts n packets, of which p is one or holds them, as lost.
func (c *comparer) lose(s *stream, m *match, row *Pair, side flows.Side, p *packet, n, bytes uint64) {
	l := &c.result.Lost[side]
	l.Packets += n
	l.Bytes += bytes
	switch f := p.flags(); {
	case f&flows.SYN != 0:
		l.SYN += n
	case f&flows.RST != 0:
		l.RST += n
	case f&flows.FIN != 0:
		l.FIN += n
	case p.len() > 0:
		l.Data += n
	default:
		l.Bare += n
	}
	row.Lost[side] += uint32(n)
	if list := &c.result.LostPackets; len(*list) < MaxRows {
		*list = append(*list, c.told(s.nearLog, s.nearIsHere, m, side, p))
	}
}

// told returns what is told of one packet.
func (c *comparer) told(l *Log, here bool, m *match, side flows.Side, p *packet) Packet {
	x := Packet{Here: uint64(m.here + 1), There: uint64(m.there + 1), Side: side, AtHere: here, Num: uint64(p.num),
		Time: l.time(p), Flags: p.flags(), Bytes: p.len()}
	return x
}

// strange looks for what arrived though its sender did not send it.
func (c *comparer) strange(s *stream, m *match, row *Pair, side flows.Side) {
	fins := map[uint32]bool{} // what is behind the FINs that were sent
	for _, i := range s.nearList {
		if p := &s.near[i]; p.flags()&flows.FIN != 0 {
			fins[p.seq+p.seqLen()] = true
		}
	}
	var sent set
	known := false
	for _, i := range s.farList {
		p := &s.far[i]
		if s.farMates[i] != none {
			continue
		}
		if !c.judgedArrived(s, p) {
			c.result.NotJudged++
			continue
		}
		kind := -1
		switch {
		case p.flags()&flows.RST != 0:
			kind = 0
		case p.flags()&flows.FIN != 0 && !fins[p.seq+p.seqLen()]:
			kind = 1
		}
		if kind < 0 {
			if p.seqLen() > 0 {
				if !known {
					known = true
					for _, k := range s.nearList {
						if q := &s.near[k]; q.seqLen() > 0 {
							x := s.span(q, k)
							sent.add(x.from, x.to)
						}
					}
				}
				if x := s.span(p, i); sent.covers(x.from, x.to) {
					continue // cut in another way, or copied on the path
				}
			}
			c.result.NotHere++
			continue
		}
		c.result.ForgedCount[kind]++
		row.Forged[side]++
		if !s.nearIsHere && row.ForgedNum == 0 {
			row.ForgedNum = uint64(p.num)
		}
		if list := &c.result.Forged; len(*list) < MaxRows {
			*list = append(*list, c.told(s.farLog, !s.nearIsHere, m, side, p))
		}
	}
}

// needless counts the retransmissions of what had arrived.
func (c *comparer) needless(s *stream, row *Pair, side flows.Side) {
	var sent, arrived set
	again := false
	for _, i := range s.nearList {
		p := &s.near[i]
		if p.seqLen() == 0 || p.flags()&flows.RST != 0 {
			continue
		}
		x := s.span(p, i)
		if again = sent.covers(x.from, x.to); again {
			break
		}
		sent.add(x.from, x.to)
	}
	if !again { // nothing was sent again, as mostly
		return
	}
	copies := map[int32]bool{} // of what had arrived
	for _, j := range s.farList {
		p := &s.far[j]
		if p.seqLen() == 0 || p.flags()&flows.RST != 0 {
			continue
		}
		x := s.span(p, j)
		copies[j] = arrived.covers(x.from, x.to)
		arrived.add(x.from, x.to)
	}
	sent = sent[:0]
	for _, i := range s.nearList {
		p := &s.near[i]
		if p.seqLen() == 0 || p.flags()&flows.RST != 0 {
			continue
		}
		x := s.span(p, i)
		if j := s.nearMates[i]; j != none && copies[j] && sent.covers(x.from, x.to) && !isProbe(p) {
			c.result.Needless[side]++
			row.Needless[side]++
			if c.ackLost(s, side, x.to, j) {
				c.result.NeedlessLost[side]++
			}
		}
		sent.add(x.from, x.to)
	}
}

// isProbe reports whether a packet that repeats what was sent may be a keep-alive probe.
func isProbe(p *packet) bool { return p.len() == 1 && p.flags()&(flows.SYN|flows.FIN|flows.PSH) == 0 }

// ackLost reports whether an acknowledgement of what lies before to was sent before packet
// j arrived again, and lost.
func (c *comparer) ackLost(s *stream, side flows.Side, to int64, j int32) bool {
	for k := j - 1; k >= 0 && k > j-200; k-- {
		p := &s.far[k]
		if p.side() == side || p.flags()&flows.ACK == 0 {
			continue
		}
		if int64(int32(p.ack-s.base)) < to {
			return false
		}
		if s.farMates[k] == none {
			return true
		}
	}
	return false
}

// sortRows puts what is told of connections in order.
func (r *Comparison) sortRows() {
	slices.SortFunc(r.Pairs, func(a, b Pair) int { return cmp.Or(cmp.Compare(a.Here, b.Here), cmp.Compare(a.There, b.There)) })
}
