//go:build viewpanic

package live

// mistake panics when ! is pressed, so that a test sees what becomes of the
// terminal.
func mistake(key string) {
	if key == "!" {
		panic("forced by the test build")
	}
}
