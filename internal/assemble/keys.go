package assemble

import (
	"sync"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/internal/keylog"
)

// Keys are the secrets of TLS sessions that an analysis uses: of a key log, and of the
// captures themselves. The zero Keys are none. They may be used by several goroutines.
type Keys struct {
	Log   keylog.Log
	Given bool // there is a key log
	Grows bool // which may have more lines later

	mu    sync.Mutex
	taken int // key logs that the captures carry
}

// Known returns the secrets that are known so far, with those that src has carried up to
// now, and whether more may come; nil if there is neither a key log nor a capture with one.
func (k *Keys) Known(src *capture.Source) (log *keylog.Log, grows bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if src != nil {
		if all := src.Secrets(); len(all) > k.taken {
			for _, text := range all[k.taken:] {
				_, _ = k.Log.Write(text) // never fails
				k.Log.End()
			}
			k.taken = len(all)
		}
	}
	if !k.Given && k.taken == 0 {
		return nil, false
	}
	return &k.Log, k.Grows || k.taken > 0
}
