//go:build linux

// Link is a line between two network namespaces: it makes two TAP interfaces
// and carries frames from one to the other, late, out of order or not at all,
// as told. It stands for a real line where the kernel has no netem, and since
// a TAP interface has no offloads, the packets on it have the size and the
// checksums of a wire.
//
//	link [-delay D] [-loss P] [-reorder P] TAP TAP
//
// The interfaces are made in the namespace that link runs in; the caller moves
// them where they belong. On SIGUSR1 the line is cut, on SIGUSR2 it is joined again.
package main

import (
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// From linux/if_tun.h.
const (
	tunSetIff = 0x400454ca
	iffTap    = 0x0002
	iffNoPI   = 0x1000
)

// queueLen is how many frames a direction holds before it drops, as a router's
// queue would.
const queueLen = 4096

// line is one direction.
type line struct {
	from, to      io.ReadWriter
	delay         time.Duration
	loss, reorder float64
	cut           *atomic.Bool
	queue         chan frame
}

// frame is an Ethernet frame and when it arrives.
type frame struct {
	at   time.Time
	data []byte
}

func main() {
	delay := flag.Duration("delay", 0, "one-way delay")
	loss := flag.Float64("loss", 0, "share of frames that are lost, 0 to 1")
	reorder := flag.Float64("reorder", 0, "share of frames that are held back, so that later ones pass them")
	flag.Parse()
	if flag.NArg() != 2 {
		fmt.Fprintln(os.Stderr, "usage: link [-delay D] [-loss P] [-reorder P] TAP TAP")
		os.Exit(2)
	}
	var taps [2]*os.File
	for i := range taps {
		tap, err := openTap(flag.Arg(i))
		if err != nil {
			fmt.Fprintln(os.Stderr, "link: error:", err)
			os.Exit(1)
		}
		taps[i] = tap
	}
	var cut atomic.Bool
	failed := make(chan error, 2)
	for i := range taps {
		l := &line{
			from: taps[i], to: taps[1-i],
			delay: *delay, loss: *loss, reorder: *reorder,
			cut: &cut, queue: make(chan frame, queueLen),
		}
		go l.deliver()
		go func() { failed <- l.receive() }()
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1, syscall.SIGUSR2)
	for {
		select {
		case s := <-signals:
			cut.Store(s == syscall.SIGUSR1)
		case err := <-failed:
			fmt.Fprintln(os.Stderr, "link: error:", err)
			os.Exit(1)
		}
	}
}

// openTap makes the TAP interface name. The descriptor does not block, so that
// the runtime's poller serves it.
func openTap(name string) (*os.File, error) {
	fd, err := syscall.Open("/dev/net/tun", syscall.O_RDWR|syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open /dev/net/tun: %w", err)
	}
	var request struct {
		name  [16]byte
		flags uint16
		_     [22]byte
	}
	copy(request.name[:15], name)
	request.flags = iffTap | iffNoPI
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), tunSetIff, uintptr(unsafe.Pointer(&request)))
	if errno != 0 {
		syscall.Close(fd)
		return nil, fmt.Errorf("make interface %s: %w", name, errno)
	}
	return os.NewFile(uintptr(fd), name), nil
}

// receive takes frames and queues those that are not lost.
func (l *line) receive() error {
	buf := make([]byte, 65536)
	for {
		n, err := l.from.Read(buf)
		if err != nil {
			return fmt.Errorf("read a frame: %w", err)
		}
		if l.cut.Load() || rand.Float64() < l.loss {
			continue
		}
		f := frame{time.Now().Add(l.delay), append([]byte(nil), buf[:n]...)}
		if rand.Float64() < l.reorder {
			time.AfterFunc(2*l.delay+time.Millisecond, func() { l.write(f.data) })
			continue
		}
		select {
		case l.queue <- f:
		default:
		}
	}
}

// deliver writes queued frames when they are due, in order.
func (l *line) deliver() {
	for f := range l.queue {
		time.Sleep(time.Until(f.at))
		l.write(f.data)
	}
}

// write hands a frame to the other end. An error means that the interface is
// down, as on a line whose far end is not plugged in yet.
func (l *line) write(data []byte) {
	if !l.cut.Load() {
		l.to.Write(data)
	}
}
