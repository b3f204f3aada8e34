package capture

import "github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"

// ClockFaults are packets whose times cannot be right.
type ClockFaults struct {
	// Absurd is how many have a time before 1988, when tcpdump was written, or from
	// 2100 on, or a fraction of a second that is more than one. The time of the
	// packet before stands for it, if that is none of them.
	Absurd uint64
	// Backwards is how many were captured an hour or more before the packet in
	// front of them in their file. Their times stay.
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

// Bounds of times, in nanoseconds: all but the first and the last are believed, and
// clockStep is how far back a packet may come without being called backwards.
const (
	earliestTime = 567_993_600e9   // the beginning of 1988
	latestTime   = 4_102_444_800e9 // the beginning of 2100
	clockStep    = 3600e9
)

// believable reports whether a packet may have been captured at t.
func believable(t int64) bool { return t >= earliestTime && t < latestTime }

// A clockWatch looks at the times of the packets of a file, in its order.
type clockWatch struct {
	begun   bool
	trusted bool  // a believable time was seen, which is last
	last    int64 // of the packet before
}

// check marks the frames whose times cannot be right, and replaces absurd ones.
// Where the first packet's is absurd it asks later for a time to replace it with.
func (w *clockWatch) check(frames []pcapfile.Frame, later func() (int64, bool)) {
	for i := range frames {
		f := &frames[i]
		if w.trusted && f.Fault == 0 && uint64(f.Time-w.last+clockStep-1) < 2*clockStep-1 { // less than that away
			w.last = f.Time
			continue
		}
		w.odd(f, later)
	}
}

// odd checks a frame that does not just follow the one before.
func (w *clockWatch) odd(f *pcapfile.Frame, later func() (int64, bool)) {
	if f.Kind != pcapfile.TimedPacket || f.WireLen == 0 { // a crash leaves zeros, which read as records of no length
		f.Fault = 0
		if w.trusted {
			f.Time = w.last
		}
		return
	}
	absurd := f.Fault != 0 || !believable(f.Time)
	if absurd && !w.begun {
		w.last, w.trusted = later()
	}
	w.begun = true
	switch {
	case absurd:
		f.Fault = pcapfile.Absurd
		if w.trusted {
			f.Time = w.last
		}
		return
	case w.trusted && f.Time < w.last:
		f.Fault = pcapfile.Backwards
	}
	w.last, w.trusted = f.Time, true
}

// soon is how many packets from the beginning of a file on laterTime looks at.
const soon = 1000

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
			if x := &b.Frames[i]; x.Fault == 0 && x.Kind == pcapfile.TimedPacket && x.WireLen > 0 && believable(x.Time) {
				return x.Time, true
			}
		}
		seen += len(b.Frames)
	}
	return 0, false
}
