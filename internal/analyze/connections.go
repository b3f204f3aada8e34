package analyze

import (
	"fmt"

	"github.com/kaanalyze/kaanalyze/flows"
)

// index notes which connections the Result has.
func (a *Analyzer) index(r *Result) {
	r.count = a.engine.Len()
	if !a.opt.Server.IsValid() {
		return
	}
	r.ids = []uint64{}
	a.engine.Each(func(c *flows.Conn) {
		if a.wanted(c) {
			r.ids = append(r.ids, c.ID)
		}
	})
	r.count = len(r.ids)
}

// Len returns how many connections are kept: all, or none after OnConnection.
func (r *Result) Len() int { return r.count }

// Connection fills c with the i-th connection, in order of ID.
func (r *Result) Connection(i int, c *Connection) {
	id := uint64(i) + 1
	if r.ids != nil {
		id = r.ids[i]
	}
	r.analyzer.describe(r.analyzer.engine.Conn(id), c)
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

// Exchanges returns the exchanges, in order of request, if Options asked for
// them.
func (r *Result) Exchanges() []Exchange { return r.analyzer.exchanges }

// example is a connection worth a look.
type example struct {
	id     uint64
	weight int
	why    string
}

// consider weighs a connection as the example: one that shows best what costs
// most. The first of equals stays.
func (b *books) consider(c *flows.Conn, t *httpState) {
	weight := 0
	switch {
	case t.requests == 0:
	case t.requests == 1 && c.FINs() != flows.NoSide:
		weight = 3
	case t.requests == 1:
		weight = 2
	default:
		weight = 1
	}
	if weight <= b.example.weight {
		return
	}
	b.example = example{id: c.ID, weight: weight}
	switch weight {
	case 3:
		b.example.why = "the first connection that was closed after a single request"
	case 2:
		b.example.why = "the first connection that carried a single request"
	case 1:
		b.example.why = fmt.Sprintf("the first connection that was reused: %d requests", t.requests)
	}
}

// Example returns a connection to look at, and why.
func (r *Result) Example() (id uint64, why string, ok bool) {
	return r.example.id, r.example.why, r.example.id != 0
}
