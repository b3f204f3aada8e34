package main

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/part"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// A point that is too large for one worker is divided by pair of addresses: what is counted of
// a client and a server, as the pool that they need, is of one shard. Shards of a point keep the
// numbers of its packets; a part of its own, without connections, says what the captures are.

// Names of the parts of a divided point: that of the captures comes after all shards, and all
// of them where the point would.
const (
	shardMark   = "\x00"
	captureMark = "\x01"
)

// A block holds packets of a shard, compressed, in their order, behind the number of the first
// one; or what is known at the end, behind lastBlock.
const lastBlock = ^uint64(0)

func newBlock(from uint64) []byte { return binary.BigEndian.AppendUint64(nil, from) }

// ending is what a shard is told of all captures.
type ending struct {
	First, Last       int64
	Undecoded, Format string
}

const (
	blockSize    = 1 << 20        // of packets, before they are compressed
	mostInBlocks = 64 << 20       // of what is compressed, in all shards of a point
	mostUnpacked = blockSize * 20 // a block ends with a whole packet, of 16 MiB at most
)

// dividePoint is a worker that reads one point, and emits its packets by shard.
type dividePoint struct {
	TimeWait time.Duration
	Shards   int
}

// ProcessElement reads p. What is a part already is emitted as one.
func (f *dividePoint) ProcessElement(ctx context.Context, p Point, emit func(string, []byte), emitPart func([]byte)) error {
	if p.isPart() {
		return readParts(ctx, &p, emitPart)
	}
	d, err := newDivider(&p, f.Shards, emit)
	if err != nil {
		return err
	}
	defer d.zip.Close()
	read, err := readPoint(ctx, &p, d.apply)
	if err != nil {
		return err
	}
	if err := d.end(read); err != nil {
		return err
	}
	about := read.part(&p, f.TimeWait)
	about.Point += captureMark
	return newBuilder(f.TimeWait).finish(about, read.first, read.last, emitPart)
}

// divider collects the packets of a point in blocks.
type divider struct {
	point  string
	emit   func(string, []byte)
	zip    *zstd.Encoder
	shards []openBlock
	size   int // when a block is full
}

type openBlock struct {
	from uint64
	data []byte
	was  before
}

func newDivider(p *Point, shards int, emit func(string, []byte)) (*divider, error) {
	zip, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return nil, err
	}
	return &divider{p.Name, emit, zip, make([]openBlock, shards), min(blockSize, mostInBlocks/shards)}, nil
}

// apply puts each segment into the block of its shard.
func (d *divider) apply(segs []flows.Segment) {
	for i := range segs {
		s := &segs[i]
		shard := shardOf(s, len(d.shards))
		b := &d.shards[shard]
		if len(b.data) == 0 {
			b.from, b.was = s.Num, before{}
		}
		if b.data = appendSegment(b.data, s, &b.was); len(b.data) >= d.size {
			d.flush(shard)
		}
	}
}

// flush emits the block of a shard.
func (d *divider) flush(shard int) {
	if b := &d.shards[shard]; len(b.data) > 0 {
		d.emit(d.key(shard), d.zip.EncodeAll(b.data, newBlock(b.from)))
		b.data = b.data[:0]
	}
}

func (d *divider) key(shard int) string { return fmt.Sprintf("%s%s%04d", d.point, shardMark, shard) }

// end emits what is left, and tells each shard what is known of all captures.
func (d *divider) end(r *reading) error {
	told, err := json.Marshal(ending{r.first, r.last, r.undecoded, r.meta.Format})
	if err != nil {
		return err
	}
	for shard := range d.shards {
		d.flush(shard)
		d.emit(d.key(shard), append(newBlock(lastBlock), told...))
	}
	return nil
}

// analyseShard is a worker that analyses the packets of one shard, and emits its part.
type analyseShard struct{ TimeWait time.Duration }

// ProcessElement analyses the blocks of a shard, which come in any order.
func (f *analyseShard) ProcessElement(name string, blocks func(*[]byte) bool, emit func([]byte)) error {
	kept, err := keepBlocks(blocks)
	if err != nil {
		return err
	}
	defer kept.remove()
	b := newBuilder(f.TimeWait)
	if err := kept.each(b.analyzer.Apply); err != nil {
		return fmt.Errorf("point %q: %w", strings.ReplaceAll(name, shardMark, ", shard "), err)
	}
	p := &part.Part{Point: name, Version: report.ToolVersion, TimeWait: f.TimeWait, Undecoded: kept.end.Undecoded}
	p.Meta.Format = kept.end.Format // all parts have one
	return b.finish(p, kept.end.First, kept.end.Last, emit)
}

// keptBlocks are blocks in a file, as a shard may be larger than memory.
type keptBlocks struct {
	file *os.File
	list []keptBlock
	size int64
	end  *ending
}

type keptBlock struct {
	from uint64
	at   int64
	n    int
}

// keepBlocks writes blocks to a file of this machine.
func keepBlocks(blocks func(*[]byte) bool) (*keptBlocks, error) {
	file, err := os.CreateTemp("", "kaanalyze-beam")
	if err != nil {
		return nil, err
	}
	k := &keptBlocks{file: file}
	var b []byte
	for blocks(&b) {
		if err := k.keep(b); err != nil {
			k.remove()
			return nil, err
		}
	}
	if k.end == nil {
		k.remove()
		return nil, errTorn
	}
	slices.SortFunc(k.list, func(a, b keptBlock) int { return cmp.Compare(a.from, b.from) })
	return k, nil
}

func (k *keptBlocks) keep(b []byte) error {
	if len(b) < 8 {
		return errTorn
	}
	from, b := binary.BigEndian.Uint64(b), b[8:]
	if from == lastBlock {
		k.end = &ending{}
		return json.Unmarshal(b, k.end)
	}
	if _, err := k.file.Write(b); err != nil {
		return err
	}
	k.list = append(k.list, keptBlock{from, k.size, len(b)})
	k.size += int64(len(b))
	return nil
}

// each hands the segments of all blocks to apply, in order.
func (k *keptBlocks) each(apply func([]flows.Segment)) error {
	zip, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(mostUnpacked))
	if err != nil {
		return err
	}
	defer zip.Close()
	var data, packed []byte
	var segs []flows.Segment
	for _, b := range k.list {
		packed = slices.Grow(packed[:0], b.n)[:b.n]
		if _, err := k.file.ReadAt(packed, b.at); err != nil {
			return err
		}
		if data, err = zip.DecodeAll(packed, data[:0]); err != nil {
			return fmt.Errorf("%w: %w", errTorn, err)
		}
		if segs, err = readSegments(segs[:0], data); err != nil {
			return err
		}
		apply(segs)
	}
	return nil
}

func (k *keptBlocks) remove() {
	_ = k.file.Close()
	_ = os.Remove(k.file.Name())
}
