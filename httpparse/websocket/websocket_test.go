package websocket

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// frames returns what a Reader finds in b, cut into two pieces.
func frames(b []byte, cut int) string {
	var r Reader
	var out strings.Builder
	for _, piece := range [][]byte{b[:cut], b[cut:]} {
		for len(piece) > 0 {
			n, whole := r.Next(piece)
			piece = piece[n:]
			if whole {
				fmt.Fprintf(&out, "%v %v %d, ", r.Frame(), r.Frame().Last, r.Frame().Code)
			}
		}
	}
	if r.IsLost() {
		out.WriteString("lost")
	}
	return out.String()
}

// mask is that of RFC 6455, 5.7.
const mask = "\x37\xfa\x21\x3d"

// TestFrames holds the examples of RFC 6455, 5.7, and Close with and without a mask, at
// every cut.
func TestFrames(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"a text message", "\x81\x05Hello", "message true 0, "},
		{"masked", "\x81\x85" + mask + "\x7f\x9f\x4d\x51\x58", "message true 0, "},
		{"fragmented", "\x01\x03Hel\x80\x02lo", "message false 0, message true 0, "},
		{"a ping and its masked answer", "\x89\x05Hello\x8a\x85" + mask + "\x7f\x9f\x4d\x51\x58", "Ping true 0, Pong true 0, "},
		{"256 bytes", "\x82\x7e\x01\x00" + strings.Repeat("x", 256) + "\x89\x00", "message true 0, Ping true 0, "},
		{"64 KiB", "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00" + strings.Repeat("x", 1<<16) + "\x89\x00", "message true 0, Ping true 0, "},
		{"compressed", "\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00", "message true 0, "},
		{"closed with a code", "\x88\x04\x03\xe9ok", "Close true 1001, "},
		{"closed with a code, masked", "\x88\x82" + mask + "\x34\x12", "Close true 1000, "},
		{"closed without a code", "\x88\x00", "Close true 1005, "},
		{"half a code", "\x88\x01\x03", "Close true 1005, "},
		{"no frame", "HTTP/1.1 200 OK", "lost"},
		{"a control frame in parts", "\x09\x00", "lost"},
		{"a control frame of 126 bytes", "\x89\x7e\x00\x7e", "lost"},
		{"a length that could be shorter", "\x82\x7e\x00\x01x", "lost"},
		{"a length beyond all", "\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff", "lost"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for cut := range min(len(tc.in), 300) + 1 {
				if got := frames([]byte(tc.in), cut); got != tc.want {
					t.Fatalf("cut at %d: got %q, want %q", cut, got, tc.want)
				}
			}
		})
	}
}

// TestGap holds that bytes missing within a payload lose nothing, and that the frames are
// found again where others are missing.
func TestGap(t *testing.T) {
	var r Reader
	if n, whole := r.Next([]byte("\x82\x7d" + "xx")); n != 2 || whole {
		t.Fatalf("the header: got %d, %v", n, whole)
	}
	if n, whole := r.Next([]byte("xx")); n != 2 || whole {
		t.Fatalf("the payload: got %d, %v", n, whole)
	}
	if whole := r.Gap(123); !whole || r.IsLost() || r.Frame().Op != Binary {
		t.Errorf("got %v, lost %v, %+v; want a whole message", whole, r.IsLost(), r.Frame())
	}
	if whole := r.Gap(1); whole || !r.IsLost() || r.Losses() != 1 {
		t.Errorf("got %v, lost %v; want no frame, and the place lost", whole, r.IsLost())
	}
	r.SegmentStart([]byte("\x89\x00\x82\x05He"))
	if !r.IsLost() {
		t.Error("a segment that its frames do not fill: found again")
	}
	r.SegmentStart([]byte("\x89\x00\x82\x02He"))
	if r.IsLost() {
		t.Error("a segment that its frames fill: still lost")
	}
}

// FuzzReader holds that every cut of any bytes gives the same frames.
func FuzzReader(f *testing.F) {
	f.Add([]byte("\x81\x05Hello\x88\x82"+mask+"\x34\x12"), uint16(3))
	f.Add([]byte("\x82\x7e\x01\x00"), uint16(1))
	f.Fuzz(func(t *testing.T, b []byte, cut uint16) {
		at := min(int(cut), len(b))
		if got, want := frames(b, at), frames(b, len(b)); got != want {
			t.Errorf("cut at %d: got %q, want %q", at, got, want)
		}
		var r Reader
		r.Gap(1)
		r.SegmentStart(bytes.Clone(b))
	})
}
