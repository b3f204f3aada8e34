package httpparse

import (
	"fmt"
	"math"
	"testing"
)

// TestRequestLengths holds that a request's length and the hash of its target, which share
// a word, do not change each other.
func TestRequestLengths(t *testing.T) {
	for _, target := range []string{"/", "/a/longer/target?that=has&more=than+eight+bytes"} {
		for _, n := range []int64{-1, 0, 1, 1<<39 - 2, 1<<39 - 1, 1 << 39, 1<<40 - 1, 1 << 40, 1 << 62, math.MaxInt64} {
			field := ""
			if n >= 0 {
				field = fmt.Sprintf("Content-Length: %d\r\n", n)
			}
			h, r := ScanHead([]byte("POST " + target + " HTTP/1.1\r\n" + field + "\r\n"))
			if r != Complete || h.ContentLength() != n {
				t.Errorf("%s with length %d: got %v and length %d", target, n, r, h.ContentLength())
			}
			if got := h.TargetHash(); (got != 0) != (n < 1<<39-1) || got >= 1<<hashBits {
				t.Errorf("%s with length %d: got hash %x", target, n, got)
			}
		}
	}
}

// TestTargetHash holds that targets of one hash are the same, also when they came in
// pieces.
func TestTargetHash(t *testing.T) {
	of := func(line string) uint32 {
		h, _ := ScanHead([]byte(line + "\r\n\r\n"))
		return h.TargetHash()
	}
	seen := map[uint32]string{}
	for _, target := range []string{"/", "/a", "/b", "/ab", "/ba", "/abcdefgh", "/abcdefgi", "/bbcdefgh", "/abcdefghabcdefgh", "/0", "/00", "/000"} {
		x := of("GET " + target + " HTTP/1.1")
		if x == 0 || seen[x] != "" || x != of("POST "+target+" HTTP/1.0") {
			t.Errorf("%s: got %x, as %q", target, x, seen[x])
		}
		seen[x] = target
	}
	if x := of("HTTP/1.1 200 OK"); x != 0 {
		t.Errorf("a response: got %x", x)
	}
	var p Parser
	var bufs Buffers
	for _, c := range []byte("GET /abcdefgh HTTP/1.1\r\n\r\n") {
		for b := []byte{c}; len(b) > 0; {
			n, _ := p.Next(b, &bufs)
			b = b[n:]
		}
	}
	if got, want := p.Head().TargetHash(), of("GET /abcdefgh HTTP/1.1"); got != want {
		t.Errorf("byte by byte: got %x, want %x", got, want)
	}
}
