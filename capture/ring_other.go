//go:build !linux

package capture

import "github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"

// hasRing says that this system has none.
const hasRing = false

func openRing(*Device, string) (tap, pcapfile.LinkType, error) { return nil, 0, ErrNoLive }
