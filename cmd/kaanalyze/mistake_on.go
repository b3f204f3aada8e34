//go:build viewpanic

package main

import (
	"os"
	"time"
)

// mistake panics a second after the reading began if the environment asks for
// it, so that a test sees what becomes of the terminal.
func mistake() {
	if os.Getenv("KAANALYZE_PANIC") == "reading" {
		time.Sleep(time.Second)
		panic("forced by the test build")
	}
}
