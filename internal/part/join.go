package part

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// Joined is what several parts come to.
type Joined struct {
	Result    *analyze.Result
	Collector *cause.Collector
	Meta      report.Meta
	Rows      *Rows
	NotKept   int64 // connections that have no row

	parts []*Part
	first []uint64 // by part: how many packets those before it have
	of    []uint32 // by ID: the part that has the connection's row, where there are several parts
}

// A JoinError is that parts do not go together.
type JoinError struct {
	A, B string // their points
	Why  string
}

// Error names the two points.
func (e *JoinError) Error() string { return fmt.Sprintf("points %q and %q: %s", e.A, e.B, e.Why) }

// Join joins parts, whose order does not matter; they must not be used any more. budget is
// as in analyze.Options. Its error is a [*JoinError].
func Join(parts []*Part, workers int) (*Joined, error) {
	slices.SortFunc(parts, func(a, b *Part) int { return cmp.Compare(a.Point, b.Point) })
	for i, p := range parts[1:] {
		if why := apart(parts[0], p); why != "" {
			return nil, &JoinError{parts[0].Point, p.Point, why}
		}
		if parts[i].Point == p.Point {
			return nil, &JoinError{p.Point, p.Point, "two parts have this name: write one of them anew, with --point NAME"}
		}
	}
	if err := sharedPair(parts); err != nil {
		return nil, err
	}
	j := &Joined{parts: parts, Rows: &Rows{}}
	numbers := make([]*ids, len(parts))
	for i, p := range parts {
		numbers[i] = newIDs(p)
	}
	stream := number(numbers)
	to := make([]analyze.Renumbered, len(parts))
	sums, kept, open := make([]*analyze.Sums, len(parts)), make([]*cause.Kept, len(parts)), make([][]analyze.Connection, len(parts))
	packets := uint64(0)
	for i, p := range parts {
		to[i] = analyze.Renumbered{ID: numbers[i].becomes, Packets: packets}
		j.first = append(j.first, packets)
		packets += p.Meta.Packets
		sums[i], kept[i], open[i] = p.Sums, p.Kept, p.Open
	}
	all := analyze.JoinSums(sums, to)
	for i, p := range parts {
		for k := range p.Open {
			renumber(&p.Open[k], &to[i], stream)
		}
		for k := range p.Rows {
			renumber(&p.Rows[k], &to[i], stream)
			j.notePoint(p.Rows[k].ID, i)
		}
		j.Rows.list = append(j.Rows.list, p.Rows...)
		if !p.AllRows {
			j.NotKept += int64(numbers[i].len())
		}
	}
	j.Rows.all = j.NotKept == 0
	slices.SortFunc(j.Rows.list, func(a, b analyze.Connection) int { return cmp.Compare(a.ID, b.ID) })
	if !j.Rows.all { // some rows of some points alone would look like all that there are
		j.NotKept = 0
		for _, x := range numbers {
			j.NotKept += int64(x.len())
		}
	}
	j.Meta = j.joinMeta()
	j.Collector = cause.JoinKept(kept, open, to, stream, all.Last, workers)
	j.Result = all.Result(&analyze.Options{TimeWait: parts[0].TimeWait, Narrowed: j.Meta.Narrowed != report.Narrowed{}})
	j.Result.Undecoded = j.undecoded()
	j.Rows.result = j.Result
	return j, nil
}

// notePoint notes which part has a connection's row.
func (j *Joined) notePoint(id uint64, part int) {
	if len(j.parts) == 1 {
		return
	}
	for uint64(len(j.of)) <= id {
		j.of = append(j.of, 0)
	}
	j.of[id] = uint32(part)
}

// PointOf returns the name of the point that has the row of a connection.
func (j *Joined) PointOf(id uint64) string {
	if id >= uint64(len(j.of)) {
		return j.parts[0].Point
	}
	return j.parts[j.of[id]].Point
}

// renumber gives a connection its new numbers.
func renumber(c *analyze.Connection, to *analyze.Renumbered, stream func(uint32) uint32) {
	c.Renumber(to)
	if c.Stream != analyze.Unknown {
		c.Stream = int64(stream(uint32(c.ID)))
	}
}

// apart says why two parts cannot be joined, "" if they can.
func apart(a, b *Part) string {
	switch {
	case a.TimeWait != b.TimeWait:
		return fmt.Sprintf("TIME_WAIT lasts %v in one and %v in the other: write one of them anew, with --time-wait", a.TimeWait, b.TimeWait)
	case a.Meta.Narrowed != b.Meta.Narrowed:
		return "they are of other parts of their captures: a filter, --since, --until, --server or -c"
	case a.Meta.Anonymized != b.Meta.Anonymized:
		return "addresses are pseudonyms in one alone"
	}
	return ""
}

// undecoded returns what is said instead of judging, where no point can be judged.
func (j *Joined) undecoded() string {
	for _, p := range j.parts {
		if p.Undecoded == "" {
			return ""
		}
	}
	return j.parts[0].Undecoded
}

// Origin says which file a packet comes from, and its number there: "" and 0 if that is not
// known.
func (j *Joined) Origin(packet uint64) (source string, number uint64) {
	if packet == 0 {
		return "", 0
	}
	i := len(j.first) - 1
	for j.first[i] >= packet {
		i--
	}
	p, packet := j.parts[i], packet-j.first[i]
	if len(p.Meta.Sources) == 1 {
		return p.Meta.Sources[0].Name, packet
	}
	k, found := slices.BinarySearchFunc(p.Origins, packet, func(o Origin, num uint64) int { return cmp.Compare(o.Num, num) })
	if !found {
		k--
	}
	if k < 0 || p.Origins[k].Packet == 0 {
		return "", 0
	}
	o := &p.Origins[k]
	return p.Meta.Sources[o.Source].Name, o.Packet + packet - o.Num
}

// maxNamed bounds the packets that are named as having a wrong time.
const maxNamed = 5

// joinMeta returns what a report says of all captures.
func (j *Joined) joinMeta() report.Meta {
	m := report.Meta{Format: j.parts[0].Meta.Format, Filter: j.parts[0].Meta.Filter, Narrowed: j.parts[0].Meta.Narrowed, Anonymized: j.parts[0].Meta.Anonymized}
	for i, p := range j.parts {
		x := &p.Meta
		if x.Format != m.Format {
			m.Format = "mixed"
		}
		if x.Packets > 0 {
			if m.Packets == 0 {
				m.First, m.Last = x.First, x.Last
			}
			m.First, m.Last = min(m.First, x.First), max(m.Last, x.Last)
		}
		m.Sources = append(m.Sources, x.Sources...)
		m.Warnings = append(m.Warnings, x.Warnings...)
		for _, l := range x.LinkTypes {
			if !slices.Contains(m.LinkTypes, l) {
				m.LinkTypes = append(m.LinkTypes, l)
			}
		}
		m.Packets += x.Packets
		m.TCPPackets += x.TCPPackets
		m.Bytes += x.Bytes
		m.CutPackets += x.CutPackets
		m.UndecodedPackets += x.UndecodedPackets
		m.Interrupted = m.Interrupted || x.Interrupted
		m.Damage = cmp.Or(m.Damage, x.Damage)
		if x.KernelDropped != nil {
			n := *x.KernelDropped
			if m.KernelDropped != nil {
				n += *m.KernelDropped
			}
			m.KernelDropped = &n
		}
		faults := &m.ClockFaults
		faults.Absurd += x.ClockFaults.Absurd
		faults.Backwards += x.ClockFaults.Backwards
		faults.AbsurdPackets = moved(faults.AbsurdPackets, x.ClockFaults.AbsurdPackets, j.first[i])
		faults.BackwardPackets = moved(faults.BackwardPackets, x.ClockFaults.BackwardPackets, j.first[i])
		m.Points = append(m.Points, report.Point{Name: p.Point, Captures: len(x.Sources), Packets: x.Packets, First: x.First, Last: x.Last, Version: p.Version})
	}
	return m
}

// moved appends the numbers of packets, higher by that many.
func moved(list, more []uint64, by uint64) []uint64 {
	for _, n := range more {
		if len(list) < maxNamed {
			list = append(list, n+by)
		}
	}
	return list
}

// Rows are the connections that parts have one by one: all, or none but those that may be
// asked for.
type Rows struct {
	list   []analyze.Connection
	all    bool
	result *analyze.Result
}

// Len returns how many there are.
func (r *Rows) Len() int {
	if !r.all {
		return 0
	}
	return len(r.list)
}

// Connection sets c to the connection at i.
func (r *Rows) Connection(i int, c *analyze.Connection) { *c = r.list[i] }

// Numbers does the same.
func (r *Rows) Numbers(i int, c *analyze.Connection) { *c = r.list[i] }

// Exchanges returns none.
func (r *Rows) Exchanges() []analyze.Exchange { return nil }

// Example returns a connection to look at, and why.
func (r *Rows) Example() (id uint64, why string, ok bool) { return r.result.Example() }

// ByID sets c to a connection, and reports whether it is there.
func (r *Rows) ByID(id uint64, c *analyze.Connection) bool {
	i, ok := slices.BinarySearchFunc(r.list, id, func(c analyze.Connection, id uint64) int { return cmp.Compare(c.ID, id) })
	if ok {
		*c = r.list[i]
	}
	return ok
}
