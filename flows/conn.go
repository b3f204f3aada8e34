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

// Set returns the set that holds s alone.
func (s Side) Set() Sides { return 1 << s }

// String returns "initiator" or "responder".
func (s Side) String() string { return [...]string{"initiator", "responder"}[s] }

// Sides is a set of sides.
type Sides uint8

// The sets.
const (
	NoSide        Sides = 0
	InitiatorSide Sides = 1 << Initiator
	ResponderSide Sides = 1 << Responder
	BothSides     Sides = InitiatorSide | ResponderSide
)

// Has reports whether side is in s.
func (s Sides) Has(side Side) bool { return s&side.Set() != 0 }

// String returns "none", "initiator", "responder" or "both".
func (s Sides) String() string { return [...]string{"none", "initiator", "responder", "both"}[s] }

// Conn is one life of a 4-tuple: a port that is used again begins another one.
// It records what was seen of each side; its methods derive from that what it
// means. The methods only read, and answer for the packets so far: after
// [Engine.Finish] the answers are final.
//
// It holds no pointer. The Engine owns it; a Consumer may read it during its
// calls, and other code after the last segment. ID and Stream are not to be
// changed, User is the Consumer's to set.
type Conn struct {
	ID     uint64 // from 1, in order of first packet
	Stream uint32 // what tshark calls tcp.stream
	User   uint32 // the Consumer's own, such as the number of its part of the connection

	hash uint32 // of the 4-tuple, as in Segment
	self handle
	prev handle // the life before, while its TIME_WAIT may be taken over
	next handle // the life after

	ip   [2][16]byte // by Side, as in Endpoint
	port [2]uint16

	Start, End   int64 // times of the first and last packet
	lastActivity int64 // last segment that is neither a probe nor the answer to one

	quiet       int64 // how long nothing but probes was sent before the first FIN or RST
	shutAt      int64 // when a side last closed its window
	stall       int64 // longest time that a window was closed
	lastSYN     int64 // of the initiator
	established int64 // first ACK of the initiator after its SYN
	facts       connFacts

	halves [2]half // by Side
}

// handle names a connection of an Engine while it is kept, in whatever form; 0
// names none.
type handle uint32

// connFacts are what was seen of a connection as a whole.
type connFacts uint16

const (
	factMidstream        connFacts = 1 << iota // the first packet has no SYN
	factEstablished                            // the handshake was seen to be completed
	factEvictLater                             // queued for eviction
	factBareACK                                // the SYN was answered by a bare ACK: the tuple may still be in use there
	factChallenged                             // the initiator answered that ACK by RST
	factRecycledByServer                       // the server took over a TIME_WAIT of its own
	factRecycledByClient                       // the client took over a TIME_WAIT of its own
	factPackLater                              // queued to be packed
	factSuperseded                             // its tuple was used anew before its end was seen
	factEarly                                  // segments of it wait in early
	factAside                                  // segments of it are in aside
	factQuoted                                 // its tuple is in Engine.quoted
	factSYNACKAfterACK                         // the SYN-ACK came again, though the ACK of it had had time to arrive
)

// half is what one side did. The names of RFC 9293 (3.3.1) would be ISS for
// isn and SND.NXT for next; the peer's acked is SND.UNA.
type half struct {
	isn    uint32 // sequence number of its SYN, else the first that was seen
	next   uint32 // behind the highest sequence number seen
	want   uint32 // the next one to hand over to the consumer
	acked  uint32 // highest acknowledgement that it sent
	fin    uint32 // sequence number of its FIN
	finAck uint32 // what its first FIN acknowledged
	rst    uint32 // sequence number of its first accepted RST

	facts  halfFacts
	window uint16 // the last one that it announced, not scaled
	scale  uint8  // shift count of its windows
	ttl    uint8  // of its last segment that is no RST
	queue  int32  // number in holding of its segments out of order, 0 for none

	packets, retransmissions uint32
	synRetransmissions       uint32
	unanswered               uint32 // see Conn.Unanswered
	bytes, missing           uint64
	holeSince                int64 // when next last moved over sequence numbers that were not seen

	finAt, rstAt   int64
	finNum, rstNum uint64

	timeWait     int64 // when its TIME_WAIT began or was last restarted
	timeWaitFrom int64 // when it began
	timeWaitEnd  int64 // when an RST or the next life ended it early

	probes    Probes
	lastProbe int64
	answerTS  uint32 // timestamp of the last answer to its probes

	otherTTLs [4]uint8 // more that its segments had, 0 for none; if all are taken there may be others yet
}

// halfFacts are what was seen of one side.
type halfFacts uint32

const (
	seqKnown         halfFacts = 1 << iota // isn, next and want are set
	ackKnown                               // acked is set
	sentSYN                                // a SYN without ACK
	sentSYNACK                             // a SYN with ACK
	sentFIN                                // fin, finAt and finNum are set
	finHasACK                              // finAck is set
	finInferred                            // its FIN was not captured, but the peer's acknowledgement proves it
	sentRST                                // an RST that its receiver accepts
	rstProvisional                         // that RST lies beyond what was captured: later packets may disprove it
	rstHasACK                              // that RST has the ACK bit
	rstKnowsFIN                            // that RST was sent when its side had the peer's FIN
	inTimeWait                             // timeWait is set
	timeWaitOver                           // timeWaitEnd is set
	probePending                           // its last probe has no answer yet
	probeRun                               // its last segment was a probe
	startUnsure                            // the first segment of a midstream side may have been a probe, below isn
	dataEnded                              // the consumer was told that nothing more comes
	sentData                               // it sent payload
	finMissesData                          // its FIN does not acknowledge data that the peer had sent
	sentAcrossFIN                          // it sent data that does not acknowledge a FIN of the peer captured before
	sentAfterFIN                           // it sent data that acknowledges such a FIN
	windowShut                             // its window is closed
	windowWasShut                          // it is the side whose window was closed for the time stall
	answerHasTS                            // answerTS is set
	probeAnswersLost                       // its timestamps show that an answer on the wire did not reach it
	holeAsked                              // its peer has acknowledged what lies before the hole again
	rstOtherTTL                            // its RST has a TTL that none of its other packets has
)

// Probes are the keep-alive probes that one side sent (RFC 9293, 3.8.4). Idle
// and Interval are what Linux calls tcp_keepalive_time and tcp_keepalive_intvl,
// as far as they show.
type Probes struct {
	Sent, Answered uint32
	Idle           int64 // shortest time from the last other segment to a probe, ns; 0 if there is none
	Interval       int64 // shortest time between two probes with nothing else between, ns; 0 if there is none
}

// has reports whether one of f was seen.
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

// maxUnseen is how many bytes that were not captured, at the end of a side, an
// acknowledgement may prove: one that is further away is not of this life.
const maxUnseen = 1 << 30

// received reports whether the peer acknowledges the bytes of side d below seq:
// it has them, so the capture will not bring them any more.
func (c *Conn) received(d Side, seq uint32) bool {
	peer := &c.halves[d.Peer()]
	return peer.has(ackKnown) && afterEq(peer.acked, seq)
}

// ackedUnseen reports whether the peer of side d acknowledges data that follows
// the last that was captured. A single byte may be a FIN.
func (c *Conn) ackedUnseen(d Side) bool {
	h, peer := &c.halves[d], &c.halves[d.Peer()]
	return h.has(seqKnown) && peer.has(ackKnown) && c.facts&factBareACK == 0 &&
		after(peer.acked, h.want+1) && peer.acked-h.want < maxUnseen
}

// Endpoint returns the address and port of a side.
func (c *Conn) Endpoint(s Side) Endpoint { return Endpoint{c.ip[s], c.port[s]} }

// Superseded reports whether a new connection was opened on the same 4-tuple before
// the end of this one was seen.
func (c *Conn) Superseded() bool { return c.facts&factSuperseded != 0 }

// Midstream reports whether the capture does not hold the opening: the first
// packet has no SYN.
func (c *Conn) Midstream() bool { return c.facts&factMidstream != 0 }

// Packets returns how many packets of a side were captured, without duplicates.
func (c *Conn) Packets(s Side) uint64 { return uint64(c.halves[s].packets) }

// Bytes returns how many bytes of payload a side sent in these packets, as on
// the wire and with retransmissions.
func (c *Conn) Bytes(s Side) uint64 { return c.halves[s].bytes }

// Retransmissions returns how many segments a side sent again: SYN and FIN
// too, probes never.
func (c *Conn) Retransmissions(s Side) uint32 { return c.halves[s].retransmissions }

// Missing returns how many bytes of payload of a side the capture does not
// hold, though it must have sent them.
func (c *Conn) Missing(s Side) uint64 { return c.halves[s].missing }

// Probes returns the keep-alive probes that a side sent.
func (c *Conn) Probes(s Side) Probes { return c.halves[s].probes }
