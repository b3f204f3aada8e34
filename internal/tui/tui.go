// Package tui is the terminal view: it shows snapshots of a capture in tables
// that can be sorted, filtered and opened.
//
// [New] makes a [View] of [Options], Run draws until the user quits, and meanwhile
// others tell it of new snapshots with Show and, at last, Finish.
package tui

import (
	"errors"
	"io"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"github.com/kaanalyze/kaanalyze/internal/live"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// Options say what a View shows and where. All functions but Story are needed, and
// are called while the view is drawn or, Save and Story, beside it.
type Options struct {
	Name     string        // of what is read, as a terminal may show it
	Live     bool          // packets come as they are captured, so idle times go on between them
	TimeWait time.Duration // how long TIME_WAIT lasts
	Zone     report.Zone   // in which times are told
	Color    bool          // colours may be used
	ASCII    bool          // nothing beyond ASCII may be used
	Now      func() time.Time
	Input    io.Reader // the terminal
	Output   io.Writer

	// Size returns the columns and lines of the terminal, 0 if they are not known.
	// Without it a window that changes while the view begins would be missed.
	Size func() (width, height int)
	// Progress says how far the reading is.
	Progress func() Progress
	// Save writes the report of x to a file, which must not be there yet. Its error is
	// shown.
	Save func(x *live.Snapshot, name string) error
	// Story tells a connection of x packet by packet, for that many columns. It is
	// nil where the packets cannot be read again.
	Story func(x *live.Snapshot, id uint64, width int) (string, error)
}

// View shows snapshots on a terminal until the user or Quit ends it. It never changes
// them, and nobody else may while it shows them.
//
// Show, Finish and Quit may be called from any goroutine, also before Run, which
// they may wait for, and after it.
type View struct {
	program *tea.Program
}

// Progress is how far the reading is.
type Progress struct {
	Done, Total      int64 // bytes; Total is 0 if nobody knows it
	Packets, Dropped uint64
}

// Events of the model, besides those of the terminal.
type (
	snapshotMsg struct { // a snapshot came
		snapshot *live.Snapshot
		final    bool // no other will come
	}
	tickMsg  struct{} // time goes on
	storyMsg struct { // the packets of a connection were read again
		id   uint64
		text string
		err  error
	}
	savedMsg struct { // a report was written, or err says why not
		name string
		err  error
	}
)

// New returns a View that waits for Run.
func New(o Options) *View {
	opts := []tea.ProgramOption{tea.WithInput(o.Input), tea.WithOutput(o.Output), tea.WithoutSignalHandler(), tea.WithFPS(30)}
	if !o.Color {
		opts = append(opts, tea.WithColorProfile(colorprofile.ASCII))
	}
	return &View{tea.NewProgram(newModel(&o), opts...)}
}

// Run draws until the user or Quit ends it. It leaves the terminal as it was, also
// after a panic, which it returns as an error.
func (v *View) Run() error {
	_, err := v.program.Run()
	if errors.Is(err, tea.ErrProgramPanic) {
		return errors.New("the view failed by an error of its own, shown above")
	}
	return err
}

// Show shows x from now on.
func (v *View) Show(x *live.Snapshot) { v.program.Send(snapshotMsg{x, false}) }

// Finish shows x, the last snapshot that there will be.
func (v *View) Finish(x *live.Snapshot) { v.program.Send(snapshotMsg{x, true}) }

// Quit ends Run.
func (v *View) Quit() { v.program.Quit() }
