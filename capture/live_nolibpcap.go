//go:build !cgo || nolibpcap

package capture

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
)

// hasLibpcap says that this program was built without libpcap.
const hasLibpcap = false

// Interfaces lists what can be captured from.
func Interfaces() ([]Interface, error) {
	if !hasRing {
		return nil, ErrNoLive
	}
	known, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	var list []Interface
	for _, k := range known {
		i := Interface{Name: k.Name, Up: k.Flags&net.FlagUp != 0, Running: k.Flags&net.FlagRunning != 0, Loopback: k.Flags&net.FlagLoopback != 0}
		addrs, _ := k.Addrs()
		for _, a := range addrs {
			if p, err := netip.ParsePrefix(a.String()); err == nil {
				i.Addresses = append(i.Addresses, p)
			}
		}
		list = append(list, i)
	}
	return list, nil
}

func openPcap(*Device, string) (tap, pcapfile.LinkType, error) { return nil, 0, ErrNoLive }
