package analyze

import (
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse"
)

// TestRepeatsAreBounded holds that neither losses nor repeats take more than their share,
// and that the last are kept.
func TestRepeatsAreBounded(t *testing.T) {
	const n = 4*repeatsKept + 7
	var r repeats
	for i := range int64(n) {
		lost := &flows.Conn{ID: uint64(2*i + 1)}
		x := exchange{requestAt: i * 1e6, requestNum: uint64(2*i + 1), print: uint32(i)<<1 | 1}
		r.lose(lost, &httpState{}, &x, x.requestAt)
		again := x
		again.requestAt, again.requestNum = x.requestAt+1, x.requestNum+1
		if !r.noteRequest(&flows.Conn{ID: lost.ID + 1}, &httpState{}, &again) {
			t.Fatalf("loss %d: the request is no repeat", i)
		}
		r.noteAnswer(again.requestNum, 200)
	}
	if len(r.list) > 2*repeatsKept {
		t.Errorf("got %d repeats kept, want at most %d", len(r.list), 2*repeatsKept)
	}
	told := r.told()
	if len(told) != repeatsKept {
		t.Fatalf("got %d repeats told, want %d", len(told), repeatsKept)
	}
	if last := told[len(told)-1]; last.Packet != 2*n || last.Status != 200 || last.Lost != 2*n-1 {
		t.Errorf("got %+v, want the last one answered", last)
	}
	x := exchange{requestAt: n * 1e6, print: 1}
	if r.noteRequest(&flows.Conn{ID: 1 << 30}, &httpState{}, &x) {
		t.Errorf("a request repeats one that was lost long ago")
	}
}

// TestFingerprint holds what requests must share.
func TestFingerprint(t *testing.T) {
	of := func(raw string) uint32 {
		var bufs httpparse.Buffers
		var p httpparse.Parser
		b := []byte(raw)
		for range 8 {
			n, ev := p.Next(b, &bufs)
			if b = b[n:]; ev == httpparse.HeadDone {
				return fingerprint(p.Head())
			}
		}
		t.Fatalf("%q has no head", raw)
		return 0
	}
	const first = "POST /a/long/target?with=query HTTP/1.1\r\nContent-Length: 5\r\n\r\n"
	if x := of(first); x == 0 || x != of(strings.Replace(first, "\r\n\r\n", "\r\nX-Retry: 1\r\n\r\n", 1)) {
		t.Errorf("got another fingerprint for another field")
	}
	for _, other := range []string{
		strings.Replace(first, "5", "6", 1), strings.Replace(first, "query", "Query", 1), strings.Replace(first, "/a/", "/b/", 1),
		strings.Replace(first, "query", "query2", 1), strings.Replace(first, "Content-Length: 5", "Host: x", 1),
	} {
		if of(other) == of(first) {
			t.Errorf("%q and %q: got one fingerprint for both", first, other)
		}
	}
}
