package cause

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/part/fields"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

// Final reports whether what is judged of a connection does not depend on when the capture
// ends: both sides closed it, or one reset it, or its 4-tuple was used anew.
func Final(c *analyze.Connection) bool {
	e := &c.Evidence
	return e.Superseded || e.ClientRST.OK() || e.ServerRST.OK() || e.ClientFIN.OK() && e.ServerFIN.OK()
}

// Kept is what a Collector keeps, before it is finished: records, and what was unusual. Those
// of several analyses make one Collector, see [JoinKept].
type Kept struct {
	records   []Record
	anomalies []Anomaly
	summary   Summary // without anomalies
}

// Kept returns what d keeps, in order of ID. The Collector must not be used any more.
func (d *Collector) Kept() *Kept {
	k := &Kept{records: make([]Record, 0, d.records.Len())}
	d.records.Drain(func(r *Record) { k.records = append(k.records, *r) })
	slices.SortFunc(k.records, func(x, y Record) int { return cmp.Compare(x.ID, y.ID) })
	d.summary.anomalies.Drain(func(a *Anomaly) { k.anomalies = append(k.anomalies, *a) })
	k.summary.join(&d.summary)
	return k
}

// Len returns how many connections it has.
func (k *Kept) Len() int { return len(k.records) }

// EachPort calls f with the pair of each connection, and its client's port.
func (k *Kept) EachPort(f func(pair uint32, port uint16)) {
	for i := range k.records {
		f(k.records[i].Pair, k.records[i].Port)
	}
}

// Each calls f with the ID of each connection, when it began, and its number in Wireshark or
// [NoStream].
func (k *Kept) Each(f func(id uint32, start int64, stream uint32)) {
	for i := range k.records {
		f(k.records[i].ID, k.records[i].Start, k.records[i].Stream)
	}
}

// JoinKept joins what was kept, and the connections of each that are not final, which it
// judges now: last is the time of the last packet of all. stream returns the new number of a
// connection in Wireshark, by its new ID.
func JoinKept(list []*Kept, open [][]analyze.Connection, to []analyze.Renumbered, stream func(id uint32) uint32, last int64, workers int) *Collector {
	d := NewCollector(workers)
	n := 0
	for i := range list {
		n += list[i].Len() + len(open[i])
	}
	records := make([]Record, 0, n)
	var anomalies []Anomaly
	for i, k := range list {
		for j := range k.records {
			r := k.records[j]
			r.renumber(&to[i])
			records = append(records, r)
		}
		for _, a := range k.anomalies {
			if a.ID = to[i].ID(a.ID); a.Packet != 0 {
				a.Packet += to[i].Packets
			}
			anomalies = append(anomalies, a)
		}
		k.summary.renumber(&to[i])
		d.summary.join(&k.summary)
		for j := range open[i] {
			c := &open[i][j]
			is, class := judge(c, knownUntil(c, last))
			records = append(records, newRecord(c, is, class, knownUntil(c, last)))
			d.summary.add(c, knownUntil(c, last))
			d.summary.noteFailure(c, is, class)
		}
	}
	d.summary.anomalies.Drain(func(a *Anomaly) { anomalies = append(anomalies, *a) })
	slices.SortStableFunc(anomalies, func(x, y Anomaly) int { return cmp.Compare(x.ID, y.ID) })
	for i := range anomalies {
		d.summary.anomalies.Put(&anomalies[i])
		d.summary.kinds |= 1 << anomalies[i].Kind
	}
	slices.SortFunc(d.summary.failures, func(x, y failure) int { return cmp.Compare(x.id, y.id) })
	d.byID = make([]*Record, len(records))
	for i := range records {
		records[i].Stream = stream(records[i].ID)
		d.byID[i] = &records[i]
	}
	slices.SortFunc(d.byID, ByID)
	return d
}

// renumber gives a record its new numbers.
func (r *Record) renumber(to *analyze.Renumbered) {
	r.ID, r.Pair = to.ID(r.ID), to.Pair(r.Pair)
	for _, p := range []*uint64{&r.Packet, &r.Request} {
		if *p != 0 {
			*p += to.Packets
		}
	}
}

// renumber gives what is summed up by pair, by server and by connection its new numbers.
func (s *Summary) renumber(to *analyze.Renumbered) {
	unseen, outlived := s.unseen, s.outlived
	s.unseen, s.outlived = nil, nil
	for server, x := range unseen {
		s.addUnseen(to.Server(server), x)
	}
	for pair, ns := range outlived {
		s.addOutlived(to.Pair(pair), ns)
	}
	for i := range s.failures {
		s.failures[i].id = to.ID(s.failures[i].id)
	}
}

// CodeKept writes k to c or, where it is nil, returns what it reads.
func CodeKept(c *fields.Coder, k *Kept) *Kept {
	if k == nil {
		k = &Kept{}
	}
	fields.Slice(c, &k.records, func(r *Record) { r.code(c) })
	fields.Slice(c, &k.anomalies, func(a *Anomaly) {
		fields.Number(c, &a.ID)
		fields.Enum(c, &a.Kind, AnomalyNoNotify+1)
		fields.Enum(c, &a.By, analyze.Network+1)
		c.Since(&a.Duration, 0)
		fields.Number(c, &a.Packet)
	})
	k.summary.code(c)
	if c.Reading() && c.Err() == nil && !k.valid() {
		c.Wrong()
	}
	if c.Err() != nil {
		return nil
	}
	return k
}

// valid reports whether IDs ascend, and what is noted is noted of connections that there are.
func (k *Kept) valid() bool {
	for i := range k.records {
		if i > 0 && k.records[i].ID <= k.records[i-1].ID {
			return false
		}
	}
	has := func(id uint32) bool {
		_, ok := slices.BinarySearchFunc(k.records, id, func(r Record, id uint32) int { return cmp.Compare(r.ID, id) })
		return ok
	}
	return !slices.ContainsFunc(k.anomalies, func(a Anomaly) bool { return !has(a.ID) }) &&
		!slices.ContainsFunc(k.summary.failures, func(f failure) bool { return !has(f.id) })
}

func (r *Record) code(c *fields.Coder) {
	fields.Number(c, &r.ID)
	fields.Near(c, &r.Stream, r.ID)
	c.Time(&r.Start)
	c.Since(&r.Ended, r.Start)
	base := r.Start
	if r.Ended != 0 {
		base = r.Ended
	}
	c.Since(&r.Done, base)
	c.Since(&r.times[0], r.Start)
	c.Since(&r.times[1], r.times[0])
	r.observation.code(c, r.Ended-r.Done)
	fields.Number(c, &r.Packet)
	fields.Near(c, &r.Request, r.Packet)
	fields.Number(c, &r.Pair)
	for _, n := range []*uint32{&r.Requests, &r.connect} {
		fields.Near(c, n, 0)
	}
	fields.Number(c, &r.Port)
	fields.Near(c, &r.idleOthers, 0)
	fields.Near(c, &r.idleBefore, 0)
	fields.Enum(c, &r.class, neverUsed+1)
	fields.Enum(c, &r.Cause, causeCount)
	fields.Enum(c, &r.By, analyze.Network+1)
	fields.Enum(c, &r.Confidence, High+1)
	fields.Near(c, &r.flags, 0)
	fields.Enum(c, &r.TimeWait, analyze.TimeWaitUnknown+1)
}

// code codes an observation; its duration is near idle, or it is not.
func (o *observation) code(c *fields.Coder, idle int64) {
	fields.Enum(c, &o.kind, observedOneDirection+1)
	by := uint8(o.by.party())
	marks := uint8(o.by) &^ by
	fields.Enum(c, &by, uint8(analyze.Network)+1)
	fields.Near(c, &marks, 0)
	if c.Reading() {
		const all = sentRST | sentNotify | sentGoAway | estimated | uploading
		if sender(marks)&^all != 0 {
			c.Wrong()
		}
		o.by = sender(by) | sender(marks)
	}
	fields.Near(c, &o.number, 0)
	fields.Near(c, &o.status, 0)
	same := o.ns == idle
	if c.Bool(&same); same {
		o.ns = idle
		return
	}
	c.Since(&o.ns, 0)
}

func (s *Summary) code(c *fields.Coder) {
	c.One(func() {
		for _, n := range []*int64{&s.Midstream, &s.WithRequests, &s.WithMessages} {
			c.Count(n)
		}
		s.Unseen.code(c)
	})
	servers, pairs := slices.Sorted(maps.Keys(s.unseen)), slices.Sorted(maps.Keys(s.outlived))
	c.Rows(len(servers), 100, func(i int) {
		var server uint32
		var x Unseen
		if !c.Reading() {
			server, x = servers[i], s.unseen[servers[i]]
		}
		fields.Number(c, &server)
		if x.code(c); c.Reading() && c.Err() == nil {
			s.addUnseen(server, x)
		}
	})
	c.Rows(len(pairs), 50, func(i int) {
		var pair uint32
		var ns int64
		if !c.Reading() {
			pair, ns = pairs[i], s.outlived[pairs[i]]
		}
		fields.Number(c, &pair)
		if c.Since(&ns, 0); c.Reading() && c.Err() == nil {
			s.addOutlived(pair, ns)
		}
	})
	fields.Slice(c, &s.failures, func(f *failure) {
		fields.Number(c, &f.id)
		fields.Enum(c, &f.is.Cause, causeCount)
		fields.Enum(c, &f.is.By, analyze.Network+1)
		fields.Enum(c, &f.is.Confidence, High+1)
		f.is.observation.code(c, math.MinInt64)
	})
}

func (x *Unseen) code(c *fields.Coder) {
	for _, n := range []*int64{&x.Opaque, &x.Encrypted, &x.HTTP2, &x.OneDirection, &x.Lossy} {
		c.Count(n)
	}
}

// Vocabulary returns what the numbers stand for that are coded: a program in which that
// differs cannot read them.
func Vocabulary() string {
	var b strings.Builder
	for _, c := range AllCauses() {
		fmt.Fprintln(&b, c)
	}
	fmt.Fprintln(&b, neverUsed, observedOneDirection, AnomalyNoNotify, isKeptAfterError)
	for _, id := range products.All() {
		fmt.Fprintln(&b, id, uint8(id))
	}
	return b.String()
}
