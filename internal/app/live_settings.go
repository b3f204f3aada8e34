package app

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/kaanalyze/kaanalyze/capture"
)

// liveOnly are the flags that only a live capture takes.
var liveOnly = []string{"duration", "snapshot-length", "buffer-size", "no-promiscuous-mode", "capture-engine", "write", "rotate-seconds",
	"rotate-size", "rotate-count", "relinquish-privileges", "interval", "keep", "exec"}

// setLive reads the flags of a live capture.
func (s *settings) setLive() error {
	l := &s.Live
	if len(l.Interfaces) == 0 {
		for _, name := range liveOnly {
			if s.given(name) && !s.mayGoOn(name) {
				return usagef("--%s is for live capture, with -i%s", name, orFollow(name))
			}
		}
		return nil
	}
	if err := s.checkLiveAlone(); err != nil {
		return err
	}
	if err := errors.Join(l.checkInterfaces(), l.check()); err != nil {
		return err
	}
	s.live = &liveSettings{
		device: capture.Device{
			Name: l.Interfaces[0], Others: append([]string(nil), l.Interfaces[1:]...), SnapLen: l.SnapLen, Buffer: l.BufferKiB << 10, NoPromiscuous: l.NoPromiscuous,
			Engine: capture.Engine(l.Engine),
			Now:    func() int64 { return time.Now().UnixNano() },
			Pause:  func(nanos int64) { time.Sleep(time.Duration(nanos)) },
		},
		duration: l.Duration, user: l.User,
		saving: capture.Saving{
			Name: l.Write, Count: l.RotateCount,
			Every: time.Duration(l.RotateSeconds) * time.Second, Size: int64(l.RotateSize) * 1e6,
		},
	}
	if err := errors.Join(s.checkSavedName(), s.checkExec()); err != nil {
		return err
	}
	return s.live.checkRotation()
}

// orFollow names --follow where that takes a flag, too.
func orFollow(flag string) string {
	if slices.Contains(goesOnOnly, flag) {
		return ", and for --follow"
	}
	return ""
}

// checkLiveAlone refuses what a live capture excludes.
func (s *settings) checkLiveAlone() error {
	switch {
	case len(s.Read) > 0:
		return usagef("-i and -r exclude each other")
	case s.Demo != nil:
		return usagef("-i and --demo exclude each other")
	case len(s.Words) > 0 && (s.Words[0] == "-" || looksLikeFile(s.Words[0]) && exists(s.Words[0])):
		return usagef("-i and the file %s exclude each other", printable(s.Words[0]))
	case s.Since != "" || s.Until != "":
		return &UsageError{errors.New("--since and --until are for files"), "--duration ends a live capture"}
	case s.Exchanges || s.Conn != 0:
		return &UsageError{errors.New("--exchanges and --conn are for files"), "save the packets with -w, and read that file"}
	}
	return nil
}

// The shortest and the longest window.
const (
	leastWindow = 2 * time.Second
	mostWindow  = 24 * time.Hour
)

// checkWindow checks --window.
func (s *settings) checkWindow() error {
	switch w := s.Live.Window; {
	case w == 0 && !s.given("window"):
		return nil
	case w < leastWindow || w > mostWindow:
		return usagef("--window %v: it is not from %v to %v", w, leastWindow, mostWindow)
	case len(s.Live.Interfaces) == 0 && !s.Follow && !s.listen.IsValid():
		return &UsageError{
			errors.New("--window is for live capture, with -i, for --follow and for --listen"), "--since and --until narrow the report of a file to a part of it",
		}
	}
	return nil
}

// mostInterfaces bounds how many interfaces are one capture: each has a buffer and a thread.
const mostInterfaces = 64

// checkInterfaces refuses names that are not those of different interfaces.
func (l *Live) checkInterfaces() error {
	if n := len(l.Interfaces); n > mostInterfaces {
		return &UsageError{fmt.Errorf("-i %d times: it is %d times at most", n, mostInterfaces), "-i any captures from all"}
	}
	for i, name := range l.Interfaces {
		switch {
		case name == "":
			return usagef("-i \"\": it is no interface")
		case slices.Contains(l.Interfaces[:i], name):
			return usagef("-i %s is given twice", printable(name))
		case name == anyInterface && len(l.Interfaces) > 1:
			return &UsageError{errors.New("-i any is all interfaces, so no other can be given with it"), "give -i any alone, or name the interfaces without it"}
		}
	}
	return nil
}

// anyInterface is the name of all interfaces together.
const anyInterface = "any"

// names returns the interfaces, as people are told them.
func (l *liveSettings) names() string {
	list := []string{printable(l.device.Name)}
	for _, name := range l.device.Others {
		list = append(list, printable(name))
	}
	if n := len(list); n > 1 {
		return strings.Join(list[:n-1], ", ") + " and " + list[n-1]
	}
	return list[0]
}

// mostKeep bounds --keep.
const mostKeep = 10_000_000

// check refuses values that no capture can have.
func (l *Live) check() error {
	switch {
	case l.Keep < 1 || l.Keep > mostKeep:
		return usagef("--keep %d: it is not from 1 to %d", l.Keep, mostKeep)
	case l.Duration < 0 || l.Interval < 0:
		return usagef("a time below zero")
	case l.SnapLen < 0 || l.SnapLen > capture.MaxSnapLen:
		return usagef("-s %d: it is not from 0 to %d", l.SnapLen, capture.MaxSnapLen)
	case l.Engine != "" && l.Engine != string(capture.EnginePcap) && l.Engine != string(capture.EngineRing):
		return usagef("--capture-engine %s: it is neither pcap nor ring", printable(l.Engine))
	case l.BufferKiB < 1 || l.BufferKiB > 1<<21-1:
		return usagef("-B %d: it is not from 1 to %d KiB", l.BufferKiB, 1<<21-1)
	}
	return nil
}

// checkSavedName checks where the packets are saved, and that what rotates can.
func (s *settings) checkSavedName() error {
	v := &s.live.saving
	rotates := s.given("rotate-seconds") || s.given("rotate-size") || s.given("rotate-count")
	switch {
	case v.Name == "" && rotates:
		return usagef("-G, -C and -W are about the files of -w")
	case s.given("rotate-seconds") && v.Every <= 0, s.given("rotate-size") && v.Size <= 0, s.given("rotate-count") && v.Count <= 0:
		return usagef("-G, -C and -W need a number above 0")
	case v.Count > 0 && v.Every == 0 && v.Size == 0:
		return usagef("-W needs -G or -C")
	case v.Name == "-" && rotates:
		return usagef("-w - is one file: -G, -C and -W need another name")
	case v.Name == "-" && (s.JSON || s.given("format")):
		return usagef("-w - and the report cannot both go to standard output: name a file with -o")
	case v.Name == "-" && len(s.outputs) == 0:
		return &UsageError{errors.New("-w - takes the place of the report on standard output"), "name a file for the report, as in -o report.txt"}
	}
	return nil
}

// timeWord finds the words of strftime in a file name.
var timeWord = regexp.MustCompile(`%[^%]`)

// checkRotation checks that files that begin anew after some time have names of
// their own.
func (l *liveSettings) checkRotation() error {
	v := &l.saving
	if v.Every <= 0 {
		return nil
	}
	if _, err := capture.TimeName(v.Name, time.Now()); err != nil {
		return usagef("-w: %w", err)
	}
	if !timeWord.MatchString(v.Name) && v.Count != 1 {
		return usagef("-G would overwrite %s again and again: it needs the time in its name, as in trace-%%H%%M%%S.pcap", printable(v.Name))
	}
	return nil
}

// defaultFilter is the filter of a live capture that has none: other packets
// would only cost time.
const defaultFilter = "tcp"
