package capture

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/kaanalyze/kaanalyze/capture/internal/bpf"
	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
)

// hasRing says that this system has what openRing opens.
const hasRing = true

// A ringTap is an interface opened by a packet socket of version TPACKET_V3
// (packet_mmap.rst of the kernel): the kernel writes packets into blocks of memory that
// both see, and hands a block over when it is full or its time is over. It needs
// CAP_NET_RAW to open.
type ringTap struct {
	systemLink
	fd     int
	memory []byte // the blocks, one after the other

	blockSize int
	block     int    // that is read, by number
	held      bool   // it is ours until it is given back
	left      uint32 // packets of it that are to be read
	at        int    // where the next one begins, in memory

	cooked    bool // without headers of links, in the place of which one of Linux' own is put
	snapLen   uint32
	poll      int         // ms that packets wait, and a read for them
	filter    *bpf.Filter // nil for what the kernel filters
	kernel    uint64      // drops
	ifaceFrom uint64      // what the interface had dropped before
}

// A block is as large as the largest packet that a segment may be, with room for many
// usual ones.
const (
	ringBlock = 1 << 20
	leastRing = 4 // blocks
)

// openRing opens an interface.
func openRing(dev *Device, expr string) (tap, pcapfile.LinkType, error) {
	if dev.Name == anyInterface {
		return openCookedRing(dev, expr)
	}
	known, err := net.InterfaceByName(dev.Name)
	if err != nil {
		return nil, 0, noDevice
	}
	if known.Flags&net.FlagUp == 0 {
		return nil, 0, isDown
	}
	fd, err := packetSocket(unix.SOCK_RAW)
	if err != nil {
		return nil, 0, err
	}
	t := &ringTap{systemLink: systemLink{known.Index}, fd: fd, snapLen: uint32(dev.SnapLen), poll: int(dev.poll() / 1e6)}
	link, err := t.linkType()
	if err != nil {
		t.close()
		return nil, 0, err
	}
	if err := t.setUp(dev, link, expr, known.Flags&net.FlagLoopback != 0); err != nil {
		t.close()
		return nil, 0, err
	}
	t.ifaceFrom = interfaceDrops(dev.Name)
	return t, link, nil
}

// packetSocket opens a socket to which nothing comes before it is bound.
func packetSocket(kind int) (int, error) {
	fd, err := unix.Socket(unix.AF_PACKET, kind|unix.SOCK_CLOEXEC, 0)
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		return -1, fs.ErrPermission
	}
	if err != nil {
		return -1, fmt.Errorf("open a packet socket: %w", err)
	}
	return fd, nil
}

// setUp makes the ring, filters, and begins to capture.
func (t *ringTap) setUp(dev *Device, link pcapfile.LinkType, expr string, loopback bool) error {
	if err := t.setFilter(link, expr, loopback); err != nil {
		return err
	}
	const vlanRoom = 4 // before each frame, for the tag that the kernel took out
	for _, o := range []struct{ option, value int }{{unix.PACKET_VERSION, unix.TPACKET_V3}, {unix.PACKET_RESERVE, vlanRoom}} {
		if err := unix.SetsockoptInt(t.fd, unix.SOL_PACKET, o.option, o.value); err != nil {
			return fmt.Errorf("set up the ring: %w", err)
		}
	}
	blocks := max(leastRing, dev.Buffer/ringBlock)
	for { // fewer where memory is short, as libpcap does
		err := t.mapBlocks(blocks)
		if err == nil {
			break
		}
		if blocks /= 2; blocks < leastRing {
			return fmt.Errorf("set up the ring: %w", err)
		}
	}
	if !dev.NoPromiscuous && !t.cooked {
		mreq := &unix.PacketMreq{Ifindex: int32(t.index), Type: unix.PACKET_MR_PROMISC}
		_ = unix.SetsockoptPacketMreq(t.fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, mreq) // some interfaces know none
	}
	every := uint16(unix.ETH_P_ALL>>8 | unix.ETH_P_ALL<<8&0xff00)
	if err := unix.Bind(t.fd, &unix.SockaddrLinklayer{Protocol: every, Ifindex: t.index}); err != nil {
		return fmt.Errorf("bind the packet socket: %w", err)
	}
	return nil
}

// mapBlocks makes a ring of that many blocks.
func (t *ringTap) mapBlocks(blocks int) error {
	const frame = 1 << 16 // the kernel checks it and, in this version, has no other use for it
	err := unix.SetsockoptTpacketReq3(t.fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &unix.TpacketReq3{
		Block_size: ringBlock, Block_nr: uint32(blocks), Frame_size: frame, Frame_nr: uint32(blocks * (ringBlock / frame)),
		Retire_blk_tov: uint32(t.poll),
	})
	if err != nil {
		return err
	}
	t.blockSize = ringBlock
	t.memory, err = unix.Mmap(t.fd, 0, blocks*ringBlock, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	return err
}

// next implements tap.
func (t *ringTap) next() (data []byte, at int64, wireLen uint32, err error) {
	for {
		for t.left == 0 {
			if err := t.nextBlock(); err != nil {
				return nil, 0, 0, err
			}
		}
		if data, at, wireLen, wanted := t.packet(); wanted {
			return data, at, wireLen, nil
		}
	}
}

// nextBlock gives the block back that was read, and waits for the next one.
func (t *ringTap) nextBlock() error {
	if t.held {
		atomic.StoreUint32(t.status(), unix.TP_STATUS_KERNEL)
		t.held = false
		t.block = (t.block + 1) % (len(t.memory) / t.blockSize)
	}
	if atomic.LoadUint32(t.status())&unix.TP_STATUS_USER == 0 {
		wait := []unix.PollFd{{Fd: int32(t.fd), Events: unix.POLLIN | unix.POLLERR}}
		if _, err := unix.Poll(wait, t.poll); err != nil && err != unix.EINTR {
			return fmt.Errorf("capture: %w", err)
		}
		if atomic.LoadUint32(t.status())&unix.TP_STATUS_USER == 0 {
			if wait[0].Revents&unix.POLLERR != 0 {
				if down := t.down(); down != nil {
					return down
				}
			}
			return errQuiet
		}
	}
	h := t.header()
	t.held, t.left = true, h.Num_pkts
	t.at = t.block*t.blockSize + int(h.Offset_to_first_pkt)
	return nil
}

// header is that of the block, behind its version and an offset.
func (t *ringTap) header() *unix.TpacketHdrV1 {
	return (*unix.TpacketHdrV1)(unsafe.Pointer(&t.memory[t.block*t.blockSize+8]))
}

func (t *ringTap) status() *uint32 { return &t.header().Block_status }

// packet takes the next packet of the block, and reports whether it is wanted. Its tag
// of a VLAN is put back where the kernel took it out.
func (t *ringTap) packet() (data []byte, at int64, wireLen uint32, wanted bool) {
	h := (*unix.Tpacket3Hdr)(unsafe.Pointer(&t.memory[t.at]))
	begin := t.at + int(h.Mac)
	end := begin + int(h.Snaplen)
	note := t.at
	t.left--
	t.at += int(h.Next_offset)
	wireLen = h.Len
	addresses := 12
	if t.cooked {
		if !t.putHeader(begin, note) {
			return nil, 0, 0, false
		}
		begin -= cookedHeader
		addresses = cookedHeader - 2
		wireLen += cookedHeader
	}
	const tag = 4
	if h.Status&unix.TP_STATUS_VLAN_VALID != 0 && end-begin >= addresses {
		tpid := uint16(unix.ETH_P_8021Q)
		if h.Status&unix.TP_STATUS_VLAN_TPID_VALID != 0 {
			tpid = h.Hv1.Vlan_tpid
		}
		copy(t.memory[begin-tag:], t.memory[begin:begin+addresses])
		begin -= tag
		tci := h.Hv1.Vlan_tci
		copy(t.memory[begin+addresses:], []byte{byte(tpid >> 8), byte(tpid), byte(tci >> 8), byte(tci)})
		wireLen += tag
	}
	data = t.memory[begin:min(end, begin+int(t.snapLen))]
	if t.filter != nil && !t.filter.Match(data, wireLen) {
		return nil, 0, 0, false
	}
	return data, int64(h.Sec)*1e9 + int64(h.Nsec), wireLen, true
}

// drops implements tap. The kernel's counter begins anew each time that it is asked.
func (t *ringTap) drops() (kernel, iface uint64, err error) {
	s, err := unix.GetsockoptTpacketStatsV3(t.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil {
		return 0, 0, err
	}
	t.kernel += uint64(s.Drops)
	if known, err := net.InterfaceByIndex(t.index); err == nil {
		if now := interfaceDrops(known.Name); now > t.ifaceFrom {
			iface = now - t.ifaceFrom
		}
	}
	return t.kernel, iface, nil
}

func (t *ringTap) close() {
	if t.memory != nil {
		_ = unix.Munmap(t.memory)
		t.memory = nil
	}
	_ = unix.Close(t.fd)
}

// interfaceDrops returns how many packets an interface lacked room for since it exists,
// as libpcap counts them.
func interfaceDrops(name string) (n uint64) {
	for _, counter := range []string{"rx_missed_errors", "rx_fifo_errors"} {
		b, err := os.ReadFile(filepath.Join("/sys/class/net", name, "statistics", counter))
		if err != nil {
			continue
		}
		x, _ := strconv.ParseUint(strings.TrimSpace(string(b)), 10, 64)
		n += x
	}
	return n
}

// linkType returns the link type of what the interface gives to a raw packet socket. The
// socket tells it when it is bound, as it is here to no protocol yet: /sys may be missing.
func (t *ringTap) linkType() (pcapfile.LinkType, error) {
	if err := unix.Bind(t.fd, &unix.SockaddrLinklayer{Ifindex: t.index}); err != nil {
		return 0, fmt.Errorf("bind the packet socket: %w", err)
	}
	bound, err := unix.Getsockname(t.fd)
	if err != nil {
		return 0, fmt.Errorf("find out what kind of interface it is: %w", err)
	}
	switch kind := bound.(*unix.SockaddrLinklayer).Hatype; kind {
	case unix.ARPHRD_ETHER, unix.ARPHRD_LOOPBACK:
		return pcapfile.LinkEthernet, nil
	case unix.ARPHRD_NONE, unix.ARPHRD_RAWIP, unix.ARPHRD_PPP: // without a header
		return pcapfile.LinkRaw, nil
	default:
		return 0, fmt.Errorf("the ring does not support interfaces of type %d; libpcap may", kind)
	}
}

// setFilter has the kernel choose what most captures want, and cut the rest. It has taken
// tags of VLANs out then; a filter of the user's sees frames as they were. On the loopback
// each packet passes twice, of which the outgoing one is dropped.
func (t *ringTap) setFilter(link pcapfile.LinkType, expr string, loopback bool) error {
	var code []unix.SockFilter
	switch {
	case expr == onlyTCP && link == pcapfile.LinkEthernet:
		code = tcpOverEthernet(t.snapLen)
	case expr == onlyTCP && !t.cooked: // a filter of the kernel's cannot see the protocol then
		code = tcpOverIP(t.snapLen)
	default:
		if expr != "" {
			f, err := bpf.Compile(expr, link, pcapfile.MaxSnapLen)
			if err != nil {
				return filterError(expr, err)
			}
			t.filter = f
		}
		code = []unix.SockFilter{{Code: bpfReturn, K: t.snapLen}}
	}
	if loopback {
		code = append([]unix.SockFilter{
			{Code: bpfWord, K: skfPacketType},
			{Code: bpfEqual, K: unix.PACKET_OUTGOING, Jf: 1},
			{Code: bpfReturn, K: 0},
		}, code...)
	}
	err := unix.SetsockoptSockFprog(t.fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]})
	if err != nil {
		return fmt.Errorf("attach the filter: %w", err)
	}
	return nil
}

// onlyTCP is the filter that needs no compiler.
const onlyTCP = "tcp"

// skfPacketType is where a filter of the kernel's finds the type of a packet: SKF_AD_OFF
// and SKF_AD_PKTTYPE of filter.h.
const skfPacketType = 0xfffff000 + 4

const (
	bpfWord   = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
	bpfHalf   = unix.BPF_LD | unix.BPF_H | unix.BPF_ABS
	bpfByte   = unix.BPF_LD | unix.BPF_B | unix.BPF_ABS
	bpfAnd    = unix.BPF_ALU | unix.BPF_AND | unix.BPF_K
	bpfEqual  = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
	bpfReturn = unix.BPF_RET | unix.BPF_K
)

// tcpOverEthernet accepts TCP over IPv4 and IPv6, there also behind a fragment header, as
// libpcap's "tcp" does.
func tcpOverEthernet(snapLen uint32) []unix.SockFilter {
	return append([]unix.SockFilter{
		{Code: bpfHalf, K: 12},
		{Code: bpfEqual, K: unix.ETH_P_IPV6, Jf: 5},
	}, tcpBehind(14, snapLen, unix.ETH_P_IP)...)
}

// tcpOverIP is the same where no header is before IP.
func tcpOverIP(snapLen uint32) []unix.SockFilter {
	return append([]unix.SockFilter{
		{Code: bpfByte, K: 0},
		{Code: bpfAnd, K: 0xf0},
		{Code: bpfEqual, K: 6 << 4, Jf: 5},
	}, tcpBehind(0, snapLen, 4<<4)...)
}

// tcpBehind goes on with IPv6, or else with IPv4 if the accumulator says so.
func tcpBehind(header, snapLen, ipv4 uint32) []unix.SockFilter {
	const next6, behind6, next4 = 6, 40, 9 // offsets of the protocol
	return []unix.SockFilter{
		{Code: bpfByte, K: header + next6},
		{Code: bpfEqual, K: unix.IPPROTO_TCP, Jt: 6},
		{Code: bpfEqual, K: unix.IPPROTO_FRAGMENT, Jf: 6},
		{Code: bpfByte, K: header + behind6},
		{Code: bpfEqual, K: unix.IPPROTO_TCP, Jt: 3, Jf: 4},
		{Code: bpfEqual, K: ipv4, Jf: 3},
		{Code: bpfByte, K: header + next4},
		{Code: bpfEqual, K: unix.IPPROTO_TCP, Jf: 1},
		{Code: bpfReturn, K: snapLen},
		{Code: bpfReturn, K: 0},
	}
}
