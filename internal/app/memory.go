package app

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// gcPercent keeps the heap close to what is in use: it is a few blocks and
// compact records without pointers, so collecting it often costs next to
// nothing.
const gcPercent = 25

// smallGCPercent is for captures of up to smallCapture packets: with what most of them
// need the collector, which goes through megabytes of tables each time, never runs.
const (
	smallGCPercent = 400
	smallCapture   = 1 << 15
)

// ballastSize is how much memory, in bytes, is allocated and never touched: it counts as
// heap for the collector, which so runs a few times less while the heap is small; but it
// takes no memory.
const ballastSize = 32 << 20

var (
	limitsHeap bool   // LimitHeap was called, and GOGC does not say otherwise
	ballast    []byte // nil until settleHeap
)

// LimitHeap sets how often the collector of this process runs, unless GOGC does.
func LimitHeap() {
	if limitsHeap = os.Getenv("GOGC") == ""; limitsHeap {
		debug.SetGCPercent(smallGCPercent)
	}
}

// settleHeap is called when a capture turns out not to be small.
func settleHeap() {
	if limitsHeap && ballast == nil {
		ballast = make([]byte, ballastSize)
		debug.SetGCPercent(gcPercent)
	}
}

// limitHeapFurther makes the collector leave less room, in percent of the heap, while
// totals are computed at the end: the heap hardly grows any more then, and that room
// would be most of what is needed. The function that it returns collects once and goes
// back to gcPercent; what follows needs less than was freed. It does nothing where the
// heap is small.
func limitHeapFurther(percent int) (end func()) {
	if ballast == nil || collections() < 2 {
		return func() {}
	}
	debug.SetGCPercent(percent)
	return func() {
		if percent = debug.SetGCPercent(gcPercent); percent < gcPercent { // else it was called twice, and this is done
			runtime.GC()
		}
	}
}

// collections returns how often the collector has run: the first time is when the ballast
// is allocated.
func collections() uint64 {
	cycles := []metrics.Sample{{Name: "/gc/cycles/total:gc-cycles"}}
	metrics.Read(cycles)
	return cycles[0].Value.Uint64()
}
