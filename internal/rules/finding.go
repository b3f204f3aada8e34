package rules

import (
	"iter"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

// Finding is a rule that fired for one subject.
type Finding struct {
	Rule       *Rule
	Severity   Severity
	Confidence cause.Confidence // the greatest of its connections
	Title      string           // what is wrong, with its numbers
	Subject    string           // the server, the client and server, or the host
	Observed   string           // what the capture shows of the first example

	products.Advice // what to change, in the words of the program that has to

	Connections int64 // that show it
	Failed      int64 // requests, as [cause.Lost] has them
	Unopened    int64 // connections that never opened, which is what it is about
	Saves       Saving
	Examples    []Example

	subject subject
	records [][]*cause.Record // that show it; nil if they are not kept
	brief   string            // for the verdict; Title if empty

}

// tellEstimated says so where what the rule looks at are requests that are estimated.
func (f *Finding) tellEstimated() {
	if f.Rule.Needs&HTTP == 0 {
		return
	}
	for _, records := range f.records {
		if slices.ContainsFunc(records, (*cause.Record).Estimated) {
			f.Title += "; requests are estimated"
			if f.brief != "" {
				f.brief += " (estimated)"
			}
			return
		}
	}
}

// shown returns the connections that show f, in order of ID.
func (f *Finding) shown() []*cause.Record {
	if len(f.records) == 1 {
		return f.records[0]
	}
	all := slices.Concat(f.records...)
	slices.SortFunc(all, cause.ByID)
	return all
}

// Shows returns what tells whether the connection with some ID shows f. Of a
// finding whose connections are not kept only the examples do.
func (f *Finding) Shows() func(id uint64) bool {
	ids := map[uint64]bool{}
	for id := range f.IDs() {
		ids[id] = true
	}
	return func(id uint64) bool { return ids[id] }
}

// IDs yields those of the connections that show f, in any order, some of them twice. Of a
// finding whose connections are not kept these are the examples.
func (f *Finding) IDs() iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		for _, records := range f.records {
			for _, r := range records {
				if !yield(uint64(r.ID)) {
					return
				}
			}
		}
		for i := range f.Examples {
			if !yield(f.Examples[i].Connection) {
				return
			}
		}
	}
}

// Example is a connection that shows a finding.
type Example struct {
	Connection uint64   // its ID
	Stream     int64    // Wireshark's tcp.stream; analyze.Unknown if the capture was filtered
	Packets    []uint64 // that show it, ascending
	Filter     string   // a Wireshark display filter
	Observed   string   // what the capture shows of its end
}

// Severity is how much a finding matters.
type Severity uint8

// The severities.
const (
	Info    Severity = iota // low: worth knowing
	Notable                 // medium
	Grave                   // high
)

// String returns the severity as reports name it.
func (s Severity) String() string { return [...]string{"low", "medium", "high"}[s] }

// Saving is what fixing a finding would spare of this capture.
type Saving struct {
	Connections int64 // that a perfect pool would not have opened
	TimeWait    int64 // closes that leave TIME_WAIT
}

// subject is who a finding is about.
type subject struct {
	server *cause.Server
	pair   *cause.Pair
	host   string
}

// name returns the subject in words.
func (s *subject) name() string {
	switch {
	case s.pair != nil:
		return s.pair.Title()
	case s.server != nil:
		return s.server.Name
	}
	return s.host
}
