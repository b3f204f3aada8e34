package flows

// An ICMP error quotes the header of the packet that it is about. That is no packet
// of a connection, but tshark numbers streams by it: a tuple that was first seen in
// a quotation has its number from there.

// maxQuoted bounds the tuples that are remembered from quotations alone.
const maxQuoted = 1 << 14

// tuple is a 4-tuple, the same for both directions.
type tuple [2]Endpoint

// tupleOf returns the 4-tuple of s.
func tupleOf(s *Segment) tuple {
	a, b := s.Src(), s.Dst()
	if string(a.IP[:]) > string(b.IP[:]) || a.IP == b.IP && a.Port > b.Port {
		a, b = b, a
	}
	return tuple{a, b}
}

// quote takes a header that an ICMP error quotes.
func (e *Engine) quote(s *Segment) {
	if c, _ := e.find(s); c != nil {
		if s.Flags&(SYN|ACK|RST) != SYN {
			return
		}
		if _, stream := c.newLife(s); !stream {
			return
		}
		c.facts |= factQuoted // of a SYN that was not captured
	}
	key := tupleOf(s)
	if _, known := e.quoted[key]; known {
		return
	}
	if e.quoted == nil {
		e.quoted = map[tuple]uint32{}
	}
	if len(e.quoted) < maxQuoted {
		e.quoted[key] = e.streams
	}
	e.streams++
}

// endQuoted forgets the stream that a quotation has begun on the tuple of c: a segment of
// c is in it.
func (e *Engine) endQuoted(c *Conn, s *Segment) {
	c.facts &^= factQuoted
	delete(e.quoted, tupleOf(s))
}

// newStream returns the number of the next stream of the tuple of s.
func (e *Engine) newStream(s *Segment) uint32 {
	if e.quoted != nil {
		key := tupleOf(s)
		if n, known := e.quoted[key]; known {
			delete(e.quoted, key)
			return n
		}
	}
	e.streams++
	return e.streams - 1
}
