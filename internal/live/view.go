package live

import (
	"errors"
	"io"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
)

// View shows snapshots on a terminal until it is told to quit. It never changes
// them. The fields are set before Run.
//
// Show, Finish and Quit may be called from any goroutine, also before Run, which
// they may wait for, and after it.
type View struct {
	Name     string // of what is read, as a terminal may show it
	Live     bool   // packets come as they are captured, so idle times go on between them
	TimeWait time.Duration
	Color    bool
	ASCII    bool
	Now      func() time.Time
	Input    io.Reader // the terminal
	Output   io.Writer

	// Size returns the columns and lines of the terminal, 0 if they are not known.
	// A window that changes while the view begins would else be missed.
	Size func() (width, height int)
	// Progress says how far the reading is; total is 0 if nobody knows.
	Progress func() Progress
	// Save writes the report of x to a file. Its error is shown.
	Save func(x *Snapshot, name string) error
	// Story tells a connection of x packet by packet, for that many columns. It is
	// nil where the packets cannot be read again.
	Story func(x *Snapshot, id uint64, width int) (string, error)

	program *tea.Program
}

// Progress is how far the reading is.
type Progress struct {
	Done, Total      int64 // bytes
	Packets, Dropped uint64
}

// What View tells its model.
type (
	shownMsg struct { // a snapshot came
		x     *Snapshot
		final bool
	}
	tickMsg struct{} // time goes on
	toldMsg struct { // a story was told
		id   uint64
		text string
		err  error
	}
	savedMsg struct { // a report was written, or not
		name string
		err  error
	}
)

// NewView returns v, ready to be run and shown to.
func NewView(v View) *View {
	opts := []tea.ProgramOption{tea.WithInput(v.Input), tea.WithOutput(v.Output), tea.WithoutSignalHandler(), tea.WithFPS(30)}
	if !v.Color {
		opts = append(opts, tea.WithColorProfile(colorprofile.ASCII))
	}
	v.program = tea.NewProgram(newModel(&v), opts...)
	return &v
}

// Run draws until the user or Quit ends it. The terminal is then as it was,
// whatever happened.
func (v *View) Run() error {
	_, err := v.program.Run()
	if errors.Is(err, tea.ErrProgramPanic) {
		return errors.New("the view ended by a mistake of its own, which is told above")
	}
	return err
}

// Show shows x from now on.
func (v *View) Show(x *Snapshot) { v.program.Send(shownMsg{x, false}) }

// Finish shows x, which is all that there is to come.
func (v *View) Finish(x *Snapshot) { v.program.Send(shownMsg{x, true}) }

// Quit ends Run.
func (v *View) Quit() { v.program.Quit() }
