package flows

// Side is one of the two ends of a connection.
type Side uint8

// The sides. Without a SYN in the capture the initiator is the side that sent
// the first packet; who is the client is then for HTTP to say.
const (
	Initiator Side = iota // sent the first SYN
	Responder             // answered it
)

// Peer returns the other side.
func (s Side) Peer() Side { return s ^ 1 }

// Sides is a set of sides.
type Sides uint8

// The sets.
const (
	NoSide        Sides = 0
	InitiatorSide Sides = 1 << Initiator
	ResponderSide Sides = 1 << Responder
	BothSides     Sides = InitiatorSide | ResponderSide
)

// Set returns the set that holds s alone.
func (s Side) Set() Sides { return 1 << s }

// Has reports whether side is in s.
func (s Sides) Has(side Side) bool { return s&side.Set() != 0 }

// Conn is one life of a 4-tuple. It holds no pointer. The Engine owns it; a
// Consumer may read it during its calls, and after the last segment.
type Conn struct {
	ID     uint64 // from 1, in order of first packet
	Stream uint32 // what tshark calls tcp.stream
	User   uint32 // the Consumer's own

	hash uint32
	self handle
	prev handle // the life before, while its TIME_WAIT may be taken over
	next handle // the life after

	ip   [2][16]byte
	port [2]uint16

	Start, End int64 // first and last packet, ns since the epoch
	lastReal   int64 // last segment that is neither a probe nor the answer to one

	quiet       int64 // how long nothing but probes was sent before the first FIN or RST
	shutAt      int64 // when a side last closed its window
	stall       int64 // longest time that a window was closed
	lastSYN     int64 // of the initiator
	established int64 // first ACK of the initiator after its SYN
	facts       connFacts

	halves [2]half
}

// connFacts are what was seen of a connection as a whole.
type connFacts uint16

const (
	factMidstream        connFacts = 1 << iota // the first packet has no SYN
	factEstablished                            // the handshake was seen to be completed
	factOver                                   // queued for eviction
	factBareACK                                // the SYN was answered by a bare ACK: the tuple may still be in use there
	factChallenged                             // the initiator answered that by RST
	factRecycledByServer                       // the server took over a TIME_WAIT of its own
	factRecycledByClient                       // the client did
	factCooling                                // queued to become dormant
)

// half is what one side did.
type half struct {
	isn    uint32 // of its SYN, else its first sequence number
	next   uint32 // behind the highest sequence number seen
	want   uint32 // next one to deliver
	acked  uint32 // highest acknowledgement that it sent
	fin    uint32 // sequence number of its FIN
	finAck uint32 // what its first FIN acknowledged
	rst    uint32 // sequence number of its first accepted RST

	facts  halfFacts
	window uint16 // last one that it announced, unscaled
	scale  uint8
	ttl    uint8 // of its last segment that is no RST
	queue  int32 // its segments out of order, 0 for none

	packets, retransmissions uint32
	synRetransmissions       uint32
	unanswered               uint32 // its probes and retransmissions that the peer has answered by nothing but retransmissions, or a FIN that acknowledges none
	bytes, missing           uint64
	ahead                    int64 // when next last moved over a hole

	finAt, rstAt   int64
	finNum, rstNum uint64

	timeWait     int64 // when its TIME_WAIT began or was last restarted
	timeWaitFrom int64 // when it began
	timeWaitEnd  int64 // when an RST or the next life ended it early

	probes    Probes
	lastProbe int64
	answerTS  uint32 // of the last answer to its probes
}

// halfFacts are what was seen of one side.
type halfFacts uint32

const (
	seqKnown       halfFacts = 1 << iota // isn, next and want are set
	ackKnown                             // acked is set
	sentSYN                              // a SYN without ACK
	sentSYNACK                           // a SYN with ACK
	sentFIN                              // fin, finAt and finNum are set
	finHasACK                            // finAck is set
	finInferred                          // its FIN was not captured, the peer's acknowledgement proves it
	sentRST                              // an RST that its receiver accepts
	rstProvisional                       // beyond what was captured: later packets may disprove it
	rstHasACK                            // the RST has the ACK bit
	inTimeWait                           // timeWait is set
	timeWaitOver                         // timeWaitEnd is set
	probeOut                             // its last probe has no answer yet
	probeRun                             // its last segment was a probe
	lowStart                             // the first segment of a midstream side may have been a probe
	dataEnded                            // the consumer was told that nothing more comes
	sentData                             // it sent payload
	finMissesData                        // its FIN does not acknowledge data that the peer had sent
	sentAcrossFIN                        // it sent data that does not acknowledge a FIN of the peer captured before
	sentAfterFIN                         // it sent data that does
	windowShut                           // its window is closed
	windowWasShut                        // it was, for the longest time
	answerHasTS                          // answerTS is set
	deaf                                 // its timestamps show that an answer on the wire did not reach it
	rstOtherTTL                          // its RST has not the TTL of its other packets
)

// Probes are the keep-alive probes that one side sent.
type Probes struct {
	Sent, Answered uint32
	Idle           int64 // shortest time from the last other segment to a probe, ns; 0 without
	Interval       int64 // shortest time between two probes with nothing else between, ns; 0 without
}

func (h *half) has(f halfFacts) bool { return h.facts&f != 0 }

// owns reports whether s belongs to the 4-tuple of c.
func (c *Conn) owns(s *Segment) bool {
	return c.port[0] == s.SrcPort && c.port[1] == s.DstPort && c.ip[0] == s.SrcIP && c.ip[1] == s.DstIP ||
		c.port[0] == s.DstPort && c.port[1] == s.SrcPort && c.ip[0] == s.DstIP && c.ip[1] == s.SrcIP
}

// sender returns the side that sent s, which c owns.
func (c *Conn) sender(s *Segment) Side {
	if c.port[0] == s.SrcPort && c.port[1] == s.DstPort && c.ip[0] == s.SrcIP {
		return Initiator
	}
	return Responder
}

// Endpoint returns the address and port of a side.
func (c *Conn) Endpoint(s Side) Endpoint { return Endpoint{c.ip[s], c.port[s]} }

// Midstream reports whether the capture does not hold the opening: the first
// packet has no SYN.
func (c *Conn) Midstream() bool { return c.facts&factMidstream != 0 }

// Packets and Bytes return what a side sent: packets, and payload as on the
// wire with retransmissions.
func (c *Conn) Packets(s Side) uint64 { return uint64(c.halves[s].packets) }

// Bytes returns the payload that a side sent, see [Conn.Packets].
func (c *Conn) Bytes(s Side) uint64 { return c.halves[s].bytes }

// Retransmissions returns how many segments a side sent again: SYN and FIN
// too, probes never.
func (c *Conn) Retransmissions(s Side) uint32 { return c.halves[s].retransmissions }

// Missing returns how many payload bytes of a side the capture does not hold.
func (c *Conn) Missing(s Side) uint64 { return c.halves[s].missing }

// Probes returns the keep-alive probes that a side sent.
func (c *Conn) Probes(s Side) Probes { return c.halves[s].probes }
