package app

// How the program speaks: standard output carries the report and nothing else; the
// lines of this file go to standard error. A line is
//
//	kaanalyze: error: open capture "a.pcap": permission denied
//	kaanalyze: hint: what to do about it
//
// or a warning: the report is there, but something is missing in it. Lines are
// lower case without a full stop. What comes from files, packets or the command
// line is quoted as Go does it where it is not plainly printable.

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/kaanalyze/kaanalyze/capture"
)

// A UsageError is a wrong command line. The hint may be empty.
type UsageError struct {
	Err  error
	Hint string // what to write instead
}

func (e *UsageError) Error() string { return e.Err.Error() }

// Unwrap returns the error without the hint.
func (e *UsageError) Unwrap() error { return e.Err }

func usagef(format string, args ...any) error {
	return &UsageError{Err: fmt.Errorf(format, args...)}
}

// A hintError is an error of something else than the command line, with what to do about
// it.
type hintError struct {
	err  error
	hint string
}

func (e *hintError) Error() string { return e.err.Error() }
func (e *hintError) Unwrap() error { return e.err }

// ui writes to standard error, from any goroutine.
type ui struct {
	quiet, verbose bool

	about string // what the lines are about where they do not say so, "" for all

	mu  sync.Mutex
	w   io.Writer
	bar *progressbar.ProgressBar // drawn below the lines, or nil

	status string // the status of a live capture, drawn below the lines, or ""

	held  bool // lines wait in later, because the view has the terminal
	later []byte
}

// hold keeps lines back until release, which writes them.
func (u *ui) hold() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.held = true
}

func (u *ui) release() {
	u.mu.Lock()
	defer u.mu.Unlock()
	_, _ = u.w.Write(u.later)
	u.held, u.later = false, nil
}

// say writes text as it is. An error of standard error is ignored: there is nowhere to
// tell it.
func (u *ui) say(text string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.held {
		u.later = append(u.later, text...)
		return
	}
	if u.bar != nil {
		_ = u.bar.Clear()
	}
	if u.status != "" {
		text = clearLine + text + u.status
	}
	_, _ = io.WriteString(u.w, text)
}

// clearLine empties the line of a terminal in which the cursor is.
const clearLine = "\r\x1b[K"

// show draws the status of a live capture in the place of the one before, cut to the
// width of the terminal. "" removes it.
func (u *ui) show(status string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if status == "" && u.status == "" {
		return
	}
	if w := width(u.w); w > 0 && len(status) >= w {
		status = status[:w-1]
	}
	u.status = status
	_, _ = io.WriteString(u.w, clearLine+status)
}

// line writes a line of that kind.
func (u *ui) line(kind, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if u.about != "" && kind != "hint" && !strings.Contains(text, u.about) {
		text = u.about + ": " + text
	}
	u.say("kaanalyze: " + kind + ": " + text + "\n")
}

// warn says that something is missing in the report.
func (u *ui) warn(format string, args ...any) {
	if !u.quiet {
		u.line("warning", format, args...)
	}
}

// note says what was done, to a person at a terminal.
func (u *ui) note(format string, args ...any) {
	if !u.quiet {
		u.say("kaanalyze: " + fmt.Sprintf(format, args...) + "\n")
	}
}

// inform says what is done, with --verbose.
func (u *ui) inform(format string, args ...any) {
	if u.verbose {
		u.line("info", format, args...)
	}
}

// The exit codes, as the manual of the command tells them.
const (
	ExitOK          = 0
	ExitFailed      = 1
	ExitUsage       = 2
	ExitGate        = 3
	ExitDamaged     = 4
	ExitInterrupted = 130
)

// Fail tells w what went wrong, and returns the exit code for it.
func Fail(w io.Writer, err error) int { return (&ui{w: w}).fail(err) }

// fail says what went wrong and returns the exit code for it. A closed pipe is
// not worth a line: its reader has seen enough.
func (u *ui) fail(err error) int {
	if errors.Is(err, syscall.EPIPE) {
		return ExitFailed
	}
	u.line("error", "%s", printableError(err))
	code, hint := ExitFailed, ""
	var usage *UsageError
	var hinted *hintError
	var filter *capture.FilterError
	switch {
	case errors.As(err, &usage):
		code, hint = ExitUsage, usage.Hint
	case errors.As(err, &hinted):
		hint = hinted.hint
	case errors.Is(err, capture.ErrNoLibpcap):
		code = ExitUsage
		hint = "build with cgo, a C compiler and libpcap-dev; or filter before: tcpdump -r FILE -w - FILTER | kaanalyze"
	case errors.As(err, &filter):
		code, hint = ExitUsage, "a filter is written as for tcpdump; see pcap-filter(7)"
	}
	if hint != "" {
		u.line("hint", "%s", hint)
	}
	return code
}

// progress draws a bar while a reading that takes more than a second lasts.
// The function that it returns ends the bar.
func (u *ui) progress(read func() (done, total int64)) (end func()) {
	const patience, pace = time.Second, 200 * time.Millisecond
	_, total := read()
	bar := u.newBar(total) // its clock starts with the reading
	ended, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		for wait := patience; ; wait = pace {
			select {
			case <-ended:
				u.clear()
				return
			case <-time.After(wait):
				done, _ := read()
				u.draw(bar, done)
			}
		}
	}()
	return func() {
		close(ended)
		<-gone
	}
}

// newBar returns a bar that is not drawn yet. If the total is not known it is a
// spinner.
func (u *ui) newBar(total int64) *progressbar.ProgressBar {
	if total <= 0 {
		total = -1
	}
	bar := progressbar.NewOptions64(total, progressbar.OptionSetWriter(u.w), progressbar.OptionShowBytes(true),
		progressbar.OptionSetDescription("reading"), progressbar.OptionSetWidth(30), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetPredictTime(total > 0))
	bar.Reset() // starts its clock
	return bar
}

func (u *ui) draw(bar *progressbar.ProgressBar, done int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.bar = bar
	_ = bar.Set64(done)
}

// clear removes the bar.
func (u *ui) clear() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.bar != nil {
		_ = u.bar.Clear()
		u.bar = nil
	}
}

// IsTerminal reports whether a stream is a terminal.
func IsTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// width returns the columns of a terminal, 0 if stream is none.
func width(stream any) int {
	w, _ := size(stream)
	return w
}

// size returns the columns and lines of a terminal, 0 if stream is none.
func size(stream any) (width, height int) {
	if f, ok := stream.(*os.File); ok {
		if w, h, err := term.GetSize(int(f.Fd())); err == nil {
			return w, h
		}
	}
	return 0, 0
}

// printable returns text as it is, or quoted if a terminal might not show it so.
func printable(text string) string {
	if quoted := strconv.QuoteToGraphic(text); text == "" || strings.Contains(text, " ") || quoted[1:len(quoted)-1] != text {
		return quoted
	}
	return text
}

// printableError returns the text of an error on one line, with ? for characters that a
// terminal acts on. Quotes and spaces stay as they are.
func printableError(err error) string {
	return strings.Map(func(r rune) rune {
		if strconv.IsGraphic(r) {
			return r
		}
		return '?'
	}, err.Error())
}

// grouped writes a number with commas.
func grouped(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// percent writes which part of total done is.
func percent(done, total int64) string {
	if total <= 0 {
		return "an unknown part"
	}
	return strconv.FormatFloat(math.Min(100, 100*float64(done)/float64(total)), 'f', 0, 64) + "%"
}
