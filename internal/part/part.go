package part

import (
	"hash/fnv"
	"io"
	"time"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/part/fields"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// Part is what an analysis of the captures of one point comes to.
type Part struct {
	Point     string        // the name of where they were made
	Version   string        // of the program that wrote it
	TimeWait  time.Duration // how long TIME_WAIT lasts
	Meta      report.Meta   // of the captures
	Undecoded string        // as analyze.Result has it

	Sums *analyze.Sums
	Kept *cause.Kept          // the connections that are final
	Open []analyze.Connection // those that are not, in order of ID

	// Rows are all connections, or some that a report may name, in order of ID; AllRows tells
	// which.
	Rows    []analyze.Connection
	AllRows bool

	Origins []Origin // of packets, where there are several captures
}

// Origin says where the packets from one on come from.
type Origin struct {
	Num    uint64 // of the first packet
	Packet uint64 // its number in its file, 0 if that is not known
	Source int    // the file, as an index of Meta.Sources
}

// Encoded holds the sums of a part as it has them.
type Encoded struct {
	frame []byte
	err   error
}

// EncodeSums encodes sums, which may change afterwards.
func EncodeSums(s *analyze.Sums) *Encoded {
	frame, err := compressed(func(c *fields.Coder) { analyze.CodeSums(c, s) })
	return &Encoded{frame, err}
}

// EncodeConnections encodes the connections of a part: what is kept of those that are final,
// and those that are not. They may change afterwards.
func EncodeConnections(k *cause.Kept, open []analyze.Connection) *Encoded {
	frame, err := compressed(func(c *fields.Coder) {
		cause.CodeKept(c, k)
		fields.Slice(c, &open, func(x *analyze.Connection) { analyze.CodeConnection(c, x) })
	})
	return &Encoded{frame, err}
}

// EncodeResult encodes the connections of a result, which keeps all.
func EncodeResult(r *analyze.Result) *Encoded {
	d := cause.NewCollector(1)
	var open []analyze.Connection
	var c analyze.Connection
	for i := range r.Len() {
		r.Connection(i, &c)
		if cause.Final(&c) {
			d.Add(&c, r.Last)
		} else {
			open = append(open, c)
		}
	}
	return EncodeConnections(d.Kept(), open)
}

// Write writes a part with these sums and connections, in place of its own.
func Write(w io.Writer, p *Part, sums, connections *Encoded) error {
	for _, e := range []*Encoded{sums, connections} {
		if e.err != nil {
			return e.err
		}
	}
	head, err := compressed(p.codeHead)
	if err != nil {
		return err
	}
	rows, err := compressed(p.codeRows)
	if err != nil {
		return err
	}
	return writeFrames(w, head, sums.frame, connections.frame, rows)
}

// Read reads a part, which takes at most room bytes. Its error is a [*VersionError] if
// another program is needed.
func Read(r io.Reader, room int64) (*Part, error) {
	p := &Part{}
	err := readFrames(r, room, func(c *fields.Coder) {
		if p.codeHead(c); c.Err() != nil {
			return
		}
		p.Sums = analyze.CodeSums(c, nil)
		p.Kept = cause.CodeKept(c, nil)
		fields.Slice(c, &p.Open, func(x *analyze.Connection) { analyze.CodeConnection(c, x) })
		p.codeRows(c)
		if c.Err() == nil && !p.valid() {
			c.Wrong()
		}
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// vocabulary returns a number for what the numbers in a part stand for.
func vocabulary() uint64 {
	h := fnv.New64a()
	_, _ = io.WriteString(h, cause.Vocabulary())
	return h.Sum64()
}

// codeHead codes what comes first.
func (p *Part) codeHead(c *fields.Coder) {
	words := vocabulary()
	c.One(func() {
		c.Text(&p.Version)
		fields.Near(c, &words, 0)
		c.Text(&p.Point)
		fields.Near(c, &p.TimeWait, 0)
		c.Bool(&p.AllRows)
		c.Text(&p.Undecoded)
	})
	if c.Err() == nil && words != vocabulary() {
		c.Fail(&VersionError{"it was written by version " + p.Version + ", which names other causes or programs"})
		return
	}
	codeMeta(c, &p.Meta)
}

// codeRows codes what comes last.
func (p *Part) codeRows(c *fields.Coder) {
	fields.Slice(c, &p.Rows, func(x *analyze.Connection) { analyze.CodeConnection(c, x) })
	fields.Slice(c, &p.Origins, func(o *Origin) {
		fields.Number(c, &o.Num)
		fields.Number(c, &o.Packet)
		fields.Number(c, &o.Source)
	})
}

// valid reports whether what was read goes together.
func (p *Part) valid() bool {
	ids := newIDs(p)
	if ids == nil || p.Point == "" || p.TimeWait <= 0 || p.TimeWait > 24*time.Hour {
		return false
	}
	for i := range p.Rows {
		if i > 0 && p.Rows[i].ID <= p.Rows[i-1].ID || ids.index(uint32(p.Rows[i].ID)) < 0 {
			return false
		}
	}
	for i, o := range p.Origins {
		if o.Source < 0 || o.Source >= len(p.Meta.Sources) || i > 0 && o.Num <= p.Origins[i-1].Num {
			return false
		}
	}
	return !p.AllRows || len(p.Rows) == ids.len()
}
