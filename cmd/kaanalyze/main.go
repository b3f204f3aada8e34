package main

import (
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/kaanalyze/kaanalyze/internal/report/machine"
	"github.com/kaanalyze/kaanalyze/internal/report/text"
)

func main() {
	signal.Ignore(syscall.SIGPIPE) // a closed pipe is an error of the write
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// gcPercent keeps the heap close to what is in use: it is a few blocks and
// compact records without pointers, so collecting it often costs next to
// nothing.
const gcPercent = 25

// tightenMemory is for adding up, when the heap hardly grows any more: the room
// that the collector leaves would be most of what that needs. The function that
// it returns ends that: what follows takes less than adding up has given back.
func tightenMemory(percent int) (end func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	debug.SetGCPercent(percent)
	return func() {
		runtime.GC()
		debug.SetGCPercent(gcPercent)
	}
}

// The exit codes, as doc.go tells them.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitGate        = 3
	exitDamaged     = 4
	exitInterrupted = 130
)

// run is the program. Its answer is the exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	u := &ui{w: stderr}
	s, err := parse(args)
	if err != nil {
		return u.fail(err)
	}
	switch {
	case s.help:
		err = writeAll(stdout, usage())
	case s.version:
		err = writeAll(stdout, versionText())
	case s.schema:
		err = writeAll(stdout, string(machine.Schema()))
	case s.rules:
		err = text.WriteRules(stdout)
	case s.rule != nil:
		err = text.WriteRule(stdout, s.rule)
	case s.metrics:
		err = text.WriteMetrics(stdout)
	case s.completion != "":
		err = writeCompletion(stdout, s.completion)
	case s.list:
		err = listInterfaces(stdout)
	case s.live == nil && len(s.files) == 0 && isTerminal(stdin):
		u.say(usage())
		return exitUsage
	default:
		u.quiet, u.verbose = s.quiet, s.verbose
		return newJob(s, u, stdin, stdout).supervise()
	}
	if err != nil {
		return u.fail(err)
	}
	return exitOK
}
