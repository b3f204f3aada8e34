package app

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Run does the job and answers signals meanwhile: the first SIGINT, SIGTERM, SIGHUP or
// SIGQUIT ends the reading, one that comes a second later or more the program, SIGUSR1
// asks for a status line and SIGUSR2 for an interim report. The result is the exit code;
// what went wrong has been said.
func (j *Job) Run() int {
	defer j.stop()
	if j.each != nil {
		return j.runEach()
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2)
	if j.s.TUI || !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		signal.Notify(signals, syscall.SIGHUP)
	}
	defer signal.Stop(signals)

	done := make(chan error, 1)
	go func() { done <- j.do() }()
	var stopped time.Time // zero before the first signal
	var end <-chan time.Time
	for {
		select {
		case <-end:
			if why := j.interruption.overdue(); why != "" {
				j.ui.line("error", "%s", why)
				return j.abandon()
			}
		case err := <-done:
			j.outs.discard()
			return j.command.Load().exitCode(j.exitCode(err))
		case s := <-signals:
			if s != syscall.SIGUSR1 && s != syscall.SIGUSR2 {
				j.command.Load().signal(s)
			}
			switch {
			case s == syscall.SIGUSR1:
				j.status()
			case s == syscall.SIGUSR2:
				go j.interim(time.Now())
			case stopped.IsZero():
				stopped, end = time.Now(), time.After(endTime)
				j.interruption.signal()
				j.stop()
			case time.Since(stopped) >= sameSignal:
				return j.abandon()
			}
		}
	}
}

// abandon ends the job without what is under way, and returns the exit code.
func (j *Job) abandon() int {
	j.terminal.Lock() // until the view has left the terminal as it was
	j.outs.discard()
	return ExitInterrupted
}

// exitCode returns the exit code for how the job ended, and says what went wrong.
func (j *Job) exitCode(err error) int {
	switch {
	case err == nil:
		return ExitOK
	case errors.Is(err, errStrict), errors.Is(err, errClock):
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
