package live

import (
	"sort"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// Snapshot is what can be said of a capture at a moment. Nobody changes it any more, so
// many goroutines may read it.
type Snapshot struct {
	At          int64 // time of the last packet, ns since the epoch
	Result      *analyze.Result
	Diagnosis   *rules.Diagnosis
	Connections []analyze.Connection // in order of ID: those that have not ended, and the last that have
	Left        int64                // connections that are in the sums alone
	Recent      *Recent              // what happened last, nil unless that was asked for

	whole bool // Result has the connections
}

// Whole returns the Snapshot of an analysis that is over and has kept all connections,
// packed: each look at one unpacks it.
func Whole(r *analyze.Result, d *rules.Diagnosis) *Snapshot {
	return &Snapshot{At: r.Last, Result: r, Diagnosis: d, whole: true}
}

// Len returns how many connections there are. With Connection, Exchanges and Example
// a Snapshot is the [report.Facts] of a report.
func (x *Snapshot) Len() int {
	if x.whole {
		return x.Result.Len()
	}
	return len(x.Connections)
}

// Connection fills c with the i-th connection, in order of ID.
func (x *Snapshot) Connection(i int, c *analyze.Connection) {
	if x.whole {
		x.Result.Connection(i, c)
		return
	}
	*c = x.Connections[i]
}

// Numbers is Connection, but may leave out the evidence.
func (x *Snapshot) Numbers(i int, c *analyze.Connection) {
	if x.whole {
		x.Result.Numbers(i, c)
		return
	}
	*c = x.Connections[i]
}

// ConnectionAt returns the i-th connection, in order of ID, without a copy where it
// can: it belongs to x and must not be changed, or it is scratch, which is filled then.
func (x *Snapshot) ConnectionAt(i int, scratch *analyze.Connection) *analyze.Connection {
	if x.whole {
		x.Result.Connection(i, scratch)
		return scratch
	}
	return &x.Connections[i]
}

// ByID fills c with the connection that has that ID, and reports whether there
// is one.
func (x *Snapshot) ByID(id uint64, c *analyze.Connection) bool {
	i := sort.Search(x.Len(), func(i int) bool {
		x.Connection(i, c)
		return c.ID >= id
	})
	if i == x.Len() {
		return false
	}
	x.Connection(i, c)
	return c.ID == id
}

// Exchanges returns the exchanges if a whole analysis has kept them, and else none.
func (x *Snapshot) Exchanges() []analyze.Exchange {
	if x.whole {
		return x.Result.Exchanges()
	}
	return nil
}

// Example returns a connection that is worth a look, and why, if it is still kept.
func (x *Snapshot) Example() (id uint64, why string, ok bool) {
	var c analyze.Connection
	id, why, ok = x.Result.Example()
	return id, why, ok && x.ByID(id, &c)
}
