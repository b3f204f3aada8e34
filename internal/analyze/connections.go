package analyze

import "github.com/kaanalyze/kaanalyze/flows"

// Len returns how many connections are kept: all, or none after OnConnection.
func (r *Result) Len() int { return r.count }

// Connection fills c with the i-th connection, in order of ID.
func (r *Result) Connection(i int, c *Connection) { r.analyzer.describe(r.conn(i), c) }

// Numbers is Connection without the evidence, which takes some time.
func (r *Result) Numbers(i int, c *Connection) {
	x := r.conn(i)
	var scratch httpState
	r.analyzer.numbers(x, r.analyzer.states.read(x, &scratch), c)
}

// conn returns the i-th connection.
func (r *Result) conn(i int) *flows.Conn {
	id := uint64(i) + 1
	if r.ids != nil {
		id = r.ids[i]
	}
	return r.analyzer.engine.Conn(id)
}

// ByID fills c with the connection that has that ID, and reports whether there
// is one.
func (r *Result) ByID(id uint64, c *Connection) bool {
	if r.analyzer.opt.OnConnection != nil || id < 1 || id > uint64(r.analyzer.engine.Len()) {
		return false
	}
	r.analyzer.describe(r.analyzer.engine.Conn(id), c)
	return true
}

// Avoidable reports whether a perfect pool would not have made the connection with that ID,
// where all are kept.
func (r *Result) Avoidable(id uint64) bool { return r.avoidable.has(id) }

// Exchanges returns the exchanges, in order of request, if Options asked for
// them.
func (r *Result) Exchanges() []Exchange { return r.analyzer.exchanges }

// Example returns a connection to look at, and why.
func (r *Result) Example() (id uint64, why string, ok bool) {
	return r.example.id, r.example.why, r.example.id != 0
}

// Story returns the connection that Options asked for, packet by packet.
func (r *Result) Story() Story { return r.story }
