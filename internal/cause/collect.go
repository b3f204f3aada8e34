package cause

import (
	"cmp"
	"slices"
	"sync"

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
	between *Between // nil without a second capture
}

// NewCollector returns an empty Collector. The rules run on that many workers at the
// end, or on one.
func NewCollector(workers int) *Collector { return &Collector{workers: max(1, workers)} }

// Add takes a connection that is final, and returns its judgement: with cause
// Undecided if only its group can tell. last is the time of the latest packet
// so far.
func (d *Collector) Add(c *analyze.Connection, last int64) NotReused {
	last = knownUntil(c, last)
	is, k := judge(c, last)
	r := newRecord(c, is, k, last)
	d.records.Put(&r)
	d.summary.add(c, last)
	d.summary.noteFailure(c, is, k)
	return is
}

// Bytes returns about how much memory it takes.
func (d *Collector) Bytes() int64 { return d.records.Bytes() + d.summary.anomalies.Bytes() }

// IDs returns those of the connections that it has taken, in any order.
func (d *Collector) IDs() []uint64 {
	ids := make([]uint64, 0, d.records.Len())
	d.records.Each(func(r *Record) { ids = append(ids, uint64(r.ID)) })
	return ids
}

// Workers returns how many goroutines it uses at the end.
func (d *Collector) Workers() int { return d.workers }

// Collect takes the connections of an analysis that keeps them, on that many
// goroutines, or on one.
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
				last := knownUntil(&c, r.Last)
				is, class := judge(&c, last)
				records[i] = newRecord(&c, is, class, last)
				d.byID[i] = &records[i]
				parts[k].add(&c, last)
				parts[k].noteFailure(&c, is, class)
			}
		})
	}
	jobs.Wait()
	for k := range parts {
		d.summary.join(&parts[k])
	}
	return d
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
