package app

import (
	"errors"
	"slices"
	"time"

	"github.com/kaanalyze/kaanalyze/capture"
)

// --follow reads a file that grows, as a live capture is read: in bounded memory, until it
// is told to stop. A pipe ends when its writer ends it.

// goesOn reports whether a capture is read that another program makes meanwhile, or this
// one does, and that is followed as it is made: connections are kept in bounded memory.
func (s *settings) goesOn() bool { return s.live != nil || s.Follow }

// goesOnOnly are the flags that --follow takes beside a live capture.
var goesOnOnly = []string{"duration", "interval", "keep"}

// checkFollow checks --follow.
func (s *settings) checkFollow() error {
	if !s.Follow {
		return nil
	}
	for _, x := range []struct {
		given bool
		flag  string
	}{
		{s.live != nil, "-i"}, {s.Demo != nil, "--demo"}, {s.Each, "--each"}, {s.SHA256, "--sha256"},
	} {
		if x.given {
			return usagef("--follow and %s exclude each other: --follow is for one file that grows", x.flag)
		}
	}
	switch {
	case len(s.files) > 1:
		return &UsageError{
			errors.New("--follow is for one capture"), "name the file that is written now, or the first of those that tcpdump -C or -G has written: it goes on in the next",
		}
	case s.Since != "" || s.Until != "":
		return &UsageError{errors.New("--since and --until are for files that are whole"), "--duration ends --follow"}
	case s.Exchanges || s.Conn != 0:
		return &UsageError{errors.New("--exchanges and --conn are for files that are whole"), "read the file again, without --follow"}
	case s.Evidence != "":
		return &UsageError{errors.New("--evidence needs a capture that is whole"), "read the file again, without --follow"}
	case s.Live.Duration < 0 || s.Live.Interval < 0:
		return usagef("a time below zero")
	case s.Live.Keep < 1 || s.Live.Keep > mostKeep:
		return usagef("--keep %d: it is not from 1 to %d", s.Live.Keep, mostKeep)
	}
	return nil
}

// mayGoOn reports whether a flag of live captures may be given.
func (s *settings) mayGoOn(flag string) bool { return s.Follow && slices.Contains(goesOnOnly, flag) }

// followPace is how often the end of a file is looked at.
const followPace = 50 * time.Millisecond

// following returns how a file is followed, nil if none is: until the job is told to stop,
// or its time is over.
func (j *Job) following() *capture.Follow {
	if !j.s.Follow {
		return nil
	}
	over := make(chan struct{})
	late := make(<-chan time.Time)
	if d := j.s.Live.Duration; d > 0 {
		late = time.After(d)
	}
	go func() {
		select {
		case <-j.ctx.Done():
		case <-late:
		}
		close(over)
	}()
	return &capture.Follow{Done: over, Again: time.NewTicker(followPace).C}
}
