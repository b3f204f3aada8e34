package bothends

import (
	"net/netip"

	"github.com/kaanalyze/kaanalyze/flows"
)

// Comparison is what two captures tell together. Its lists are bounded by [MaxRows], the
// counts beside them are not.
type Comparison struct {
	Matched      int    // connections that both captures have
	By           [3]int // how they were matched, by Means
	Ambiguous    int    // connections here that could be several there, and were not matched
	AloneHere    int    // that only this capture has, of the time that both span
	AloneThere   int
	OutsideHere  int // that lie outside that time
	OutsideThere int

	Same bool // both captures hold the same packets, captured at the same point
	Full bool // packets were left out for want of memory

	From, To int64 // the time that both span, by the clock of here; 0 if there is none
	Clock    Clock
	Transit  [2]Transit // from here to there, and back

	Translated []Translation // most connections first; none if nothing is translated
	Ports      PortsKept
	Changed    []Change

	Lost         [2]Loss // to the server, to the client
	NotThere     uint64  // packets that arrived, for they were acknowledged, but that the receiver's capture lacks
	NotHere      uint64  // that the sender's capture lacks
	NotJudged    uint64  // that may have been under way when a capture began or ended
	LostPackets  []Packet
	Forged       []Packet  // RST and FIN that arrived, but that their sender did not send
	ForgedCount  [2]uint64 // RSTs and FINs
	Needless     [2]uint64 // retransmissions by the client and the server of what had arrived
	NeedlessLost [2]uint64 // of them those whose acknowledgement was lost

	SYN SYNs

	Network, Server, Client Spans // time between the points both ways, behind the server's point, before the client's

	Pairs []Pair // the matched connections, in order of their ID here
}

// MaxRows is how many rows the lists of a Comparison have at most, but for Pairs.
const MaxRows = 1000

// Means is how two connections were matched.
type Means uint8

// The means.
const (
	BySequences Means = iota // both initial sequence numbers
	ByClient                 // the client's, and the time, or what was sent
	ByPackets                // no SYN was captured: packets with the same sequence numbers
)

// String returns the means in a word.
func (m Means) String() string {
	return [...]string{"both_sequence_numbers", "client_sequence_number", "packets"}[m]
}

// Clock is the offset of the clock there from the clock here.
type Clock struct {
	Known     bool
	Stepped   bool // no offset and drift fit all pairs: a clock was set meanwhile
	Offset    int64
	Low, High int64 // the offset is between them, whatever the way there and the way back take
	// Drift bounds, in parts per million: how much faster the clock there runs.
	DriftLow, DriftHigh float64
	At                  int64 // when it is so, by the clock of here
	Pairs               [2]uint64
	Noise               int64 // by how much packets seem to arrive before they are sent
}

// Drifts reports whether the clocks certainly do not run alike.
func (c *Clock) Drifts() bool { return c.Known && (c.DriftLow > 0 || c.DriftHigh < 0) }

// Transit is how long packets took one way, by both clocks as they are.
type Transit struct {
	Pairs    uint64
	Min, Max int64 // there - here
}

// Translation is addresses that are others at the other point.
type Translation struct {
	Client, ClientThere netip.Addr
	Server, ServerThere netip.AddrPort
	Connections         int
	PortsKept           int // of them with the client's port kept
}

// PortsKept counts the connections whose client's port is the same at both points.
type PortsKept struct{ Kept, Of int }

// Loss is what did not arrive of what one side sent.
type Loss struct {
	Sent    uint64 // packets that the capture at the sender's end has of what can be judged
	Packets uint64 // of them lost
	SYN     uint64 // of those, by what they are
	FIN     uint64
	RST     uint64
	Data    uint64
	Bare    uint64 // nothing but an acknowledgement
	Bytes   uint64 // payload
}

// Packet is one that only one capture has.
type Packet struct {
	Here, There uint64 // IDs of the connection
	Side        flows.Side
	AtHere      bool // it was captured here, else there
	Num         uint64
	Time        int64
	Flags       flows.Flags
	Bytes       uint32
}

// SYNs are connections that were not opened.
type SYNs struct {
	NeverArrived int      // no SYN arrived
	NotAnswered  int      // a SYN arrived, and no SYN-ACK left
	AnswerLost   int      // the SYN-ACK left, and did not arrive
	IDs          []uint64 // of those that never arrived, at the client's end
}

// Change is an option of SYNs that something between the points changed.
type Change struct {
	Option      string // "MSS", "window scale", "timestamps", "SACK"
	Side        flows.Side
	Sent, Got   int // -1 for none; 1 for an option without a number
	Connections int
}

// Pair is a connection that both captures have.
type Pair struct {
	Here, There uint64 // IDs, 0 where no packet of it arrived
	Means       Means
	ClientHere  bool // this capture is the one nearer to the client
	Swapped     bool // the sides have each other's places there
	Lost        [2]uint32
	Forged      [2]uint32 // RSTs and FINs, by their pretended sender
	Needless    [2]uint32
	ForgedNum   uint64 // the first of them, 0 if it was captured there
}
