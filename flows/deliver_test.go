package flows_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/kaanalyze/kaanalyze/flows"
)

// collector keeps the payload of the initiator.
type collector struct {
	ignore
	got   []byte
	next  uint32 // sequence number that must come next
	wrong bool   // another one came
	gaps  uint64
}

func (r *collector) Data(_ *flows.Conn, from flows.Side, d *flows.Data) {
	if from == flows.Initiator {
		r.wrong = r.wrong || d.Seq != r.next || d.Now < d.Time
		r.got = append(r.got, d.Payload...)
		r.next = d.Seq + uint32(len(d.Payload))
	}
}

func (r *collector) Gap(_ *flows.Conn, _ flows.Side, n uint64) { r.gaps += n }

// However a stream of bytes is cut into segments, reordered and sent again, the
// consumer sees each byte once and in order; and what the capture does not hold
// as gaps of that length.
func TestDeliveryOfAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		isn := rapid.SampledFrom([]uint32{1000, 1<<32 - 50, 1<<31 - 50}).Draw(t, "isn")
		stream := make([]byte, rapid.IntRange(1, 300).Draw(t, "bytes"))
		for i := range stream {
			stream[i] = byte(i)
		}
		type part struct{ from, to int }
		var parts []part
		for at := 0; at < len(stream); {
			to := min(len(stream), at+rapid.IntRange(1, 40).Draw(t, "size"))
			parts = append(parts, part{at, to})
			at = to
		}
		lost := -1
		if rapid.Bool().Draw(t, "lossy") {
			lost = rapid.IntRange(0, len(parts)-1).Draw(t, "lost")
		}
		sent := rapid.Permutation(parts).Draw(t, "order")
		for range rapid.IntRange(0, 5).Draw(t, "again") {
			from := rapid.IntRange(0, len(stream)-1).Draw(t, "from")
			sent = append(sent, part{from, rapid.IntRange(from+1, len(stream)).Draw(t, "to")})
		}

		r := &collector{next: isn + 1}
		e := flows.NewEngine(flows.Options{}, r)
		now, id := int64(1e18), uint32(0)
		play := func(s flows.Segment) {
			now, id = now+1e5, id+1
			s.Time, s.Num = now, uint64(id)
			s = flows.NewSegment(client, server, id, s)
			e.Segment(&s)
		}
		play(flows.Segment{Flags: flows.SYN, Seq: isn})
		missing := make([]bool, len(stream))
		for i := range missing {
			missing[i] = true
		}
		for _, p := range sent {
			if lost >= 0 && p.from < parts[lost].to && p.to > parts[lost].from {
				continue
			}
			for i := p.from; i < p.to; i++ {
				missing[i] = false
			}
			play(flows.Segment{Flags: flows.ACK, Seq: isn + 1 + uint32(p.from), Payload: stream[p.from:p.to]})
		}
		play(flows.Segment{Flags: flows.FIN | flows.ACK, Seq: isn + 1 + uint32(len(stream))})
		e.Finish()

		var want []byte
		gaps := uint64(0)
		for i, b := range stream {
			if missing[i] {
				gaps++
			} else {
				want = append(want, b)
			}
		}
		if !bytes.Equal(r.got, want) || r.gaps != gaps || r.wrong && gaps == 0 {
			t.Errorf("got %d bytes, gaps of %d, out of place %v; want %d bytes as they were sent, and gaps of %d", len(r.got), r.gaps, r.wrong, len(want), gaps)
		}
		if got := e.Conn(1).Missing(flows.Initiator); got != gaps {
			t.Errorf("got %d bytes missing, want %d", got, gaps)
		}
	})
}

// Payload that is handed over late says when it came and when its turn was.
func TestDataTimes(t *testing.T) {
	var got []flows.Data
	e := flows.NewEngine(flows.Options{}, keeper{data: &got})
	for i, s := range []flows.Segment{
		{Flags: flows.SYN, Seq: 0},
		{Flags: flows.ACK, Seq: 4, Payload: []byte("def"), Note: flows.Note{A: 2}},
		{Flags: flows.ACK, Seq: 1, Payload: []byte("abc"), Note: flows.Note{A: 1}},
		{Flags: flows.ACK, Seq: 6, Payload: []byte("fgh"), Note: flows.Note{A: 3}},
		{Flags: flows.ACK, Seq: 8, Len: 9, Payload: []byte("h")},
		{Flags: flows.ACK, Seq: 14, Len: 9, Payload: []byte("n")},
	} {
		s.Num, s.Time = uint64(i+1), int64(i+1)*1e9
		s = flows.NewSegment(client, server, uint32(i), s)
		e.Segment(&s)
	}
	want := []flows.Data{
		{Payload: []byte("abc"), Seq: 1, Time: 3e9, Num: 3, Now: 3e9, Note: flows.Note{A: 1}},
		{Payload: []byte("def"), Seq: 4, Time: 2e9, Num: 2, Now: 3e9, Note: flows.Note{A: 2}},
		{Payload: []byte("gh"), Seq: 7, Time: 4e9, Num: 4, Now: 4e9}, // not a whole segment: without note
		{Seq: 9, Cut: 8, Time: 5e9, Num: 5, Now: 5e9},
		{Seq: 17, Cut: 6, Time: 6e9, Num: 6, Now: 6e9},
	}
	if diff := cmp.Diff(got, want, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("got, then want\n%s", diff)
	}
}

// keeper keeps a copy of all data.
type keeper struct {
	ignore
	data *[]flows.Data
}

func (k keeper) Data(_ *flows.Conn, _ flows.Side, d *flows.Data) {
	x := *d
	x.Payload = bytes.Clone(d.Payload)
	*k.data = append(*k.data, x)
}

// TestDataWithFINAfterRST holds that data counts which comes after the RST of its
// receiver, also where a FIN ends it.
func TestDataWithFINAfterRST(t *testing.T) {
	_, conns, r := follow(t, opening+`
1.000 > F. 1:1(0) ack 1
1.020 < P. 1:4(3) ack 2 "abc"
1.021 > R  2:2(0)
1.022 < FP. 4:7(3) ack 2 "def"
1.023 > R  2:2(0)`)
	if got := r.data[flows.Responder]; !strings.HasPrefix(got, "abc") || !strings.Contains(got, "def") || conns[0].Missing(flows.Responder) != 0 {
		t.Errorf("got %q, %d missing, want both segments", got, conns[0].Missing(flows.Responder))
	}
}
