package capture

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"syscall"

	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
	"github.com/kaanalyze/kaanalyze/flows"
)

// ErrNoLive says that this program can capture nothing: it was built without libpcap, and
// the system has no other way.
var ErrNoLive = errors.New("live capture needs libpcap, which this program was built without, or Linux")

// ErrNoEngine says that an engine was asked for that is not there.
var ErrNoEngine = errors.New("this program was built without it")

// Engine is what gets packets from an interface: libpcap where the program was built with
// it, or else a ring of its own (TPACKET_V3) on Linux.
type Engine string

// The engines; "" chooses.
const (
	EnginePcap Engine = "pcap"
	EngineRing Engine = "ring"
)

// engine returns the engine that is meant.
func (e Engine) engine() Engine {
	switch {
	case e != "":
		return e
	case hasLibpcap:
		return EnginePcap
	}
	return EngineRing
}

// An Interface is a place to capture from, as libpcap lists it.
type Interface struct {
	Name        string         // for Device.Name
	Description string         // libpcap's, may be ""
	Addresses   []netip.Prefix // may be none

	Up, Running, Loopback bool

	Pseudo bool // libpcap's own, such as "any": it is never up or down
}

// Device says which interface to capture from, and how. The zero values of all
// but Name and Now are usual.
type Device struct {
	Name string
	// Others are further interfaces, which are captured from at once: with them it is
	// one capture, in order of time. Each has a buffer of its own.
	Others []string

	SnapLen       int  // bytes kept of a packet; 0 is MaxSnapLen, the most
	Buffer        int  // bytes of the kernel's ring; 0 is DefaultBuffer
	NoPromiscuous bool // do not put the interface into promiscuous mode
	Engine        Engine

	// Now is the wall clock, in nanoseconds since the Unix epoch. A capture is
	// over when the packets of the moment at which it was stopped are there.
	Now func() int64
	// Pause waits for some nanoseconds, so that packets gather: each time that the
	// kernel wakes a reader costs as much as a hundred packets. It may be nil.
	Pause func(int64)
	// Lost, if set, is told of an interface that ends while others go on, by a goroutine
	// of its own.
	Lost func(name string, err error)
}

// names returns the names of all interfaces.
func (d *Device) names() []string { return append([]string{d.Name}, d.Others...) }

// What Device has where it says 0, in bytes.
const (
	MaxSnapLen    = pcapfile.MaxSnapLen // libpcap keeps no more of a packet
	DefaultBuffer = 64 << 20
)

// An EndError is why a live capture ended before it was told to. What was
// captured until then has been handed over.
type EndError struct{ Err error }

// Error returns the reason.
func (e *EndError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *EndError) Unwrap() error { return e.Err }

// ErrTwice says that an interface was named more than once, and ErrAny that one was named
// beside all of them.
var (
	ErrTwice = errors.New("named twice")
	ErrAny   = errors.New("it is all interfaces, so no other can be named with it")
)

// poll is how long packets wait, in nanoseconds.
func (d *Device) poll() int64 {
	if len(d.Others) > 0 {
		return sharedPoll
	}
	return pollTime
}

// OpenLive opens an interface, or several that are one capture. Its Source's Run captures
// until ctx is done, which is no error then, until opt.Count packets have come, or until
// something fails, which is an [*EndError]. Of several interfaces the others go on when one
// fails, which is a warning of the [Stats]; the last one ends the capture. Run calls apply
// on its own goroutine only, and with an empty run when there was no packet for a while, so
// that apply may look at the clock. opt.Filter is the kernel's work: frames that it leaves
// out have no number.
//
// An error wraps [syscall.ENODEV], [syscall.ENETDOWN], [fs.ErrPermission], [ErrTwice],
// [ErrAny] or a [*FilterError], or is [ErrNoLive]. The privileges that capturing needs can
// be given up when OpenLive returns.
func OpenLive(dev Device, opt Options) (*Source, error) {
	if dev.SnapLen <= 0 || dev.SnapLen > MaxSnapLen {
		dev.SnapLen = MaxSnapLen
	}
	if dev.Buffer <= 0 {
		dev.Buffer = DefaultBuffer
	}
	if len(dev.Others) > 0 {
		return openSeveral(dev, opt)
	}
	l, err := openOne(dev, opt.Filter)
	if err != nil {
		return nil, err
	}
	return l.source(opt), nil
}

// openOne opens the interface dev.Name.
func openOne(dev Device, filter string) (*live, error) {
	open := openPcap
	switch dev.Engine.engine() {
	case EnginePcap:
		if !hasLibpcap {
			return nil, fmt.Errorf("capture engine %s: %w", EnginePcap, ErrNoEngine)
		}
	case EngineRing:
		if !hasRing {
			return nil, ErrNoLive
		}
		open = openRing
	default:
		return nil, fmt.Errorf("capture engine %q: %w", dev.Engine, ErrNoEngine)
	}
	t, link, err := open(&dev, filter)
	if err != nil {
		_, syntax := errors.AsType[*FilterError](err)
		if syntax && len(dev.Others) == 0 || errors.Is(err, ErrNoLive) || errors.Is(err, ErrNoLibpcap) {
			return nil, err
		}
		return nil, fmt.Errorf("%s: %w", dev.Name, err)
	}
	return newLive(dev, t, link), nil
}

// newLive returns what captures from an interface that is open.
func newLive(dev Device, t tap, link pcapfile.LinkType) *live {
	return &live{tap: t, dev: dev, link: link, until: math.MaxInt64}
}

// source returns the source of this interface alone.
func (l *live) source(opt Options) *Source {
	s := newLiveSource([]*live{l}, opt)
	s.live = l
	return s
}

// newLiveSource returns what sources of interfaces have in common.
func newLiveSource(of []*live, opt Options) *Source {
	opt.Filter = ""
	s := &Source{opt: opt, limit: countLimit{left: opt.Count}}
	names := of[0].dev.names()
	s.stats.init(names)
	s.stats.interfaces = true
	s.stats.total.Format = formatLive
	for i, l := range of {
		s.stats.total.Sources[i].Format = formatLive
		if l.dev.Engine.engine() == EngineRing {
			s.stats.total.Sources[i].Format = formatRing
		}
		s.stats.addSide(&pcapfile.SideRecords{Links: []pcapfile.LinkType{l.link}})
	}
	return s
}

// formatLive is what [Stats.Format] says; of a source it is formatRing where the ring
// captures.
const (
	formatLive = "live"
	formatRing = "live-ring"
)

// A tap is an opened interface.
type tap interface {
	// next returns the next packet, which is valid until the next call; or
	// errQuiet if there was none for pollTime.
	next() (data []byte, at int64, wireLen uint32, err error)
	// drops returns how many packets the kernel and the interface dropped so far.
	drops() (kernel, iface uint64, err error)
	// down returns why no packet can come, nil if one may.
	down() error
	close()
}

// errQuiet says that a tap has no packet now.
var errQuiet = errors.New("no packet has arrived")

// pollTime is the longest that packets wait in the kernel before they are
// handed over together, and that a read waits for them.
const pollTime = 100e6

const (
	// tailQuiet is how many reads in a row must find nothing after the capture
	// was stopped: the kernel hands a part of a ring over when its timer has
	// found it unchanged, so up to two times later.
	tailQuiet = 3
	// gatherShare is the part of the time that packets wait in which they may gather in the
	// ring: a tenth of the time in which 150,000 packets a second fill it. Many packets at
	// once cost a third less than few, as code and tables are in the cache then.
	gatherShare = 2
	// statsTime is how often drops are asked for, and whether the interface is up.
	statsTime = 1e9
)

// live captures from an interface.
type live struct {
	tap    tap
	dev    Device
	link   pcapfile.LinkType
	number uint32 // among the interfaces of the capture, from 0

	until    int64 // frames later than this time are not wanted
	quiet    int   // reads in a row that found nothing
	polledAt int64 // when drops were last asked for
	clock    clockWatch
}

// noLater knows no time: packets are told as they come.
func noLater() (int64, bool) { return 0, false }

// errStopped is the end that was asked for.
var errStopped = errors.New("the capture is over")

// runLive is Run for an interface. One goroutine does it all: the kernel's ring
// is what evens out the load.
func (s *Source) runLive(ctx context.Context, apply func([]flows.Segment) error) error {
	l := s.live
	w := newWorker(&s.opt, nil)
	b := l.newBlock()
	for {
		ended := l.read(ctx, b)
		if len(b.Frames) > 0 {
			if s.limit.reached(w, b) {
				ended = errStopped
			}
			if err := s.saveBlock(b); err != nil {
				ended = err
			}
		}
		if err := s.deliver(w, b, apply); err != nil {
			return err
		}
		now := l.dev.Now()
		switch ended = s.pollDrops(l, now, ended); ended {
		case nil:
			l.gather(b, now)
		case errStopped:
			return nil
		default:
			return &EndError{ended}
		}
	}
}

// newBlock returns a block that the interface can fill.
func (l *live) newBlock() *block {
	b := &block{}
	b.Buf = make([]byte, 0, blockSize+pcapfile.RecordLen+l.dev.SnapLen)
	return b
}

// read fills the block with what comes next, and returns errStopped after what came
// until ctx was done.
func (l *live) read(ctx context.Context, b *block) error {
	if l.until == math.MaxInt64 && ctx.Err() != nil {
		l.until, l.quiet = l.dev.Now(), 0
	}
	ended := l.fill(b)
	l.clock.check(b.Frames, false, noLater)
	if len(b.Frames) > 0 {
		l.quiet = 0
	}
	if ended != errQuiet {
		return ended
	}
	if l.quiet++; l.until == math.MaxInt64 || l.quiet < tailQuiet {
		return nil
	}
	return errStopped
}

// gather pauses if the newest packet is almost as new as the clock: then the ring is
// empty, and when there are many packets it is cheaper to let them gather.
func (l *live) gather(b *block, now int64) {
	gather := l.dev.poll() / gatherShare
	pause := min(gather, gather*int64(l.dev.Buffer)/DefaultBuffer)
	if n := len(b.Frames); n > 0 && l.dev.Pause != nil && now-b.Frames[n-1].Time < pause {
		l.dev.Pause(pause)
	}
}

// fill takes packets until the block is full, or its packets span a longer time
// than they may wait.
func (l *live) fill(b *block) error {
	b.clear(blockSize)
	wait := uint64(l.dev.poll())
	for len(b.Buf) < blockSize {
		data, at, wireLen, err := l.tap.next()
		if err == errQuiet {
			return err
		}
		if err != nil {
			return fmt.Errorf("%s: %w", l.dev.Name, err)
		}
		if at > l.until {
			return errStopped
		}
		b.Frames = append(b.Frames, pcapfile.Frame{
			Time: at, Off: uint32(len(b.Buf)) + pcapfile.RecordLen,
			CapLen: uint32(len(data)), WireLen: max(wireLen, uint32(len(data))), Link: l.link, Iface: l.number,
		})
		b.Buf = pcapfile.AppendRecord(b.Buf, at, wireLen, data)
		if uint64(at-b.Frames[0].Time) > wait { // also if the clock was set back
			break
		}
	}
	return nil
}

// saveBlock saves the block if asked to. It drops frames that could not be saved, so
// that the files tell the same as what was handed to apply.
func (s *Source) saveBlock(b *block) error {
	if s.saver == nil {
		return nil
	}
	n, err := s.saver.Write(&b.Records)
	if err == pcapfile.ErrLastFile {
		err = errStopped
	}
	if n < len(b.Frames) {
		b.truncate(n)
	}
	return err
}

// deliver decodes a block, adds it to the stats and hands its segments to apply.
func (s *Source) deliver(w *worker, b *block, apply func([]flows.Segment) error) error {
	if n := len(b.Frames); n > 0 {
		b.first = s.captured + 1
		if s.live != nil {
			b.runs = append(b.runs[:0], run{frames: n, packet: b.first})
		}
		s.captured += uint64(n)
		w.decode(b)
		s.reassembler.add(b)
		s.stats.addBlock(b)
	}
	s.handAnswers(b)
	return apply(b.segs[:b.n])
}

// pollDrops notes each second, and at the end, what an interface has dropped so far. It
// returns why the capture of it ends, nil if it does not: by ended, or because no
// packet can come.
func (s *Source) pollDrops(l *live, now int64, ended error) error {
	if ended == nil && now-l.polledAt < statsTime {
		return nil
	}
	l.polledAt = now
	if kernel, iface, err := l.tap.drops(); err == nil {
		s.stats.setLiveDrops(int(l.number), kernel, iface)
	}
	if err := l.tap.down(); err != nil && (ended == nil || ended == errStopped) {
		return fmt.Errorf("%s: %w", l.dev.Name, err)
	}
	return ended
}

// noDevice and isDown are told of interfaces.
const (
	noDevice = syscall.ENODEV
	isDown   = syscall.ENETDOWN
)

// A systemLink is an interface by its number, 0 if the system does not know it.
type systemLink struct{ index int }

// down asks the system: what captures waits for an interface to come back.
func (l systemLink) down() error {
	if l.index == 0 {
		return nil
	}
	known, err := net.InterfaceByIndex(l.index)
	switch {
	case err != nil:
		return noDevice
	case known.Flags&net.FlagUp == 0:
		return isDown
	}
	return nil
}

// anyInterface is libpcap's name of all of them together.
const anyInterface = "any"
