//go:build !linux

package app

import "os"

// inForeground would report whether a terminal sends its signals to the command, too.
func inForeground() bool { return IsTerminal(os.Stdin) }
