//go:build !cgo

package app

// onAllThreads calls f, whose psx calls reach all threads: Go's own do.
func onAllThreads(f func() error) error { return f() }
