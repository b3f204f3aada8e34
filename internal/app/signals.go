package app

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Run does the job and answers signals meanwhile: the first SIGINT or SIGTERM ends
// the reading, the second one the program, SIGUSR1 asks for a status line and SIGUSR2
// for an interim report. With the view, SIGHUP ends the reading, too. The result is
// the exit code; what went wrong has been said.
func (j *Job) Run() int {
	defer j.stop()
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGUSR2)
	if j.s.TUI {
		signal.Notify(signals, syscall.SIGHUP)
	}
	defer signal.Stop(signals)

	done := make(chan error, 1)
	go func() { done <- j.do() }()
	for stopped := false; ; {
		select {
		case err := <-done:
			j.outs.discard()
			return j.exitCode(err)
		case s := <-signals:
			switch {
			case s == syscall.SIGUSR1:
				j.status()
			case s == syscall.SIGUSR2:
				go j.interim(time.Now())
			case !stopped:
				stopped = true
				j.stop()
			default:
				j.terminal.Lock() // until the view has left the terminal as it was
				j.outs.discard()
				return ExitInterrupted
			}
		}
	}
}

// exitCode returns the exit code for how the job ended, and says what went wrong.
func (j *Job) exitCode(err error) int {
	switch {
	case err == nil:
		return ExitOK
	case errors.Is(err, errStrict):
		j.ui.line("error", "%v", err)
		return ExitDamaged
	case errors.Is(err, errGate):
		return ExitGate
	}
	return j.ui.fail(err)
}

// status says how far the reading is.
func (j *Job) status() {
	src := j.source.get()
	if src == nil {
		j.ui.line("status", "nothing has been read yet")
		return
	}
	if j.ticker != nil {
		j.ticker.request()
		return
	}
	done, total := src.Progress()
	stats := src.Stats()
	j.ui.line("status", "%s of the input read, %s packets", percent(done, total), grouped(stats.Packets))
}
