package http2

import (
	"bytes"
	"testing"

	"golang.org/x/net/http2"
)

// FuzzReader looks for what x/net/http2 reads and the Reader does not, for crashes, and for
// frames that depend on how the bytes are cut.
func FuzzReader(f *testing.F) {
	for _, w := range wires() {
		f.Add([]byte(w.bytes), uint16(len(w.bytes)/2), w.client)
	}
	f.Fuzz(func(t *testing.T, b []byte, cut uint16, client bool) {
		var whole, pieces Reader
		whole.Begin(client, false)
		pieces.Begin(client, false)
		i := min(int(cut), len(b))
		want := readAll(&whole, string(b))
		if whole.Losses() == 0 { // else the search depends on where segments begin
			got := readAll(&pieces, string(b[:i]), string(b[i:]))
			if len(got) != len(want) {
				t.Fatalf("cut at %d: got %q, want %q", i, got, want)
			}
			for k := range got {
				if got[k] != want[k] {
					t.Fatalf("cut at %d: got %q, want %q", i, got[k], want[k])
				}
			}
			if !client {
				compareFramer(t, b, want)
			}
		}
		var mid Reader
		mid.Begin(client, true)
		readAll(&mid, string(b[:i]), string(b[i:]))
		mid.Gap(uint64(cut))
		readAll(&mid, string(b))
	})
}

// compareFramer compares the number of header blocks and of other frames with what
// x/net/http2 reads, as far as that takes b.
func compareFramer(t *testing.T, b []byte, frames []string) {
	n := 0
	framer := http2.NewFramer(nil, bytes.NewReader(b))
	framer.AllowIllegalReads = true
	framer.SetMaxReadFrameSize(1<<24 - 1)
	for {
		f, err := framer.ReadFrame()
		if err != nil {
			return
		}
		h := f.Header()
		switch h.Type {
		case http2.FrameHeaders, http2.FrameContinuation, http2.FramePushPromise:
			return // blocks may be interrupted
		}
		if n >= len(frames) {
			t.Fatalf("got %d frames, x/net/http2 reads %v", len(frames), h)
		}
		n++
	}
}
