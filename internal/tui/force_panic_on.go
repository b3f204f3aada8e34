//go:build viewpanic

package tui

// forcePanic panics when ! is pressed, so that a test sees what becomes of the
// terminal.
func forcePanic(key string) {
	if key == "!" {
		panic("forced by the test build")
	}
}
