package flows

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// withSeeds runs f with seeds of the hashes that it chooses.
func withSeeds(t *testing.T, seeds [2]uint64, f func()) {
	t.Helper()
	before := hashSeeds
	hashSeeds = seeds
	defer func() { hashSeeds = before }()
	f()
}

// craftedFor returns n clients whose endpoints have one hash with these seeds:
// the lower half of the address makes the product zero, whatever the rest is.
func craftedFor(seeds [2]uint64, n int) []netip.AddrPort {
	list := make([]netip.AddrPort, n)
	for i := range list {
		var ip [16]byte
		binary.BigEndian.PutUint32(ip[:], uint32(i)+1)
		binary.LittleEndian.PutUint64(ip[8:], seeds[0])
		list[i] = netip.AddrPortFrom(netip.AddrFrom16(ip), uint16(i))
	}
	return list
}

// probes returns how many entries a lookup of what is in the table passes at most.
func (t *table) probes() (most int) {
	for i, x := range t.entries {
		if x.conn != 0 {
			most = max(most, (i-int(x.hash))&(len(t.entries)-1))
		}
	}
	return most
}

// TestCraftedSYNs sends SYNs whose hashes are all one with some seeds: with
// others, lookups stay short.
func TestCraftedSYNs(t *testing.T) {
	server := netip.MustParseAddrPort("192.0.2.1:80")
	known := [2]uint64{rand.Uint64(), rand.Uint64()}
	play := func(n int) (most int) {
		e := NewEngine(Options{}, nil)
		for i, client := range craftedFor(known, n) {
			s := NewSegment(client, server, uint32(i), Segment{Time: int64(i) * 1e3, Flags: SYN, Window: 100, WindowScale: NoScale, Num: uint64(i) + 1})
			if e.Segment(&s) == nil {
				t.Fatalf("SYN %d: got a duplicate", i)
			}
		}
		return e.table.probes()
	}
	withSeeds(t, known, func() {
		if got, want := play(1000), 999; got != want {
			t.Errorf("with the seeds that they are made for: got %d probes, want %d", got, want)
		}
	})
	for range 5 {
		withSeeds(t, [2]uint64{rand.Uint64(), rand.Uint64()}, func() {
			if got := play(60_000); got > 250 {
				t.Errorf("with seeds %#x: got %d probes, want few", hashSeeds, got)
			}
		})
	}
}

// TestSeedOfProcess wants seeds that cannot be guessed.
func TestSeedOfProcess(t *testing.T) {
	if hashSeeds[0] == 0 || hashSeeds[1] == 0 || hashSeeds[0] == hashSeeds[1] {
		t.Errorf("got seeds %#x", hashSeeds)
	}
}

// TestSeedsChangeNothing plays the same packets with other seeds.
func TestSeedsChangeNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	play := func(evict bool) (kept []Conn, counts Counts) {
		e := NewEngine(Options{Evict: evict, TimeWait: 1e9}, nil)
		rnd := rand.New(rand.NewPCG(1, 2))
		flags := []Flags{SYN, SYN | ACK, ACK, ACK | PSH, FIN | ACK, RST, RST | ACK}
		for i := range 20_000 {
			ends := []netip.AddrPort{
				netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(rnd.IntN(4))}), uint16(40000+rnd.IntN(200))),
				netip.MustParseAddrPort("192.0.2.1:80"),
			}
			if rnd.IntN(2) == 0 {
				slices.Reverse(ends)
			}
			s := NewSegment(ends[0], ends[1], uint32(rnd.IntN(1<<20)), Segment{
				Time: int64(i) * 1e6, Num: uint64(i) + 1, Flags: flags[rnd.IntN(len(flags))],
				Seq: uint32(rnd.IntN(1000)), Ack: uint32(rnd.IntN(1000)), Len: uint32(rnd.IntN(2)) * 10, Window: 1000, WindowScale: NoScale, TTL: 64,
			})
			e.Segment(&s)
		}
		e.Finish()
		e.Each(func(c *Conn) {
			x := *c
			x.hash = 0
			kept = append(kept, x)
		})
		return kept, e.Counts()
	}
	for _, evict := range []bool{false, true} {
		want, counts := play(evict)
		for _, seeds := range [][2]uint64{{0, 0}, {1, 1 << 63}, {rand.Uint64(), rand.Uint64()}} {
			withSeeds(t, seeds, func() {
				got, gotCounts := play(evict)
				if len(got) == 0 || gotCounts != counts || !cmp.Equal(got, want, cmp.AllowUnexported(Conn{}, half{}), cmp.Comparer(func(a, b *Conn) bool { return true })) {
					t.Errorf("seeds %#x, evict %v: got %d connections and %+v, want %d and %+v, all alike", seeds, evict, len(got), gotCounts, len(want), counts)
				}
			})
		}
	}
}
