package app

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/keylog"
)

// keyFile is the key log of --tls-keylog. Where the capture is one that is being made, it
// is read on as it grows. Nothing of what it says goes into an error or a report.
type keyFile struct {
	log keylog.Log

	mu   sync.Mutex
	file *os.File  // nil once it has been read for good
	read int64     // bytes
	next time.Time // when it is looked at again
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
	k := &keyFile{file: f}
	if k.read, err = k.log.ReadFrom(f); err != nil {
		f.Close()
		return fmt.Errorf("--tls-keylog: %w", err)
	}
	j.keys = k
	if j.s.growing() {
		return nil
	}
	f.Close()
	k.file = nil
	k.log.End()
	if s := k.log.Stats(); s.Sessions == 0 {
		j.ui.warn("%s: there is no secret of a TLS session in it", printable(j.s.TLSKeyLog))
	}
	return nil
}

// closeKeys ends the reading of the key log.
func (j *Job) closeKeys() {
	if k := j.keys; k != nil {
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.file != nil {
			k.file.Close()
			k.file = nil
		}
	}
}

// more reads what was added to a key log.
func (k *keyFile) more() {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	if k.file == nil || now.Before(k.next) {
		return
	}
	k.next = now.Add(moreKeysEvery)
	info, err := k.file.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() == k.read { // of a pipe all was read when it was opened
		return
	}
	if info.Size() < k.read { // it was begun anew
		if _, err := k.file.Seek(0, io.SeekStart); err != nil {
			return
		}
		k.log.End()
		k.read = 0
	}
	n, err := k.log.ReadFrom(k.file)
	k.read += n
	if err != nil {
		k.file.Close()
		k.file = nil
	}
}

// useKeys adds the key log to what is analysed.
func (j *Job) useKeys(what *analyze.Options) {
	k := j.keys
	if k == nil {
		return
	}
	what.Keys = &k.log
	if j.s.growing() {
		what.MoreKeys = k.more
	}
}
