//go:build !cgo || nolibpcap

package capture

import "github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"

// Interfaces lists what can be captured from.
func Interfaces() ([]Interface, error) { return nil, ErrNoLive }

func openTap(*Device, string) (tap, pcapfile.LinkType, error) { return nil, 0, ErrNoLive }
