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

// LimitHeap sets how often the collector of this process runs, unless GOGC does.
func LimitHeap() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}

// limitHeapFurther is for the adding up at the end, when the heap hardly grows
// any more: the room that the collector leaves would be most of what that needs.
// The function that it returns ends that: what follows takes less than adding up
// has given back.
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
