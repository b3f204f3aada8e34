package flows

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The table finds what a map would find, also where hashes collide and entries
// are removed from between others.
func TestTableLikeMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tab table
		var all store
		want := map[uint16]handle{}
		segment := func(port uint16) *Segment {
			return &Segment{SrcPort: port, DstPort: 80, Hash: uint32(port % 7 * (minTable - 3))}
		}
		ports := rapid.Uint16Range(0, 99)
		t.Repeat(map[string]func(*rapid.T){
			"insert": func(t *rapid.T) {
				port := ports.Draw(t, "port")
				s := segment(port)
				if at, _, found := tab.find(&all, s); !found {
					h, c := all.take()
					c.port = [2]uint16{port, 80}
					tab.insert(at, s.Hash, h)
					want[port] = h
				}
			},
			"remove": func(t *rapid.T) {
				port := ports.Draw(t, "port")
				if h, ok := want[port]; ok {
					tab.remove(segment(port).Hash, h)
					tab.remove(segment(port).Hash, h) // does nothing
					all.give(h)
					delete(want, port)
				}
			},
			"": func(t *rapid.T) {
				for port := range uint16(100) {
					at, _, found := tab.find(&all, segment(port))
					h, ok := want[port]
					if found != ok || found && tab.entries[at].conn != h {
						t.Fatalf("port %d: got %v, want %v", port, found, ok)
					}
				}
				if tab.used != len(want) || all.count() != len(want) {
					t.Fatalf("got %d used and %d connections, want %d", tab.used, all.count(), len(want))
				}
			},
		})
	})
}

// The table grows with what is in it.
func TestTableGrows(t *testing.T) {
	var tab table
	var all store
	const n = 3 * minTable
	for i := range uint32(n) {
		s := &Segment{SrcPort: uint16(i), Hash: i * 0x9e3779b1}
		at, _, found := tab.find(&all, s)
		if found {
			t.Fatalf("connection %d was there before", i)
		}
		h, c := all.take()
		c.port[0] = uint16(i)
		tab.insert(at, s.Hash, h)
	}
	var got []uint16
	for i := range uint32(n) {
		if at, _, found := tab.find(&all, &Segment{SrcPort: uint16(i), Hash: i * 0x9e3779b1}); found {
			got = append(got, all.at(tab.entries[at].conn).port[0])
		}
	}
	if len(got) != n || !slices.IsSorted(got) {
		t.Errorf("found %d of %d", len(got), n)
	}
}
