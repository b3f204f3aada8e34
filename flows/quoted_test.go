package flows_test

import (
	"fmt"
	"testing"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/flows"
)

// The numbers of streams are those of tshark 4.0.17 on the same packets.
func TestQuoted(t *testing.T) {
	for _, tc := range []struct {
		name, script string
		quoted       map[uint64]bool // frames that an ICMP error quotes
		want         string          // streams
	}{
		{"a SYN that was captured", "0 > S 100:100(0)\n1 > S 100:100(0)\n40001: 2 > S", map[uint64]bool{2: true}, "[0 1]"},
		{"a SYN that was not", "0 > S 100:100(0)\n40001: 2 > S", map[uint64]bool{1: true}, "[1]"},
		{"a SYN that comes later", "0 > S 100:100(0)\n1 > S 100:100(0)\n40001: 2 > S", map[uint64]bool{1: true}, "[0 1]"},
		{"a tuple that another SYN uses later", "0 > S 100:100(0)\n1 > S 999:999(0)\n40001: 2 > S", map[uint64]bool{1: true}, "[0 1]"},
		{"twice", "0 > S 100:100(0)\n1 < S 100:100(0)\n40001: 2 > S", map[uint64]bool{1: true, 2: true}, "[1]"},
		{"data of a connection", opening + "1 > P. 1:4(3) ack 1 \"abc\"\n40001: 2 > S", map[uint64]bool{4: true}, "[0 1]"},
		{"another SYN of the tuple, which is captured later", opening + "1 > S 7777:7777(0)\n2 > S 7777:7777(0)\n40001: 3 > S", map[uint64]bool{4: true}, "[0 1 2]"},
		{"another SYN of the tuple, twice", opening + "1 > S 7777:7777(0)\n2 > S 8888:8888(0)\n40001: 3 > S", map[uint64]bool{4: true, 5: true}, "[0 2]"},
		{"another SYN of the tuple, twice with data between", opening + "1 > S 7777:7777(0)\n2 > P. 1:4(3) ack 1 \"abc\"\n3 > S 8888:8888(0)\n40001: 4 > S",
			map[uint64]bool{4: true, 6: true}, "[0 3]"},
		{"the SYN of a connection that was not captured", "0 > P. 1:4(3) ack 1 \"abc\"\n1 > S 0:0(0)\n40001: 2 > S", map[uint64]bool{2: true}, "[0 1]"},
		{"another SYN of the tuple", opening + "1 > S 7777:7777(0)\n40001: 2 > S", map[uint64]bool{4: true}, "[0 2]"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := flows.NewEngine(flows.Options{}, nil)
			segs := capturetest.Segments(t, tc.script)
			for i := range segs {
				segs[i].Quoted = tc.quoted[segs[i].Num]
				if c := e.Segment(&segs[i]); (c == nil) != segs[i].Quoted {
					t.Errorf("frame %d: got connection %v", segs[i].Num, c)
				}
			}
			var streams []uint32
			e.Each(func(c *flows.Conn) { streams = append(streams, c.Stream) })
			if got := fmt.Sprint(streams); got != tc.want {
				t.Errorf("got streams %s, want %s", got, tc.want)
			}
		})
	}
}

// Quotations of tuples that never come take bounded memory.
func TestQuotedBound(t *testing.T) {
	e := flows.NewEngine(flows.Options{}, nil)
	s := flows.Segment{Quoted: true, Flags: flows.SYN}
	for i := range 40_000 {
		s.SrcPort, s.DstPort, s.Hash = uint16(i), 80, uint32(i)
		e.Segment(&s)
	}
	s = flows.Segment{Flags: flows.SYN, SrcPort: 50_000, DstPort: 80, Hash: 50_000, Print: 1, WindowScale: flows.NoScale}
	if c := e.Segment(&s); c.Stream != 40_000 {
		t.Errorf("got stream %d, want 40000", c.Stream)
	}
}
