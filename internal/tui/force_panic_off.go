//go:build !viewpanic

package tui

// forcePanic is where a test build can be made to panic.
func forcePanic(string) {}
