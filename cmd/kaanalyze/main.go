package main

import (
	_ "embed"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/kaanalyze/kaanalyze/internal/app"
)

func main() {
	signal.Ignore(syscall.SIGPIPE) // a closed pipe is an error of the write
	ownProcess = true
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// demoCapture is what --demo analyses: testdata/demo.pcap, a recording of the lab.
//
//go:embed demo.pcap
var demoCapture []byte

// run is the program. Its answer is the exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	c, err := parse(args)
	if err != nil {
		return app.Fail(stderr, err)
	}
	asked, err := c.extcap.answer(stdout)
	switch {
	case asked:
	case c.help:
		err = app.WriteText(stdout, usage())
	case c.version:
		err = app.WriteText(stdout, versionText())
	case c.schema:
		err = app.WriteSchema(stdout)
	case c.rules:
		err = app.WriteRules(stdout)
	case c.explain != nil:
		err = c.explain(stdout)
	case c.metrics:
		err = app.WriteMetrics(stdout)
	case c.completion != "":
		err = writeCompletion(stdout, c.completion)
	case c.interfaces:
		err = app.ListInterfaces(stdout)
	default:
		return analyze(c, stdin, stdout, stderr)
	}
	if err != nil {
		return app.Fail(stderr, err)
	}
	return app.ExitOK
}

// ownProcess says that the process runs the program once, and nothing else.
var ownProcess bool

// analyze reads packets and reports, and returns the exit code.
func analyze(c *commandLine, stdin io.Reader, stdout, stderr io.Writer) int {
	c.OwnProcess = ownProcess
	if ownProcess {
		c.EnvZone = os.Getenv("TZ")
		app.LimitHeap()
	}
	if c.Live.Piped {
		stdout = io.Discard
	}
	job, err := app.New(&c.Config, stdin, stdout, stderr)
	if errors.Is(err, app.ErrNoInput) {
		_, _ = io.WriteString(stderr, usage())
		return app.ExitUsage
	}
	if err != nil {
		return app.Fail(stderr, err)
	}
	return job.Run()
}
