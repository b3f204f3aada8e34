package cause

import "github.com/kaanalyze/kaanalyze/internal/analyze"

// Between is what a capture at the other end of the path proves of connections.
type Between struct {
	Forged []Forged
	Lost   []LostBetween
	Rare   bool // of a hundred packets less than one was lost, each way
}

// Forged is an RST that arrived in the name of a side that did not send it.
type Forged struct {
	ID     uint64        // of the connection
	As     analyze.Party // in whose name
	Packet uint64        // that it is in this capture; 0 if it arrived at the other end
}

// LostBetween is how many packets of a connection left one end and did not arrive at the
// other.
type LostBetween struct {
	ID                 uint64
	ToServer, ToClient uint32
}

// Corrected counts connections whose cause is another one than this capture alone shows.
// From is Undecided where only others of their group could have told that.
type Corrected struct {
	From, To    Cause
	Connections int64
}

// Prove gives d what a second capture proves, before Finish. b is not copied.
func (d *Collector) Prove(b *Between) { d.between = b }

// Between returns what was given to Prove, nil if nothing was.
func (d *Decisions) Between() *Between {
	if d.all == nil {
		return nil
	}
	return d.all.between
}

// correct gives their true cause to connections that an RST ended which the second
// capture proves to be forged.
func (d *Decisions) correct() {
	b := d.Between()
	if b == nil {
		return
	}
	for i := range b.Forged {
		f := &b.Forged[i]
		r := d.Record(f.ID)
		if r == nil || !r.endedBy(f) {
			continue
		}
		was := r.Cause
		o := observation{kind: observedForgedRST, by: sender(f.As) | r.observation.by&estimated, ns: r.observation.ns}
		switch {
		case f.Packet == 0:
			o.number, o.ns = forgedThere, 0
		case was == Refused:
			o.number = forgedAtSYN
		}
		r.observation = o
		settle([]*Record{r}, MiddleboxReset, analyze.Network, High)
		if was != MiddleboxReset {
			d.countCorrected(was, MiddleboxReset)
		}
	}
}

// What number is of observedForgedRST, if it is not 0.
const (
	forgedAtSYN = 1 // it answered the SYN
	forgedThere = 2 // it arrived at the other end
)

// endedBy reports whether a forged RST is what ended r: if it arrived at the other end, r
// stays open here, or nothing is answered there any more.
func (r *Record) endedBy(f *Forged) bool {
	if f.Packet == 0 {
		return r.Open() || r.Cause == RetransmissionTimeout || r.Cause == DeadPeer || r.Cause == LocalDrop
	}
	return r.Packet == f.Packet && (r.has(isReset) || r.Cause == Refused)
}

// ProvedForged reports whether a second capture proves that the RST which ended r was not
// sent by the side whose address it has.
func (r *Record) ProvedForged() bool { return r.observation.kind == observedForgedRST }

// countCorrected counts a connection whose cause was corrected.
func (d *Decisions) countCorrected(from, to Cause) {
	for i := range d.Corrected {
		if c := &d.Corrected[i]; c.From == from && c.To == to {
			c.Connections++
			return
		}
	}
	d.Corrected = append(d.Corrected, Corrected{from, to, 1})
}
