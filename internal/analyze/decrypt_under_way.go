package analyze

import (
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/tlscrypt"
	"github.com/kaanalyze/kaanalyze/internal/tlswire"
)

// A recordUnderWay is the one in which the data of a connection that is decrypted has
// ended so far. Most packets of a long response go on in a record and do not end it: of
// these nothing else has to be looked up. The zero recordUnderWay is of no connection.
type recordUnderWay struct {
	id     uint64 // of the connection
	conn   *tlscrypt.Conn
	reader *tlswire.Reader
}

// recordsUnderWay are those of some connections, by the last bits of their IDs.
type recordsUnderWay [64]recordUnderWay

// of returns where the record of a connection is, or another one's that shares its place.
func (r *recordsUnderWay) of(id uint64) *recordUnderWay { return &r[id%uint64(len(r))] }

// leaveRecord forgets the record of a connection.
func (a *Analyzer) leaveRecord(c *flows.Conn) {
	if !a.hasKeys {
		return
	}
	if r := a.states.tls.underWay.of(c.ID); r.id == c.ID {
		*r = recordUnderWay{}
	}
}

// goesOn takes payload that goes on in a record that was noted and does not end it, and
// reports whether it is such.
func (a *Analyzer) goesOn(c *flows.Conn, from flows.Side, d *flows.Data) bool {
	r, table, n := a.states.tls.underWay.of(c.ID), &a.states.keys.table, len(d.Payload)
	if r.id != c.ID || d.Cut > 0 || !r.conn.Inside(uint8(from), n, table) || !r.reader.Inside(tlswire.Side(from), n) {
		return false
	}
	r.conn.Data(uint8(from), d.Payload, tlscrypt.Stamp{At: d.Time, Now: d.Now, Num: d.Num}, table)
	return true
}

// noteRecord notes the record that the data of a connection leaves under way, unless what
// follows of it is to be looked at in any case.
func (a *Analyzer) noteRecord(c *flows.Conn, t *httpState) {
	r := a.states.tls.underWay.of(c.ID)
	x := a.states.tls.sessions.At(t.tls)
	if r.id == c.ID || x.reader == 0 || x.keyed == 0 || t.facts&(decrypted|oneEnded) != decrypted || a.opt.Observer != nil {
		return
	}
	k := &a.states.keys
	if s := k.found.At(x.keyed); s.conn != 0 {
		*r = recordUnderWay{c.ID, *k.conns.At(s.conn), a.states.tls.readers.At(x.reader)}
	}
}
