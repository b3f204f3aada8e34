package rules

import (
	"fmt"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// Outcome is what became of a request that was lost and sent again.
type Outcome uint8

// The outcomes.
const (
	Recovered     Outcome = iota // the second one was answered, and no more than one took effect
	ExecutedTwice                // the server may have executed both
	LostAgain                    // the second one was not answered either
)

// String returns the outcome as reports name it.
func (o Outcome) String() string {
	return [...]string{"recovered", "executed_twice", "lost_again"}[o]
}

// Words says what became of the request, after "sent again".
func (o Outcome) Words() string {
	return [...]string{"answered", "the server may have executed it twice", "lost again"}[o]
}

// Repeat is a request that failed, and was sent again on another connection.
type Repeat struct {
	analyze.Repeat
	Outcome Outcome
}

// AfterLoss returns how long after the loss it was sent again, in ns.
func (r *Repeat) AfterLoss() int64 { return r.At - r.LostAt }

// findRepeats finds the repeats of requests that failed.
func (v *view) findRepeats() {
	for _, r := range v.result.Repeats {
		lost := v.failedRecord(r.Lost)
		if lost == nil || v.Lost(lost).Failed == 0 || v.repeatByChance(&r) {
			continue
		}
		x := Repeat{r, Recovered}
		switch {
		case r.Status == 0 || v.failsAgain(&r):
			x.Outcome = LostAgain
		case !r.Method.Idempotent() && mayHaveTaken(lost.Cause):
			x.Outcome = ExecutedTwice
		}
		v.Repeats = append(v.Repeats, x)
	}
}

// failedRecord returns the record of a connection, with the reason of its failure if
// that is another than its cause; nil if it is not kept.
func (v *view) failedRecord(id uint64) *cause.Record {
	r := v.Record(id)
	if r == nil || !v.failedIDs[r.ID] {
		return r
	}
	for _, x := range v.failed[r.Pair] {
		if x.ID == r.ID {
			return x
		}
	}
	return r
}

// failsAgain reports whether the request that came again failed, too.
func (v *view) failsAgain(r *analyze.Repeat) bool {
	second := v.Record(r.Connection)
	return second != nil && second.Request == r.Packet && v.Lost(second).Failed > 0
}

// repeatByChance reports whether the client sends such requests so often that one more of
// them would have come that soon anyway.
func (v *view) repeatByChance(r *analyze.Repeat) bool {
	counted := min(analyze.RepeatWithin, v.result.Last-r.LostAt)
	return r.More > 0 && (r.At-r.LostAt)*int64(r.More+1) > counted/chanceRepeat
}

// mayHaveTaken reports whether the server's program may have read a request that failed
// for that reason: its kernel refuses what comes after the close.
func mayHaveTaken(why cause.Cause) bool {
	switch why {
	case cause.StaleRace, cause.UsedAfterClose, cause.HalfOpenPeer, cause.AcceptQueueFull:
		return false
	}
	return true
}

// tellRepeats adds to the title of a finding how many of the requests that failed were
// sent again, and what became of these.
func (v *view) tellRepeats(f *Finding) {
	if f.Failed == 0 || len(v.Repeats) == 0 {
		return
	}
	shows := f.Shows()
	var n [LostAgain + 1]int64
	for i := range v.Repeats {
		if r := &v.Repeats[i]; shows(r.Lost) {
			n[r.Outcome]++
		}
	}
	if n[Recovered] > 0 {
		f.Title += fmt.Sprintf("; %s of %s came again on another connection within 1 s and got an answer", cause.Count(n[Recovered]), cause.Count(f.Failed))
	}
	if n[LostAgain] > 0 {
		f.Title += fmt.Sprintf("; %s came again and failed again", cause.Count(n[LostAgain]))
	}
}

// RepeatsOf returns the repeats of what was lost on the connection with that ID, or came
// again there.
func (d *Diagnosis) RepeatsOf(id uint64) (list []Repeat) {
	for _, r := range d.Repeats {
		if r.Lost == id || r.Connection == id {
			list = append(list, r)
		}
	}
	return list
}
