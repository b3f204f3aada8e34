package capture

import "github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"

// ClockFaults are packets whose times cannot be right.
type ClockFaults struct {
	// Absurd is how many have a time before 1988, when tcpdump was written, or from
	// 2100 on, a fraction of a second that is more than one, or a time that is an hour
	// or more away from those of the packets before and behind it, which are less than
	// an hour apart. The time of the packet before stands for it, if there is one that
	// can be right.
	Absurd uint64
	// Backwards is how many were captured an hour or more before the packet in
	// front of them in their file, with others that follow. Their times stay: the
	// clock was set, or files were joined.
	Backwards uint64

	// AbsurdPackets and BackwardPackets are the numbers of the first few.
	AbsurdPackets, BackwardPackets []uint64
}

// namedFaults is how many packets of each kind are named.
const namedFaults = 3

// note adds the packet num.
func (c *ClockFaults) note(fault pcapfile.ClockFault, num uint64) {
	count, list := &c.Absurd, &c.AbsurdPackets
	if fault == pcapfile.Backwards {
		count, list = &c.Backwards, &c.BackwardPackets
	}
	*count++
	if len(*list) < namedFaults {
		*list = append(*list, num)
	}
}

// add adds what a later block has.
func (c *ClockFaults) add(b *ClockFaults) {
	c.Absurd += b.Absurd
	c.Backwards += b.Backwards
	c.AbsurdPackets = append(c.AbsurdPackets, b.AbsurdPackets[:min(len(b.AbsurdPackets), namedFaults-len(c.AbsurdPackets))]...)
	c.BackwardPackets = append(c.BackwardPackets, b.BackwardPackets[:min(len(b.BackwardPackets), namedFaults-len(c.BackwardPackets))]...)
}

// Bounds of times, in nanoseconds: those between the first and the last are believed.
// clockStep is how far apart consecutive packets are when their times are looked at
// more closely.
const (
	earliestTime = 567_993_600e9   // the beginning of 1988
	latestTime   = 4_102_444_800e9 // the beginning of 2100
	clockStep    = 3600e9
)

// believable reports whether a packet may have been captured at t.
func believable(t int64) bool { return t >= earliestTime && t < latestTime }

// A clockWatch looks at the times of the packets of a file, in its order.
type clockWatch struct {
	waits   bool // check leaves frames out that only later ones tell to be right or not
	begun   bool
	trusted bool  // a believable time was seen, which is last
	last    int64 // of the packet before
}

// check marks the frames whose times cannot be right, and replaces absurd ones. No
// frames follow if it is the end. Where the first packet's time is absurd, it asks
// later for one to replace it with. It returns how many frames it has checked: the others
// are to be checked again, with those that follow.
func (w *clockWatch) check(frames []pcapfile.Frame, end bool, later func() (int64, bool)) int {
	for i := range frames {
		f := &frames[i]
		if w.trusted && f.Fault == 0 && near(f.Time, w.last) {
			w.last = f.Time
			continue
		}
		if !w.odd(f, frames[i+1:], end, later) {
			return i
		}
	}
	return len(frames)
}

// near reports whether two times are less than clockStep apart, whatever they are.
func near(a, b int64) bool { return uint64(a-b+clockStep-1) < 2*clockStep-1 }

// hasTime reports whether f is a packet with a time. A crash leaves zeros in a file,
// which read as records of no length.
func hasTime(f *pcapfile.Frame) bool { return f.Kind == pcapfile.TimedPacket && f.WireLen > 0 }

// odd checks a frame that does not just follow the one before. It reports false if the
// frames behind it do not tell enough yet.
func (w *clockWatch) odd(f *pcapfile.Frame, next []pcapfile.Frame, end bool, later func() (int64, bool)) bool {
	if !hasTime(f) {
		f.Fault = 0
		if w.trusted {
			f.Time = w.last
		}
		return true
	}
	absurd := f.Fault != 0 || !believable(f.Time)
	if absurd && !w.begun {
		w.last, w.trusted = later()
	}
	w.begun = true
	if !absurd && w.trusted {
		alone, known := w.alone(f, next, end)
		if !known && w.waits {
			return false
		}
		absurd = alone
	}
	switch {
	case absurd:
		f.Fault = pcapfile.Absurd
		if w.trusted {
			f.Time = w.last
		}
		return true
	case w.trusted && f.Time < w.last:
		f.Fault = pcapfile.Backwards
	}
	w.last, w.trusted = f.Time, true
	return true
}

// alone reports whether the packet behind f goes on where the one before it was, or f
// is the last one and the clock would have been set back for it alone, and whether that
// is known: of f at the end of a block it is not.
func (w *clockWatch) alone(f *pcapfile.Frame, next []pcapfile.Frame, end bool) (alone, known bool) {
	size := 0
	for i := range next[:min(len(next), soon)] {
		n := &next[i]
		if hasTime(n) && n.Fault == 0 && believable(n.Time) {
			return near(n.Time, w.last), true
		}
		if size += int(n.CapLen); size > soonBytes {
			return false, true
		}
	}
	return end && len(next) < soon && f.Time < w.last, end || len(next) >= soon
}

// soon is how many packets are looked at for a time that is believed, and soonBytes how
// many bytes of them may wait for it.
const (
	soon      = 1000
	soonBytes = 1 << 20
)

// laterTime returns the first believable time of the packets at the beginning of the
// file, which it opens for that once more. It does not if it is a pipe.
func (f *fileReader) laterTime() (int64, bool) {
	if !f.in.regular {
		return 0, false
	}
	again := &fileReader{name: f.name, unwatched: true}
	if again.open() != nil {
		return 0, false
	}
	defer again.close()
	for seen := 0; seen < soon && !again.ended; {
		var b block
		again.read(&b, probeSize)
		for i := range b.Frames[:min(len(b.Frames), soon-seen)] {
			if x := &b.Frames[i]; hasTime(x) && x.Fault == 0 && believable(x.Time) {
				return x.Time, true
			}
		}
		seen += len(b.Frames)
	}
	return 0, false
}
