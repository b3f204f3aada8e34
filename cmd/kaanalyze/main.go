package main

import (
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/kaanalyze/kaanalyze/internal/report"
)

func main() {
	signal.Ignore(syscall.SIGPIPE) // a closed pipe is an error of the write
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// The exit codes, as doc.go tells them.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
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
		err = writeAll(stdout, string(report.Schema()))
	case len(s.files) == 0 && isTerminal(stdin):
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
