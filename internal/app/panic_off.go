//go:build !viewpanic

package app

// forcePanic is where a test build can be made to panic while it reads.
func forcePanic(string) {}
