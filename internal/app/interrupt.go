package app

import (
	"errors"
	"io"
	"sync/atomic"
	"time"
)

// What happens after the first signal. The reading ends, and the report of what was
// read follows, however long it takes to add up. Nothing that may never end is waited
// for: opening a capture or compiling a filter, a second reading for evidence, an output
// that nobody reads. A report that was being written as the signal came has its time,
// too.
const (
	// sameSignal is how long after the first signal another one is taken for the same:
	// timeout(1) and a terminal signal a program and its group.
	sameSignal = time.Second

	// blockedTime is how long what may never end goes on after a signal, and endTime when
	// the program ends though something does not.
	blockedTime = 1500 * time.Millisecond
	endTime     = 2 * time.Second
)

// errInterrupted is the end of what did not end in time after a signal.
var errInterrupted = errors.New("interrupted")

// phase is what a job is about.
type phase int32

const (
	phaseOpening phase = iota
	phaseReading
	phaseJudging // also what is read again for evidence
	phaseWriting
)

// An interruption tells the parts of a job that a signal has come. Its methods are safe
// for concurrent use, but signal, which one goroutine calls once.
type interruption struct {
	come    chan struct{} // closed when a signal comes
	over    chan struct{} // closed when outputs have had their time, too
	now     atomic.Int32  // the phase
	writing bool          // the signal came while the report was written
}

func newInterruption() *interruption {
	return &interruption{come: make(chan struct{}), over: make(chan struct{})}
}

// enter notes that a phase begins.
func (i *interruption) enter(p phase) { i.now.Store(int32(p)) }

// phase returns the phase of the job.
func (i *interruption) phase() phase { return phase(i.now.Load()) }

// signal tells all parts that a signal has come.
func (i *interruption) signal() {
	close(i.come)
	if i.writing = i.phase() == phaseWriting; i.writing {
		time.AfterFunc(blockedTime, func() { close(i.over) })
	}
}

// overdue returns why the job ends without what is under way, which should have ended
// by now; "" if it may go on.
func (i *interruption) overdue() string {
	switch p := i.phase(); {
	case p == phaseOpening:
		return "interrupted before anything was read"
	case p == phaseReading:
		return "interrupted, but reading did not stop: there is no report"
	case p == phaseWriting && i.writing:
		return "interrupted while the report was written: incomplete files are discarded"
	}
	return ""
}

// untilSignal runs f, and returns errInterrupted if it goes on for too long after a signal.
// It is left behind then, and its result is nobody's.
func untilSignal[T any](i *interruption, f func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		var r result
		r.value, r.err = f()
		done <- r
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-i.come:
	}
	late := time.NewTimer(blockedTime)
	defer late.Stop()
	var none T
	select {
	case r := <-done:
		return r.value, r.err
	case <-i.over:
	case <-late.C:
	}
	return none, errInterrupted
}

// An outputWriter writes to an output, and fails where that goes on for too long after a
// signal.
type outputWriter struct {
	w      io.Writer
	blocks bool // a write may wait for a reader
	i      *interruption
}

// Write implements [io.Writer]. After an error p may still be read.
func (o *outputWriter) Write(p []byte) (int, error) {
	select {
	case <-o.i.over:
		return 0, errInterrupted
	default:
	}
	if !o.blocks {
		return o.w.Write(p)
	}
	return untilSignal(o.i, func() (int, error) { return o.w.Write(p) })
}
