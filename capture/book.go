package capture

import (
	"encoding/binary"
	"math"
	"slices"
	"sync"

	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
)

// A tally is what a worker has counted in its block.
type tally struct {
	bytes               uint64
	cut, tcp, undecoded uint64
}

// maxSecrets and maxDropKeys bound what is kept of a file's claims.
const (
	maxSecrets  = 64 << 20
	maxDropKeys = 1 << 16
)

// The book keeps what has been read so far, block after block. It is safe for
// concurrent use.
type book struct {
	mu      sync.Mutex
	stats   Stats
	secrets [][]byte
	kept    int // bytes of secrets

	totals  map[pcapfile.Drops]uint64 // drops since the capture began, by whatever packets leaves out
	between []betweenDrops            // by source

	origins []origin
}

// betweenDrops are a source's drops as counted from packet to packet. They say
// nothing new where it has totals.
type betweenDrops struct {
	packets       uint64
	known, totals bool
}

// init readies the book for sources of those names.
func (k *book) init(names []string) {
	k.stats.Sources = make([]SourceStats, len(names))
	for i, name := range names {
		k.stats.Sources[i] = SourceStats{Name: name, Size: -1, First: math.MaxInt64, Last: math.MinInt64}
	}
	k.stats.First, k.stats.Last = math.MaxInt64, math.MinInt64
	k.between = make([]betweenDrops, len(names))
	k.totals = map[pcapfile.Drops]uint64{}
}

// describe notes a source's format, once its header has been read.
func (k *book) describe(c *cursor) {
	s, name := &k.stats.Sources[c.source], c.format.Name()
	s.Format, s.Size = name+c.in.suffix, c.in.size
	switch k.stats.Format {
	case "", name:
		k.stats.Format = name
	default:
		k.stats.Format = "mixed"
	}
}

// size returns how many bytes all files have, 0 if one is not known.
func (k *book) size() (n int64) {
	for i := range k.stats.Sources {
		if k.stats.Sources[i].Size < 0 {
			return 0
		}
		n += k.stats.Sources[i].Size
	}
	return n
}

// enter enters a block.
func (k *book) enter(b *block) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.news(&b.Side)
	if k.stats.Damage == nil {
		k.stats.Damage = b.damage
	}
	s := &k.stats
	s.Packets += uint64(len(b.Frames))
	s.Bytes += b.tally.bytes
	s.CutPackets += b.tally.cut
	s.TCPPackets += b.tally.tcp
	s.UndecodedPackets += b.tally.undecoded
	for _, r := range b.runs {
		of := &s.Sources[r.source]
		of.Packets += uint64(r.frames)
		of.First, of.Last = min(of.First, r.first), max(of.Last, r.last)
		s.First, s.Last = min(s.First, r.first), max(s.Last, r.last)
	}
	if len(s.Sources) > 1 && len(b.runs) > 0 {
		k.originate(b)
	}
}

// news enters what a block's records say besides packets.
func (k *book) news(n *pcapfile.SideRecords) {
	s := &k.stats
	for _, l := range n.Links {
		if name := l.String(); !slices.Contains(s.LinkTypes, name) {
			s.LinkTypes = append(s.LinkTypes, name)
		}
	}
	for _, secret := range n.Secrets {
		if k.kept+len(secret) <= maxSecrets {
			k.kept += len(secret)
			k.secrets = append(k.secrets, secret)
		}
	}
	for _, d := range n.Drops {
		k.drop(d)
	}
}

// drop enters lost packets.
func (k *book) drop(d pcapfile.Drops) {
	between := &k.between[d.Source]
	if !d.Total {
		between.packets += d.Packets
		between.known = true
		return
	}
	between.totals = true
	key := d
	key.Packets = 0
	if d.Name != "" {
		key.Source, key.Section, key.Iface = 0, 0, 0
	}
	if _, ok := k.totals[key]; ok || len(k.totals) < maxDropKeys {
		k.totals[key] = max(k.totals[key], d.Packets)
	}
}

// lost enters what a live capture has lost so far.
func (k *book) lost(kernel, iface uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.drop(pcapfile.Drops{Packets: kernel, Total: true})
	k.stats.InterfaceDropped = iface
}

// summary returns the stats as they are now.
func (k *book) summary() Stats {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.stats
	s.Sources = slices.Clone(s.Sources)
	s.LinkTypes = slices.Clone(s.LinkTypes)
	for i := range s.Sources {
		if of := &s.Sources[i]; of.First > of.Last { // no packet with a time
			of.First, of.Last = 0, 0
		}
	}
	if s.First > s.Last {
		s.First, s.Last = 0, 0
	}
	var drops uint64
	known := len(k.totals) > 0
	for _, n := range k.totals {
		drops += n
	}
	for _, b := range k.between {
		if b.known && !b.totals {
			drops, known = drops+b.packets, true
		}
	}
	if known {
		s.KernelDropped = &drops
	}
	return s
}

// An origin says which source frames come from: those from num on, up to the
// next origin's. If several sources alternate, runs holds pairs of varints
// (source, frames), and packets where the sources stood when it began. That
// costs two bytes for every change of source.
type origin struct {
	num     uint64
	source  int
	packet  uint64 // number of the first frame within the source
	runs    []byte
	packets map[int]uint64
}

// originate enters where the frames of a block come from.
func (k *book) originate(b *block) {
	first := b.runs[0]
	if len(b.runs) == 1 {
		if n := len(k.origins); n > 0 {
			o := &k.origins[n-1]
			if o.runs == nil && o.source == first.source && first.packet-o.packet == b.first-o.num {
				return // it goes on
			}
		}
		k.origins = append(k.origins, origin{num: b.first, source: first.source, packet: first.packet})
		return
	}
	o := origin{num: b.first, packets: map[int]uint64{}}
	for _, r := range b.runs {
		if _, ok := o.packets[r.source]; !ok {
			o.packets[r.source] = r.packet
		}
		o.runs = binary.AppendUvarint(o.runs, uint64(r.source))
		o.runs = binary.AppendUvarint(o.runs, uint64(r.frames))
	}
	o.runs = slices.Clip(o.runs)
	k.origins = append(k.origins, o)
}

// origin returns the source of frame num and its number there.
func (k *book) origin(num uint64) (source string, packet uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.stats.Sources
	if num == 0 || num > k.stats.Packets {
		return "", 0
	}
	if len(s) == 1 {
		return s[0].Name, num
	}
	i, ok := slices.BinarySearchFunc(k.origins, num, func(o origin, num uint64) int {
		switch {
		case o.num < num:
			return -1
		case o.num > num:
			return 1
		}
		return 0
	})
	if !ok {
		i--
	}
	o := &k.origins[i]
	if o.runs == nil {
		return s[o.source].Name, o.packet + num - o.num
	}
	seen := map[int]uint64{}
	left := num - o.num
	for runs := o.runs; ; {
		of, n := binary.Uvarint(runs)
		frames, m := binary.Uvarint(runs[n:])
		runs = runs[n+m:]
		if left < frames {
			return s[of].Name, o.packets[int(of)] + seen[int(of)] + left
		}
		left -= frames
		seen[int(of)] += frames
	}
}
