package app

import (
	"errors"
	"io"
	"os"

	"github.com/kaanalyze/kaanalyze/capture"
)

// saveTo has a live capture save its packets. A pipe that nobody reads until a signal comes,
// or until the capture is over, does not take the report with it: that is of what the kernel
// has kept meanwhile, and the error follows.
func (j *Job) saveTo(src *capture.Source, saving capture.Saving) error {
	saving.Stdout = &outputWriter{j.stdout, true, j.interruption}
	saving.Create = j.createSaved
	err := src.Save(saving)
	if errors.Is(err, errNoReader) || errors.Is(err, errInterrupted) {
		j.endError = err
		j.stop()
		return nil
	}
	return err
}

// createSaved creates a file to save packets in, and returns what to write them to.
func (j *Job) createSaved(name string) (*os.File, io.Writer, error) {
	at, err := findPlace(name)
	if err != nil {
		return nil, nil, err
	}
	if !at.regular() {
		f, err := openForWriting(at, j.interruption, j.s.live.duration)
		return f, &outputWriter{f, true, j.interruption}, err
	}
	if err := at.mayOverwrite(); err != nil {
		return nil, nil, err
	}
	f, err := capture.CreateAlone(at.path)
	return f, f, err
}
