package capture

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/kaanalyze/kaanalyze/flows"
)

// overlaps find out whether several files belong together: whether they have hosts in
// common, overlap in time, or hold the same packets at different times. Their memory is
// bounded: of the addresses a bit each is kept, of the packets a sample that is the
// same in every file.
type overlaps struct {
	files  []fileHosts
	sample map[uint64]sampled // by print
	shared map[[2]int]*sharedPackets
}

// hostBits is how many bits stand for the addresses in a file.
const hostBits = 1 << 12

// fileHosts are the addresses in a file.
type fileHosts struct{ bits [hostBits / 64]uint64 }

// sampled is the first packet of a print.
type sampled struct {
	time int64
	file int32
}

const (
	maxSample   = 1 << 16 // packets
	sampleShare = 64      // of the packets without SYN, one of that many
	maxPairs    = 256     // of files that hold the same packets
	maxOffsets  = 256     // of packets in two files
)

// sharedPackets are of packets that two files hold: how much later the second has them,
// in ns.
type sharedPackets struct{ offsets []int64 }

// init readies for that many files.
func (o *overlaps) init(files int) {
	o.files = make([]fileHosts, files)
	o.sample, o.shared = map[uint64]sampled{}, map[[2]int]*sharedPackets{}
}

// add adds a block that is delivered.
func (o *overlaps) add(b *block) {
	segs := b.segs[:b.n]
	num := b.first
	for _, r := range b.runs {
		num += uint64(r.frames)
		for len(segs) > 0 && segs[0].Num < num {
			o.take(r.source, &segs[0])
			segs = segs[1:]
		}
	}
}

// take takes a segment of a file.
func (o *overlaps) take(file int, s *flows.Segment) {
	h := &o.files[file]
	h.set(&s.SrcIP)
	h.set(&s.DstIP)
	if s.Flags&flows.SYN == 0 && s.Print%sampleShare != 0 {
		return
	}
	x, ok := o.sample[s.Print]
	switch {
	case !ok && len(o.sample) < maxSample:
		o.sample[s.Print] = sampled{s.Time, int32(file)}
	case ok && int(x.file) != file:
		o.share(int(x.file), file, s.Time-x.time)
	}
}

// share notes a packet that two files hold.
func (o *overlaps) share(a, b int, offset int64) {
	if a > b {
		a, b, offset = b, a, -offset
	}
	p := o.shared[[2]int{a, b}]
	if p == nil {
		if len(o.shared) >= maxPairs {
			return
		}
		p = &sharedPackets{}
		o.shared[[2]int{a, b}] = p
	}
	if len(p.offsets) < maxOffsets {
		p.offsets = append(p.offsets, offset)
	}
}

// A handful of packets that look the same may be so by chance, and apart by different
// times, as an unanswered SYN that is sent again. A clock that differs does so by as
// much for all packets, within sameOffset.
const (
	leastShared = 3
	sameOffset  = 100 * time.Millisecond
)

// offset returns by how much later most of the packets are in the second file, and
// reports whether most are alike.
func (p *sharedPackets) offset() (ns int64, ok bool) {
	if len(p.offsets) < leastShared {
		return 0, false
	}
	list := slices.Clone(p.offsets)
	slices.Sort(list)
	middle := list[len(list)/2]
	near := 0
	for _, x := range list {
		if x-middle <= int64(sameOffset) && middle-x <= int64(sameOffset) {
			near++
		}
	}
	return middle, near >= leastShared && near*2 > len(list)
}

// warnings says what is odd about files that were given together.
func (o *overlaps) warnings(files []SourceStats) (list []Warning) {
	for _, pair := range o.pairs() {
		ns, ok := o.shared[pair].offset()
		if !ok {
			continue
		}
		a, b := files[pair[0]].Name, files[pair[1]].Name
		switch apart := time.Duration(ns).Abs(); {
		case apart <= sameOffset:
			list = append(list, Warning{"%s and %s hold the same packets: identical ones count once; if they were captured at two places, give only one of the files", []string{a, b}})
		case ns > 0:
			list = append(list, Warning{"%s holds packets of %s " + apart.Round(time.Millisecond).String() + " later" + countsTwice, []string{b, a}})
		default:
			list = append(list, Warning{"%s holds packets of %s " + apart.Round(time.Millisecond).String() + " earlier" + countsTwice, []string{b, a}})
		}
	}
	order := byTime(files)
	return append(append(list, o.strangers(files, order)...), gaps(files, order)...)
}

// countsTwice is what comes of packets that lie too far apart to be known as copies.
const countsTwice = ": packets in both count twice; give only one of the files, or correct its clock with editcap -t"

// pairs returns the pairs of files that hold the same packets, in order.
func (o *overlaps) pairs() [][2]int {
	list := make([][2]int, 0, len(o.shared))
	for pair := range o.shared {
		list = append(list, pair)
	}
	slices.SortFunc(list, func(a, b [2]int) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	return list
}

// byTime returns the indexes of the files that have packets, by the time of the first.
func byTime(files []SourceStats) []int {
	order := make([]int, 0, len(files))
	for i := range files {
		if files[i].Packets > 0 && files[i].First <= files[i].Last {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(files[a].First, files[b].First) })
	return order
}

// strangers says of files that they have no host in common.
func (o *overlaps) strangers(files []SourceStats, order []int) []Warning {
	var among [hostBits]uint8
	for i := range o.files {
		o.files[i].each(func(bit int) { among[bit] = min(among[bit]+1, 2) })
	}
	var alone []string
	for _, i := range order {
		hosts, common := 0, false
		o.files[i].each(func(bit int) { hosts, common = hosts+1, common || among[bit] > 1 })
		if hosts > 0 && !common {
			alone = append(alone, files[i].Name)
		}
	}
	switch {
	case len(alone) == 0 || len(order) < 2:
		return nil
	case len(alone) == len(order):
		return []Warning{{Text: "no two of the files have a host in common: they are not parts of one capture; analyse them one by one, or with --each"}}
	case len(alone) == 1:
		return []Warning{{"%s has no host in common with the other files; analyse it by itself", alone}}
	}
	return []Warning{{"%s and " + strconv.Itoa(len(alone)-1) + " more have no host in common with the other files; analyse them one by one", alone[:1]}}
}

// longApart is how far apart files of one capture are at most, unless it has lasted
// longer: a rotated one goes on at once where there is traffic.
const longApart = time.Hour

// gaps says of files that begin long after all before them have ended.
func gaps(files []SourceStats, order []int) (list []Warning) {
	for n := 1; n < len(order); n++ {
		latest := slices.MaxFunc(order[:n], func(a, b int) int { return cmp.Compare(files[a].Last, files[b].Last) })
		end, next := files[latest].Last, &files[order[n]]
		if gap := next.First - end; gap > max(int64(longApart), end-files[order[0]].First) {
			list = append(list, Warning{"%s begins " + time.Duration(gap).Round(time.Second).String() + " after %s ends; what happened in between was not captured",
				[]string{next.Name, files[latest].Name}})
		}
	}
	return list
}

// set notes an address.
func (h *fileHosts) set(ip *[16]byte) {
	bit := flows.HashEndpoint(ip, 0) % hostBits
	h.bits[bit/64] |= 1 << (bit % 64)
}

// each calls f with the bits that are set.
func (h *fileHosts) each(f func(bit int)) {
	for bit := range hostBits {
		if h.bits[bit/64]>>(bit%64)&1 != 0 {
			f(bit)
		}
	}
}
