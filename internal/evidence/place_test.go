package evidence

import "testing"

// Sequence numbers wrap around, and a stray one moves nothing.
func TestPlace(t *testing.T) {
	var st stream
	want := int64(4e9)
	for range 20 {
		if got := st.place(uint32(want)); got != want {
			t.Fatalf("got place %d, want %d", got, want)
		}
		st.place(uint32(want - 1<<31))
		st.place(uint32(want + 1<<30 + 1))
		want += 1<<30 - 1
	}
}

// What is kept is found at its place, beyond 4 GiB too.
func TestWithin(t *testing.T) {
	st := stream{runs: []run{{10, []byte("abcdef")}, {5 << 30, []byte("ghi")}}}
	for _, test := range []struct {
		at, n, first int64
		want         string
	}{
		{0, 10, 0, ""}, {0, 11, 10, "a"}, {12, 2, 12, "cd"}, {15, 100, 15, "f"}, {16, 100, 0, ""},
		{5<<30 - 1, 3, 5 << 30, "gh"}, {10 + 1<<32, 6, 0, ""},
	} {
		in := st.within(test.at, test.n)
		got, first := "", int64(0)
		if len(in) > 0 {
			got, first = string(in[0].text), in[0].at
		}
		if len(in) > 1 || got != test.want || first != test.first {
			t.Errorf("%d bytes from %d: got %v, want %q at %d", test.n, test.at, in, test.want, test.first)
		}
	}
}

// Without padding a packet ends where bytes are not kept.
func TestPadding(t *testing.T) {
	headers := make([]byte, 40)
	headers[0], headers[32] = 0x45, 0x50
	p := packet{headers: headers, at: 10, n: 20, stream: &stream{runs: []run{{10, []byte("ab")}, {12, []byte("c")}, {15, []byte("d")}}}}
	for padding, want := range map[bool]string{true: "abc\x00\x00d", false: "abc"} {
		if got := string(p.append(nil, padding)[40:]); got != want {
			t.Errorf("padding %v: got %q, want %q", padding, got, want)
		}
	}
}
