package cause

import (
	"cmp"
	"math"
	"slices"
	"sync"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/compact"
)

// Collector takes the connections of one analysis. It is not safe for
// concurrent use.
type Collector struct {
	records compact.Vault[Record]
	byID    []*Record // all of them, once the analysis is over
	summary Summary
	workers int
}

// Summary are sums over connections that only some rules look at.
type Summary struct {
	Midstream, OneDirection, Lossy, WithRequests, WithMessages int64

	Opaque           int64 // connections whose requests cannot be read
	Encrypted, HTTP2 int64 // of these

	anomalies compact.Vault[Anomaly]
}

// Anomaly is a connection with something unusual besides its cause.
type Anomaly struct {
	ID       uint32
	Kind     AnomalyKind
	By       analyze.Party
	Duration int64 // ns
	Packet   uint64
}

// AnomalyKind is the unusual thing.
type AnomalyKind uint8

const (
	AnomalyChallenged AnomalyKind = iota // the SYN was answered by a bare ACK
	AnomalyRecycled                      // a TIME_WAIT was taken over
	AnomalyStall                         // a closed window
	Anomaly408                           // a 408 without a request
	AnomalyProbes                        // keep-alive probes; d is the idle time before the first
	AnomalyProbing                       // keep-alive probes in a row; d is the time between them
	AnomalyCloseWait                     // the server closed, the client did not; d is since when
	AnomalyFINWait2                      // the client closed, the server did not
	AnomalyStarved                       // data acknowledged, never answered
	AnomalyLateOpen                      // the handshake took d, for a SYN was sent again
)

// NewCollector returns an empty Collector, which uses so many goroutines at the
// end.
func NewCollector(workers int) *Collector { return &Collector{workers: max(1, workers)} }

// Add takes a connection that is final, and returns its judgement: with cause
// Undecided if only its group can tell. last is the time of the latest packet
// so far.
func (d *Collector) Add(c *analyze.Connection, last int64) NotReused {
	var r Record
	is := d.summary.add(&r, c, last)
	d.records.Put(&r)
	return is
}

// Workers returns how many goroutines it uses at the end.
func (d *Collector) Workers() int { return d.workers }

// Collect takes the connections of an analysis that keeps them, with so many
// goroutines.
func Collect(r *analyze.Result, workers int) *Collector {
	n := r.Len()
	d := NewCollector(workers)
	records := make([]Record, n)
	d.byID = make([]*Record, n)
	parts := make([]Summary, d.workers)
	var jobs sync.WaitGroup
	for k := range parts {
		jobs.Go(func() {
			var c analyze.Connection
			for i := n * k / len(parts); i < n*(k+1)/len(parts); i++ {
				r.Connection(i, &c)
				d.byID[i] = &records[i]
				parts[k].add(d.byID[i], &c, r.Last)
			}
		})
	}
	jobs.Wait()
	for k := range parts {
		d.summary.join(&parts[k])
	}
	return d
}

// add fills r with c, and adds it up.
func (t *Summary) add(r *Record, c *analyze.Connection, last int64) NotReused {
	is, k := judge(c, last)
	e := &c.Evidence
	end := endingOf(e)
	*r = Record{
		ID: uint32(c.ID), Stream: NoStream, observation: is.observation, class: k, Cause: is.Cause, By: is.By, Confidence: is.Confidence, TimeWait: c.Close.TimeWait,
		Pair: e.Pair, Port: c.Client.Port(), idleOthers: uint16(min(e.IdleOthers, 1<<16-1)), idleBefore: uint16(min(e.IdleBefore, 1<<16-1)),
		Requests: uint32(max(c.Requests, 0)), Start: c.Start, Ended: end.at, Packet: end.packet, Done: e.LastDone,
		Asked: e.Request.Packet, times: [2]int64{e.Request.At, e.FirstByteAt},
		connect: uint32(min((max(c.ConnectTime, 0)+999)/1e3, math.MaxUint32)),
	}
	for _, x := range [...]struct {
		is   bool
		fact recordFlags
	}{
		{e.LastHadBody, isBodied},
		{end.rst, isReset},
		{end.by == analyze.Nobody, isOpen},
		{c.Close.Kind == flows.CloseHalf && last-end.at >= LongHalfClosed, isHalf},
		{e.SurvivedSameIdle, isOutlived},
	} {
		if x.is {
			r.flags |= x.fact
		}
	}
	if c.Stream != analyze.Unknown {
		r.Stream = uint32(c.Stream)
	}
	if k == saidInResponse {
		r.times = [2]int64{e.EndMark.At, e.PreviousDone}
	}
	if e.EndReason != analyze.NotEnded {
		r.Packet = e.EndMark.Packet
	}
	t.noteAnomalies(c, e, last)
	return is
}

// noteAnomalies notes what is unusual besides the cause.
func (t *Summary) noteAnomalies(c *analyze.Connection, e *analyze.Evidence, last int64) {
	mark := func(what AnomalyKind, by analyze.Party, ns int64, packet uint64) {
		t.anomalies.Put(&Anomaly{uint32(c.ID), what, by, ns, packet})
	}
	if c.Midstream {
		t.Midstream++
	}
	if c.Requests > 0 {
		t.WithRequests++
	}
	if c.Requests > 0 || c.Responses > 0 {
		t.WithMessages++
	}
	if c.HTTPUnknown {
		t.Opaque++
		switch c.Protocol {
		case analyze.TLS:
			t.Encrypted++
		case analyze.H2C:
			t.HTTP2++
		}
	}
	unopened := c.Handshake == flows.HandshakeUnanswered || c.Handshake == flows.HandshakeIncomplete && e.SYNACKRetransmissions > 0
	if (c.PacketsClient == 0) != (c.PacketsServer == 0) && !unopened {
		t.OneDirection++
	}
	if missing := c.MissingClient + c.MissingServer; missing*20 > missing+c.BytesClient+c.BytesServer {
		t.Lossy++
	}
	if e.Challenged {
		mark(AnomalyChallenged, analyze.Server, c.ConnectTime, 0)
	}
	if c.ConnectTime >= minLateOpen && c.Handshake == flows.HandshakeComplete && !e.Challenged && c.SYNRetransmissions+e.SYNACKRetransmissions > 0 {
		mark(AnomalyLateOpen, analyze.Server, c.ConnectTime, 0)
	}
	if e.Recycled != analyze.Nobody {
		mark(AnomalyRecycled, e.Recycled, 0, 0)
	}
	if e.Stall >= minStall {
		mark(AnomalyStall, e.StallBy, e.Stall, 0)
	}
	if e.Idle408 {
		mark(Anomaly408, analyze.Server, 0, 0)
	}
	t.noteHalfClosed(c, e, last, mark)
}

func (t *Summary) noteHalfClosed(c *analyze.Connection, e *analyze.Evidence, last int64, mark func(AnomalyKind, analyze.Party, int64, uint64)) {
	for _, x := range [...]struct {
		by analyze.Party
		*analyze.Probes
	}{{analyze.Client, &c.ClientProbes}, {analyze.Server, &c.ServerProbes}} {
		if x.Sent > 0 && x.Idle != analyze.Unknown {
			mark(AnomalyProbes, x.by, x.Idle, 0)
		}
		if x.Sent > 1 && x.Interval != analyze.Unknown {
			mark(AnomalyProbing, x.by, x.Interval, 0)
		}
	}
	until := last
	if end := endingOf(e); end.by != analyze.Nobody {
		until = end.at
	}
	if e.Outstanding > 0 && !e.ResponseBegun && c.BytesServer == 0 && !e.UnackedClient && !e.ServerFIN.OK() && until-e.Request.At >= minStarved {
		mark(AnomalyStarved, analyze.Server, until-e.Request.At, e.Request.Packet)
	}
	if e.ClientRST.OK() || e.ServerRST.OK() || c.Midstream || c.PacketsClient == 0 || c.PacketsServer == 0 {
		return
	}
	switch {
	case e.ServerFIN.OK() && !e.ClientFIN.OK() && !e.UnackedServer && !c.Close.Inferred && c.MissingClient == 0:
		mark(AnomalyCloseWait, analyze.Client, last-e.ServerFIN.At, e.ServerFIN.Packet)
	case e.ClientFIN.OK() && !e.ServerFIN.OK() && !e.UnackedClient && !c.Close.Inferred && c.MissingServer == 0:
		mark(AnomalyFINWait2, analyze.Server, last-e.ClientFIN.At, e.ClientFIN.Packet)
	}
}

// join adds what other sums up.
func (t *Summary) join(other *Summary) {
	t.Midstream += other.Midstream
	t.OneDirection += other.OneDirection
	t.Opaque += other.Opaque
	t.Encrypted += other.Encrypted
	t.HTTP2 += other.HTTP2
	t.Lossy += other.Lossy
	t.WithRequests += other.WithRequests
	t.WithMessages += other.WithMessages
	other.anomalies.Drain(func(m *Anomaly) { t.anomalies.Put(m) })
}

// sort puts the records in order of ID.
func (d *Collector) sort() {
	d.byID = make([]*Record, 0, d.records.Len())
	var room []Record
	d.records.Drain(func(r *Record) {
		if len(room) == 0 {
			room = make([]Record, 1<<10)
		}
		room[0] = *r
		d.byID = append(d.byID, &room[0])
		room = room[1:]
	})
	slices.SortFunc(d.byID, ByID)
}

// find returns the record of a connection. Where all are kept it is at the
// place that its ID says.
func (d *Collector) find(id uint64) *Record {
	if i := id - 1; i < uint64(len(d.byID)) && uint64(d.byID[i].ID) == id {
		return d.byID[i]
	}
	i, ok := slices.BinarySearchFunc(d.byID, id, func(r *Record, id uint64) int { return cmp.Compare(uint64(r.ID), id) })
	if !ok {
		return nil
	}
	return d.byID[i]
}
