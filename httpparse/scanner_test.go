package httpparse

import (
	"bytes"
	"strings"
	"testing"
)

// checkScanner checks that what a Scanner remembers changes nothing: for b, for
// b again, and for what differs from it in one byte or in length.
func checkScanner(t *testing.T, b []byte) {
	t.Helper()
	var s Scanner
	like := bytes.Clone(b)
	check := func(b []byte, what string) {
		t.Helper()
		if got, want := s.Scan(b), Scan(b); got != want {
			t.Fatalf("%s: Scanner has %x, Scan %x, for %q", what, got, want, b)
		}
	}
	check(b, "first")
	check(b, "again")
	for i := range like {
		like[i] ^= 0x20
		check(like, "one byte differs")
		like[i] ^= 0x20
		if i >= 1<<10 {
			break
		}
	}
	check(b, "after others")
	for n := range min(len(b), 1<<10) {
		check(b[:n], "cut")
	}
	check(append(like, "more"...), "longer")
}

func TestScanner(t *testing.T) {
	for _, tt := range completeHeads {
		t.Run(tt.name, func(t *testing.T) { checkScanner(t, []byte(tt.text)) })
	}
	for _, size := range []int{maxScanned, maxScanned + 1} {
		const frame = "GET / HTTP/1.1\r\nX: \r\n\r\n"
		head := strings.Replace(frame, "X: ", "X: "+strings.Repeat("a", size-len(frame)), 1)
		checkScanner(t, []byte(head))
		checkScanner(t, []byte(head+"GET / HTTP/1.1\r\n\r\n"))
	}
}

// Heads that share a slot take turns in it.
func TestScannerTurns(t *testing.T) {
	var s Scanner
	for range 3 {
		for _, path := range []string{"/a", "/b", "/c"} {
			head := []byte("GET /same/prefix" + path + " HTTP/1.1\r\nHost: " + path[1:] + "\r\n\r\n")
			if got, want := s.Scan(head), Scan(head); got != want || got == (Head{}) {
				t.Errorf("%s: got %x, want %x", path, got, want)
			}
		}
	}
}
