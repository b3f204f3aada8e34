package capture

import (
	"io"
	"os"
	"time"

	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
)

// Saving says where a live capture is saved to, and when another file is begun:
// as tcpdump's -w, -G, -C and -W do. Only Name is needed.
type Saving struct {
	Name  string        // "-" is Stdout; a time format, see [TimeName], if Every is set
	Every time.Duration // begin another file after that; 0 is never
	Size  int64         // or when a file is larger than that, in bytes; 0 is no limit

	// Count is how many files there are at most, 0 is no limit: with Size they
	// are written over in turn, with Every alone the capture is over after the
	// last one.
	Count int

	Stdout io.Writer // for Name "-"

	// Create creates a file and returns what to write its bytes to, which is not always
	// the file itself. If it is nil the file is created as [CreateAlone] does it.
	Create func(name string) (*os.File, io.Writer, error)
}

// CreateAlone creates a file that only its owner may read, or empties one. It fails where
// another program saves to the file, until that is closed. If name is a link it fails.
func CreateAlone(name string) (*os.File, error) { return pcapfile.CreateAlone(name) }

// Save has Run save all frames of an interface in pcap files, those of several in pcapng
// files, with times in nanoseconds, before apply sees their segments. It is called before Run and
// creates the first file; an error names that. When a file cannot be written to,
// Run ends with an [*EndError].
func (s *Source) Save(to Saving) error {
	var saved []pcapfile.SavedInterface
	of := s.interfaces()
	for _, l := range of {
		saved = append(saved, pcapfile.SavedInterface{Name: l.dev.Name, Link: l.link, SnapLen: uint32(l.dev.SnapLen)})
	}
	v, err := pcapfile.NewSaver(pcapfile.Rotation(to), saved, of[0].dev.Now())
	if err != nil {
		return err
	}
	v.Drops = s.stats.liveDrops
	s.saver = v
	return nil
}

// TimeName returns a file's name with the time in it: %Y, %H and others of
// strftime(3), %s for seconds since the epoch, %% for %.
func TimeName(format string, at time.Time) (string, error) { return pcapfile.TimeName(format, at) }
