//go:build cgo && !nolibpcap

package capture

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/google/gopacket/pcap"

	"github.com/kaanalyze/kaanalyze/capture/internal/bpf"
	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
)

// hasLibpcap says that this program was built with libpcap.
const hasLibpcap = true

// Interfaces lists what can be captured from. Built without libpcap it lists what the
// system knows or, where only libpcap can capture, returns [ErrNoLive].
func Interfaces() ([]Interface, error) {
	found, err := pcap.FindAllDevs()
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	const loopback, up, running = 1, 2, 4 // PCAP_IF_
	list := make([]Interface, len(found))
	for i, f := range found {
		list[i] = Interface{
			Name: f.Name, Description: f.Description,
			Up: f.Flags&up != 0, Running: f.Flags&running != 0, Loopback: f.Flags&loopback != 0,
		}
		_, err := net.InterfaceByName(f.Name)
		list[i].Pseudo = err != nil
		for _, a := range f.Addresses {
			if addr, ok := netip.AddrFromSlice(a.IP); ok {
				bits, _ := net.IPMask(a.Netmask).Size()
				list[i].Addresses = append(list[i].Addresses, netip.PrefixFrom(addr, bits))
			}
		}
	}
	return list, nil
}

// A pcapTap is an interface opened by libpcap.
type pcapTap struct {
	systemLink
	handle *pcap.Handle

	kernel, iface wrapping // drops
}

// openPcap opens an interface with the filter in the kernel.
func openPcap(dev *Device, expr string) (tap, pcapfile.LinkType, error) {
	handle, err := activate(dev, !dev.NoPromiscuous && dev.Name != anyInterface)
	if err != nil {
		return nil, 0, explain(dev.Name, err)
	}
	if expr != "" {
		if err := bpf.SetFilter(handle, expr); err != nil {
			handle.Close()
			return nil, 0, filterError(expr, err)
		}
	}
	t := &pcapTap{handle: handle}
	if known, err := net.InterfaceByName(dev.Name); err == nil {
		t.index = known.Index
	}
	return t, fileLinkType(pcapfile.LinkType(handle.LinkType())), nil
}

// activate opens an interface. It is opened again where it does not know
// promiscuous mode, which gopacket takes for an error.
func activate(dev *Device, promiscuous bool) (*pcap.Handle, error) {
	inactive, err := pcap.NewInactiveHandle(dev.Name)
	if err != nil {
		return nil, err
	}
	defer inactive.CleanUp()
	err = errors.Join(
		inactive.SetSnapLen(dev.SnapLen),
		inactive.SetPromisc(promiscuous),
		inactive.SetTimeout(time.Duration(dev.poll())),
		inactive.SetBufferSize(dev.Buffer),
	)
	if err != nil {
		return nil, err
	}
	handle, err := inactive.Activate()
	if err != nil && err.Error() == "Cannot set as promisc" && promiscuous {
		return activate(dev, false)
	}
	return handle, err
}

// explain turns gopacket's errors, which are texts, into ours. libpcap says that
// there is no permission even if there is no such interface.
func explain(name string, err error) error {
	switch err.Error() {
	case "No Such Device":
		return noDevice
	case "Interface Not Up":
		return isDown
	case "Permission Denied", "unknown activated error: -11": // PCAP_ERROR_PROMISC_PERM_DENIED
		if list, err := Interfaces(); err == nil && !slices.ContainsFunc(list, func(i Interface) bool { return i.Name == name }) {
			return noDevice
		}
		return fs.ErrPermission
	}
	return err
}

// fileLinkType returns the link type of files for one of a running system,
// where the two differ (pcap-common.c of libpcap).
func fileLinkType(l pcapfile.LinkType) pcapfile.LinkType {
	switch l {
	case 11:
		return pcapfile.LinkATM
	case pcapfile.LinkRawBSD, pcapfile.LinkRawOpenBSD:
		return pcapfile.LinkRaw
	}
	return l
}

// next implements tap.
func (t *pcapTap) next() (data []byte, at int64, wireLen uint32, err error) {
	data, info, err := t.handle.ZeroCopyReadPacketData()
	switch err {
	case nil:
		return data, info.Timestamp.UnixNano(), uint32(info.Length), nil
	case pcap.NextErrorTimeoutExpired:
		return nil, 0, 0, errQuiet
	case pcap.NextErrorReadError:
		if down := t.down(); down != nil {
			return nil, 0, 0, down
		}
		err = t.handle.Error()
	}
	return nil, 0, 0, fmt.Errorf("capture: %w", err)
}

// drops implements tap.
func (t *pcapTap) drops() (kernel, iface uint64, err error) {
	stats, err := t.handle.Stats()
	if err != nil {
		return 0, 0, err
	}
	t.kernel.count(uint32(stats.PacketsDropped))
	t.iface.count(uint32(stats.PacketsIfDropped))
	return t.kernel.sum, t.iface.sum, nil
}

func (t *pcapTap) close() { t.handle.Close() }
