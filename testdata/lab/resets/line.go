//go:build linux

package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// The addresses of the two ends.
var kernelIP, peerIP = [4]byte{10, 99, 0, 1}, [4]byte{10, 99, 0, 2}

// From linux/if_tun.h.
const (
	tunSetIff = 0x400454ca
	iffTun    = 0x0001
	iffNoPI   = 0x1000
)

// The flags of TCP.
const (
	flagFIN = 1 << iota
	flagSYN
	flagRST
	flagPSH
	flagACK
)

// line is the peer's end of the TUN interface.
type line struct {
	tun   *os.File
	conns uint16 // so far
}

// conn is a connection between a socket of the kernel and the peer.
type conn struct {
	*line
	fd, listener         int // of the kernel's socket, -1 if there is none
	connects             bool
	kernelPort, peerPort uint16
	kernelISN            uint32
	kernelNext           uint32 // behind what the kernel has sent
	expected             uint32 // what the kernel expects of the peer
	acked                uint32 // what it has acknowledged last
	window               uint32 // what it has announced last, in bytes
	scale                uint8
	trace                []string // a script
}

// peerISN is the peer's initial sequence number.
const peerISN = 3_000_000_000

// newLine makes the namespace and its interface.
func newLine() (*line, error) {
	if err := syscall.Unshare(syscall.CLONE_NEWNET); err != nil {
		return nil, fmt.Errorf("make a network namespace: %w", err)
	}
	fd, err := syscall.Open("/dev/net/tun", syscall.O_RDWR|syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open /dev/net/tun: %w", err)
	}
	var request struct {
		name  [16]byte
		flags uint16
		_     [22]byte
	}
	copy(request.name[:], "tun0")
	request.flags = iffTun | iffNoPI
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), tunSetIff, uintptr(unsafe.Pointer(&request))); errno != 0 {
		return nil, fmt.Errorf("make interface tun0: %w", errno)
	}
	for _, command := range []string{"ip addr add 10.99.0.1/24 dev tun0", "ip link set tun0 up"} {
		words := strings.Fields(command)
		if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%s: %w: %s", command, err, out)
		}
	}
	return &line{tun: os.NewFile(uintptr(fd), "tun0")}, nil
}

// newConn returns a connection with ports of its own.
func (l *line) newConn() *conn {
	l.conns++
	return &conn{line: l, fd: -1, listener: -1, kernelPort: 10_000 + l.conns, peerPort: 30_000 + l.conns, expected: peerISN}
}

// end closes the kernel's sockets.
func (c *conn) end() {
	for _, fd := range []int{c.fd, c.listener} {
		if fd >= 0 {
			syscall.Close(fd)
		}
	}
}

// edge returns the first sequence number behind the window of the kernel's socket.
func (c *conn) edge() uint32 { return c.acked + c.window }

// kernelState returns the state of the kernel's socket, as in /proc/net/tcp, or "" if
// it has none.
func (c *conn) kernelState() string {
	table, err := os.ReadFile("/proc/thread-self/net/tcp")
	if err != nil {
		return "unknown"
	}
	ends := fmt.Sprintf(" %08X:%04X %08X:%04X ", binary.LittleEndian.Uint32(kernelIP[:]), c.kernelPort, binary.LittleEndian.Uint32(peerIP[:]), c.peerPort)
	_, rest, found := strings.Cut(string(table), ends)
	if !found {
		return ""
	}
	return rest[:2]
}

// expect waits for a packet of the kernel with these flags.
func (c *conn) expect(flags byte) error {
	for end := time.Now().Add(time.Second); ; {
		n := len(c.trace)
		if !c.receive(time.Until(end)) {
			return errors.New("the kernel does not answer")
		}
		if fields := strings.Fields(c.trace[n]); fields[2] == flagNames(flags) {
			return nil
		}
	}
}

// receive takes the next packet of the kernel, and reports whether there was one in
// time.
func (c *conn) receive(wait time.Duration) bool {
	if wait <= 0 {
		return false
	}
	c.tun.SetReadDeadline(time.Now().Add(wait))
	buf := make([]byte, 2048)
	for {
		n, err := c.tun.Read(buf)
		if err != nil {
			return false
		}
		if n < 40 || buf[0]>>4 != 4 || buf[9] != syscall.IPPROTO_TCP {
			continue
		}
		head := int(buf[0]&15) * 4
		if tcp := buf[head:n]; binary.BigEndian.Uint16(tcp) == c.kernelPort && binary.BigEndian.Uint16(tcp[2:]) == c.peerPort {
			c.take(tcp)
			return true
		}
	}
}

// take notes a packet of the kernel.
func (c *conn) take(tcp []byte) {
	head := int(tcp[12]>>4) * 4
	seq, ack, flags := binary.BigEndian.Uint32(tcp[4:]), binary.BigEndian.Uint32(tcp[8:]), tcp[13]
	window, scale := uint32(binary.BigEndian.Uint16(tcp[14:])), -1
	if flags&flagSYN != 0 {
		c.kernelISN = seq
		scale = windowScale(tcp[20:head])
		c.scale = uint8(max(scale, 0))
		c.window = window
	} else {
		c.window = window << c.scale
	}
	length := uint32(len(tcp) - head)
	if next := seq + length + uint32(flags&flagSYN>>1) + uint32(flags&flagFIN); int32(next-c.kernelNext) > 0 || flags&flagSYN != 0 {
		c.kernelNext = next
	}
	c.acked = c.expected
	if flags&flagACK != 0 {
		c.acked = ack
	}
	c.note(true, flags, seq-c.kernelISN, length, ack-peerISN, window, scale)
}

// windowScale returns the shift count in the options of a SYN, or -1.
func windowScale(options []byte) int {
	for len(options) > 1 {
		switch kind := options[0]; {
		case kind == 0:
			return -1
		case kind == 1:
			options = options[1:]
			continue
		case kind == 3 && len(options) > 2:
			return int(options[2])
		}
		if n := int(options[1]); n < 2 || n > len(options) {
			return -1
		} else {
			options = options[n:]
		}
	}
	return -1
}

// send sends a packet of the peer.
func (c *conn) send(flags byte, seq, length, ack uint32) error {
	var options []byte
	scale := -1
	if flags&flagSYN != 0 {
		options, scale = []byte{2, 4, 5, 180, 1, 1, 4, 2, 1, 3, 3, 7}, 7 // MSS 1460, SACK, shift count 7
	}
	if flags&flagACK == 0 {
		ack = 0
	}
	tcp := make([]byte, 20+len(options)+int(length))
	binary.BigEndian.PutUint16(tcp, c.peerPort)
	binary.BigEndian.PutUint16(tcp[2:], c.kernelPort)
	binary.BigEndian.PutUint32(tcp[4:], seq)
	binary.BigEndian.PutUint32(tcp[8:], ack)
	tcp[12], tcp[13] = byte(5+len(options)/4)<<4, flags
	binary.BigEndian.PutUint16(tcp[14:], 65535)
	copy(tcp[20:], options)
	ip := make([]byte, 20, 20+len(tcp))
	ip[0], ip[8], ip[9] = 0x45, 64, syscall.IPPROTO_TCP
	binary.BigEndian.PutUint16(ip[2:], uint16(20+len(tcp)))
	copy(ip[12:], peerIP[:])
	copy(ip[16:], kernelIP[:])
	binary.BigEndian.PutUint16(ip[10:], checksum(0, ip))
	pseudo := append(append([]byte(nil), ip[12:20]...), 0, syscall.IPPROTO_TCP, byte(len(tcp)>>8), byte(len(tcp)))
	binary.BigEndian.PutUint16(tcp[16:], checksum(0, append(pseudo, tcp...)))
	c.note(false, flags, seq-peerISN, length, ack-c.kernelISN, 65535, scale)
	_, err := c.tun.Write(append(ip, tcp...))
	return err
}

// checksum returns the Internet checksum of b (RFC 1071).
func checksum(sum uint32, b []byte) uint16 {
	for i := range b {
		sum += uint32(b[i]) << (8 * (1 - i%2))
	}
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}

// note adds a packet to the script, a hundredth of a second after the one before.
// Sequence numbers are relative.
func (c *conn) note(kernel bool, flags byte, seq, length, ack, window uint32, scale int) {
	from := "<"
	if kernel == c.connects {
		from = ">"
	}
	text := fmt.Sprintf("%.2f %s %s %d:%d(%d)", float64(len(c.trace))/100, from, flagNames(flags), int32(seq), int32(seq+length), length)
	if flags&flagACK != 0 {
		text += fmt.Sprintf(" ack %d", int32(ack))
	}
	text += fmt.Sprintf(" win %d", window)
	if scale >= 0 {
		text += fmt.Sprintf(" wscale %d", scale)
	}
	c.trace = append(c.trace, text)
}

// flagNames writes flags as tcpdump does.
func flagNames(flags byte) string {
	var b strings.Builder
	for _, f := range []struct {
		flag byte
		name string
	}{{flagSYN, "S"}, {flagFIN, "F"}, {flagRST, "R"}, {flagPSH, "P"}, {flagACK, "."}} {
		if flags&f.flag != 0 {
			b.WriteString(f.name)
		}
	}
	return b.String()
}
