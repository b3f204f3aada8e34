package evidence_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/evidence"
)

// FuzzRecorder makes evidence of all connections of a capture. It has their packets,
// each with its time, header and length, and right checksums; nothing of a body, and
// of a head what Rewrite leaves; and the evidence of the evidence has nothing else.
func FuzzRecorder(f *testing.F) {
	opened := []byte{0, 4, 0, 0, 0, 12, 5, 0, 0, 0, 8, 0, 0, 0, 0}
	f.Add(slices.Concat(opened, []byte{8, 2, 0, 0x81, 0, 12, 2, 0, 0x87, 0, 12, 2, 0, 0x89, 0, 8, 2, 0, 0xb4, 0, 8, 2, 0, 0x81, 128}), byte(4))
	f.Add(slices.Concat(opened, []byte{8, 2, 0, 0x82, 0, 8, 2, 0, 0xc3, 0, 12, 2, 10, 0x8b, 0}), byte(1))
	f.Add(slices.Concat([]byte{3, 4, 0, 0, 0, 15, 5, 0, 0, 0, 11, 0, 0, 0, 0, 11, 2, 0, 0x8e, 0, 15, 2, 0, 0x8e, 0, 15, 6, 0, 0, 0}), byte(2))
	f.Fuzz(func(t *testing.T, data []byte, how byte) {
		if len(data) > 2000 {
			return
		}
		defer capturetest.Limit(10 * time.Second)()
		file := capturetest.FromBytes(data).Pcap()
		masked := how&4 != 0
		opt := evidence.Options{Anonymous: how&1 != 0, RewriteHello: func([]byte, bool) {}, Rewrite: func(dst, head []byte) []byte {
			if masked {
				head = bytes.Repeat([]byte("x"), len(head))
			}
			return append(dst, head...)
		}}
		segs, conns := analyzed(t, file)
		var ids []uint64
		for i := range conns {
			// All lives of a 4-tuple, or none: what begins another depends on the one before.
			if how&2 == 0 || (conns[i].Client.Port()+conns[i].Server.Port())%2 == 0 {
				ids = append(ids, conns[i].ID)
			}
		}
		proof, numbers := record(t, file, opt, ids...)
		for i, payload := range packets(t, proof) {
			for _, word := range []string{"GET", "Host", "body", "until", "hello"} {
				if masked && strings.Contains(payload, word) {
					t.Errorf("packet %d has %q in its payload %q", i+1, word, payload)
				}
			}
		}
		kept, again := analyzed(t, proof)
		if len(kept) != len(numbers) || len(again) > len(ids) {
			t.Fatalf("%d segments of %d connections, want %d of at most %d", len(kept), len(again), len(numbers), len(ids))
		}
		for i := range kept {
			if diff := cmp.Diff(segs[numbers[i]-1], kept[i], cmpopts.IgnoreFields(flows.Segment{}, "Num", "Payload", "Hash", "Link", "Print", "Note")); diff != "" {
				t.Errorf("packet %d, in the capture (-) and in the evidence (+):\n%s", numbers[i], diff)
			}
		}
		ids = ids[:0]
		for i := range again {
			ids = append(ids, again[i].ID)
		}
		if masked {
			return // there is no message in it any more
		}
		// Zeros where a body was can look less like a message than that did, so there
		// may be less of it the second time.
		twice, _ := record(t, proof, opt, ids...)
		once := packets(t, proof)
		for i, payload := range packets(t, twice) {
			for at := range len(payload) {
				if payload[at] != 0 && (at >= len(once[i]) || payload[at] != once[i][at]) {
					t.Fatalf("packet %d of the evidence of the evidence has %q, of the evidence %q", i+1, payload, once[i])
				}
			}
		}
	})
}

// analyzed returns the segments and the connections of a file, which is whole.
func analyzed(t *testing.T, file []byte) (segs []flows.Segment, conns []analyze.Connection) {
	t.Helper()
	src, err := capture.OpenFiles([]string{"-"}, capture.Options{Stdin: bytes.NewReader(file), Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	a := analyze.New(analyze.Options{})
	if err := src.Run(context.Background(), func(part []flows.Segment) error {
		for i := range part {
			segs = append(segs, part[i])
			segs[len(segs)-1].Payload = nil
		}
		a.Apply(part)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	stats := src.Stats()
	if stats.Damage != nil || stats.TCPPackets != stats.Packets {
		t.Fatalf("got %+v, want a whole file of TCP", stats)
	}
	r := a.Finish(stats.First, stats.Last)
	conns = make([]analyze.Connection, r.Len())
	for i := range conns {
		r.Connection(i, &conns[i])
	}
	return segs, conns
}
