package capture

import (
	"cmp"
	"encoding/binary"
	"slices"
	"unsafe"
)

// origins say which of several files each frame comes from. They are made of the
// blocks' runs as they are delivered: a file that passes through costs one entry,
// and files that overlap in time two bytes for each change of file. Findings name
// few packets, so that to find one may take a while: a block's worth of runs.
type origins struct {
	entries []originEntry // by num
	bytes   int           // of memory
	end     uint64        // number of the first frame that is not known, 0 if none
}

// maxOrigins bounds the memory of origins in bytes: about thirty million changes
// of file. What comes after that has no origin.
const maxOrigins = 64 << 20

// An originEntry is where the frames from num on come from, up to those of the
// next entry.
type originEntry struct {
	num    uint64 // of the first frame in the whole capture
	packet uint64 // of the first frame in its file; 0 if runs has it
	source int32

	// runs are those of files that alternate, as varints: the source, the number
	// of frames and, for the first run of a source, the number of the first
	// frame in its file.
	runs []byte
}

// add adds the frames of a block that is delivered.
func (o *origins) add(b *block) {
	switch {
	case len(b.runs) == 0 || o.end != 0:
		return
	case o.bytes >= maxOrigins:
		o.end = b.first
		return
	}
	e := originEntry{num: b.first}
	if first := b.runs[0]; len(b.runs) == 1 {
		e.source, e.packet = int32(first.source), first.packet
		if n := len(o.entries); n > 0 && o.entries[n-1].continuedBy(&e) {
			return
		}
	} else {
		e.runs = encodeRuns(b.runs)
	}
	o.entries = append(o.entries, e)
	o.bytes += int(unsafe.Sizeof(e)) + cap(e.runs)
}

// continuedBy reports whether next's frames are those that follow e's in one file.
func (e *originEntry) continuedBy(next *originEntry) bool {
	return e.runs == nil && e.source == next.source && next.packet-e.packet == next.num-e.num
}

// encodeRuns returns runs as an originEntry keeps them.
func encodeRuns(runs []run) []byte {
	b := make([]byte, 0, 2*len(runs)+8)
	var seen []int
	for _, r := range runs {
		b = binary.AppendUvarint(b, uint64(r.source))
		b = binary.AppendUvarint(b, uint64(r.frames))
		if !slices.Contains(seen, r.source) {
			seen = append(seen, r.source)
			b = binary.AppendUvarint(b, r.packet)
		}
	}
	return slices.Clip(b)
}

// find returns the index of the file that frame num comes from and the frame's
// number there, which is 0 if it is not known. num must have been added.
func (o *origins) find(num uint64) (source int, packet uint64) {
	if o.end != 0 && num >= o.end {
		return 0, 0
	}
	i, found := slices.BinarySearchFunc(o.entries, num, func(e originEntry, num uint64) int { return cmp.Compare(e.num, num) })
	if !found {
		i--
	}
	e := &o.entries[i]
	if e.runs == nil {
		return int(e.source), e.packet + num - e.num
	}
	next := map[uint64]uint64{} // number in its file of the frame that comes next
	uvarint := func(b []byte) (uint64, []byte) {
		x, n := binary.Uvarint(b)
		return x, b[n:]
	}
	left := num - e.num
	for b := e.runs; len(b) > 0; {
		var of, frames uint64
		of, b = uvarint(b)
		frames, b = uvarint(b)
		at, seen := next[of]
		if !seen {
			at, b = uvarint(b)
		}
		if left < frames {
			return int(of), at + left
		}
		left -= frames
		next[of] = at + frames
	}
	return 0, 0
}

// An Origin says where a packet comes from, and those that follow it up to the next Origin.
type Origin struct {
	Num    uint64 // in the whole capture
	Packet uint64 // in its file, 0 if that is not known
	Source int    // the file, as an index of [Stats.Sources]
}

// allOrigins yields all origins.
func (s *runningStats) allOrigins(yield func(Origin) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.origins.entries {
		e := &s.origins.entries[i]
		if e.runs == nil {
			if !yield(Origin{e.num, e.packet, int(e.source)}) {
				return
			}
			continue
		}
		for x := range e.each {
			if !yield(x) {
				return
			}
		}
	}
	if s.origins.end != 0 {
		yield(Origin{Num: s.origins.end})
	}
}

// each yields the runs of files that alternate.
func (e *originEntry) each(yield func(Origin) bool) {
	next := map[uint64]uint64{} // number in its file of the frame that comes next
	num := e.num
	for b := e.runs; len(b) > 0; {
		of, n := binary.Uvarint(b)
		frames, m := binary.Uvarint(b[n:])
		b = b[n+m:]
		at, seen := next[of]
		if !seen {
			at, n = binary.Uvarint(b)
			b = b[n:]
		}
		if !yield(Origin{num, at, int(of)}) {
			return
		}
		num += frames
		next[of] = at + frames
	}
}
