package analyze

import (
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse"
)

// An Observer is shown what some connections are made of, while they are analyzed.
// What it is handed is valid only during the call.
type Observer interface {
	// Wants reports whether it wants the connection with some ID.
	Wants(id uint64) bool

	// Packet is called for each packet that is not a copy, after its payload has
	// been shown as far as that is in sequence.
	Packet(c *flows.Conn, from flows.Side, s *flows.Segment)

	// Payload shows bytes in sequence, the first of which has the sequence number
	// seq: what part they are, and what they led to. A head comes in one run or
	// more, the last one with HeadDone.
	Payload(c *flows.Conn, from flows.Side, seq uint32, b []byte, part httpparse.Part, ev httpparse.Event)
}
