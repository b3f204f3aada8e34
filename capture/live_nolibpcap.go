//go:build !cgo || nolibpcap

package capture

// Interfaces lists what can be captured from.
func Interfaces() ([]Interface, error) { return nil, ErrNoLive }

func openTap(*Device, string) (tap, linkType, error) { return nil, 0, ErrNoLive }
