//go:build !cgo || nolibpcap

package capture

import "github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"

// hasLibpcap says that this program was built without libpcap.
const hasLibpcap = false

// Interfaces lists what can be captured from.
func Interfaces() ([]Interface, error) {
	if !hasRing {
		return nil, ErrNoLive
	}
	return systemInterfaces()
}

func openPcap(*Device, string) (tap, pcapfile.LinkType, error) { return nil, 0, ErrNoLive }
