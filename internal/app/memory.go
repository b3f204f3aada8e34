package app

import (
	"os"
	"runtime"
	"runtime/debug"
)

// gcPercent keeps the heap close to what is in use: it is a few blocks and
// compact records without pointers, so collecting it often costs next to
// nothing.
const gcPercent = 25

// ballastSize is how much memory, in bytes, is allocated and never touched: it counts as
// heap for the collector, which so runs a few times less while the heap is small, and
// each time goes through megabytes of tables; but it takes no memory.
const ballastSize = 32 << 20

var ballast []byte

// LimitHeap sets how often the collector of this process runs, unless GOGC does.
func LimitHeap() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
		ballast = make([]byte, ballastSize)
	}
}

// limitHeapFurther makes the collector leave less room, in percent of the heap, while
// totals are computed at the end: the heap hardly grows any more then, and that room
// would be most of what is needed. The function that it returns collects once and goes
// back to gcPercent; what follows needs less than was freed.
func limitHeapFurther(percent int) (end func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	debug.SetGCPercent(percent)
	return func() {
		runtime.GC()
		debug.SetGCPercent(gcPercent)
	}
}
