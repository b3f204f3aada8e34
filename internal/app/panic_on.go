//go:build viewpanic

package app

import (
	"os"
	"time"
)

// forcePanic panics a second after something began if the environment names it, so
// that a test sees what becomes of the terminal.
func forcePanic(where string) {
	if os.Getenv("KAANALYZE_PANIC") == where {
		time.Sleep(time.Second)
		panic("forced by the test build")
	}
}
