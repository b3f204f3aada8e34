package app

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/assemble"
	"github.com/kaanalyze/kaanalyze/internal/keylog"
)

// keys are the secrets of --tls-keylog, and of the captures themselves. Where the capture
// is one that is being made, the key log is read on as it grows. Nothing of what it says
// goes into an error or a report.
type keys struct {
	assemble.Keys

	mu   sync.Mutex
	file *os.File  // nil once it has been read for good
	read int64     // bytes
	next time.Time // when it is looked at again

	every time.Duration // how often it is, at most
}

// moreKeysEvery is how often a key log is looked at that may grow.
const moreKeysEvery = 20 * time.Millisecond

// openKeys opens the key log, if there is one, and reads what is in it.
func (j *Job) openKeys() error {
	if j.s.TLSKeyLog == "" {
		return nil
	}
	f, err := os.Open(j.s.TLSKeyLog)
	if err != nil {
		return fmt.Errorf("--tls-keylog: %w", err)
	}
	k := j.keys
	k.file, k.Given, k.Grows = f, true, j.s.growing()
	if k.read, err = k.Log.ReadFrom(f); err != nil {
		f.Close()
		return fmt.Errorf("--tls-keylog: %w", err)
	}
	if k.Grows {
		return nil
	}
	f.Close()
	k.file = nil
	k.Log.End()
	if s := k.Log.Stats(); s.Sessions == 0 {
		j.ui.warn("%s: there is no secret of a TLS session in it", printable(j.s.TLSKeyLog))
	}
	return nil
}

// closeKeys ends the reading of the key log.
func (j *Job) closeKeys() {
	k := j.keys
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.file != nil {
		k.file.Close()
		k.file = nil
	}
}

// more reads what was added to a key log.
func (k *keys) more() {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	if k.file == nil || now.Before(k.next) {
		return
	}
	k.next = now.Add(k.every)
	info, err := k.file.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() == k.read { // of a pipe all was read when it was opened
		return
	}
	if info.Size() < k.read { // it was begun anew
		if _, err := k.file.Seek(0, io.SeekStart); err != nil {
			return
		}
		k.Log.End()
		k.read = 0
	}
	n, err := k.Log.ReadFrom(k.file)
	k.read += n
	if err != nil {
		k.file.Close()
		k.file = nil
	}
}

// useKeys adds the secrets to what is analysed.
func (j *Job) useKeys(what *analyze.Options) {
	k := j.keys
	what.Keys = func() (*keylog.Log, bool) {
		if k.Grows {
			k.more()
		}
		return k.Known(j.source.get())
	}
}
