package capture

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
)

// cookedHeader is how long the header is that frames of all interfaces have in common
// (LINKTYPE_LINUX_SLL): two bytes of who sent it, two of the kind of interface, two of the
// length of an address and eight of one, two of the protocol.
const cookedHeader = 16

// openCookedRing opens all interfaces.
func openCookedRing(dev *Device, expr string) (tap, pcapfile.LinkType, error) {
	fd, err := packetSocket(unix.SOCK_DGRAM)
	if err != nil {
		return nil, 0, err
	}
	t := &ringTap{fd: fd, cooked: true, snapLen: uint32(dev.SnapLen), poll: int(dev.poll() / 1e6)}
	if err := t.setUp(dev, pcapfile.LinkSLL, expr, false); err != nil {
		t.close()
		return nil, 0, err
	}
	return t, pcapfile.LinkSLL, nil
}

// putHeader puts the header before a packet, of which the kernel has noted at the offset
// note of memory what it is. It reports whether the packet is wanted: the loopback has each
// one twice, going out and coming in.
func (t *ringTap) putHeader(packet, note int) bool {
	const address = (unix.SizeofTpacket3Hdr + unix.TPACKET_ALIGNMENT - 1) &^ (unix.TPACKET_ALIGNMENT - 1)
	from := (*unix.RawSockaddrLinklayer)(unsafe.Pointer(&t.memory[note+address]))
	if from.Pkttype == unix.PACKET_OUTGOING && from.Hatype == unix.ARPHRD_LOOPBACK {
		return false
	}
	kind, hatype, halen, sender := from.Pkttype, from.Hatype, from.Halen, from.Addr
	protocol := *(*[2]byte)(unsafe.Pointer(&from.Protocol)) // in the order of the network
	header := t.memory[packet-cookedHeader : packet]
	binary.BigEndian.PutUint16(header, uint16(kind))
	binary.BigEndian.PutUint16(header[2:], hatype)
	binary.BigEndian.PutUint16(header[4:], uint16(halen))
	copy(header[6:14], sender[:])
	copy(header[14:], protocol[:])
	return true
}
