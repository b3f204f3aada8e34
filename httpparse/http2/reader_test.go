package http2

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/http2/hpack"
)

// frame makes a frame.
func frame(kind Type, flags Flags, stream uint32, payload string) string {
	n := len(payload)
	return string([]byte{byte(n >> 16), byte(n >> 8), byte(n), byte(kind), byte(flags), byte(stream >> 24), byte(stream >> 16), byte(stream >> 8), byte(stream)}) + payload
}

// unhex reads bytes as the RFC prints them.
func unhex(s string) string {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return string(b)
}

// block encodes fields, given as name, value, name, value.
func block(e *hpack.Encoder, buf *bytes.Buffer, fields ...string) string {
	buf.Reset()
	for i := 0; i < len(fields); i += 2 {
		e.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	return buf.String()
}

// say tells of a frame in a line.
func say(r *Reader) string {
	f := r.Frame()
	s := fmt.Sprintf("%v %d", f.Type, f.Stream)
	switch f.Type {
	case Headers, PushPromise:
		x := r.Fields()
		if x.Request() {
			s += fmt.Sprintf(" %s %s%s", x.Method, x.Authority, x.Path)
		} else {
			s += fmt.Sprintf(" %d", x.Status)
		}
		if x.GRPCStatus != "" {
			s += " grpc " + x.GRPCStatus
		}
		if x.Unknown {
			s += " unknown"
		}
		if f.Type == PushPromise {
			s += fmt.Sprintf(" promises %d", f.Promised)
		}
	case RSTStream:
		s += " " + f.Code.String()
	case GoAway:
		s += fmt.Sprintf(" %v last %d %q", f.Code, f.Last, f.Debug)
	case Ping:
		s += fmt.Sprintf(" %x", f.Opaque)
	case WindowUpdate:
		s += fmt.Sprintf(" %d", f.Increment)
	case Settings:
		s += fmt.Sprintf(" %v", f.Set)
	}
	if f.Has(EndStream) && (f.Type == Headers || f.Type == Data) {
		s += " end"
	}
	return s
}

// readAll reads pieces, each a segment, and tells of the frames.
func readAll(r *Reader, pieces ...string) (all []string) {
	for i, p := range pieces {
		b := []byte(p)
		for len(b) > 0 {
			n, whole := r.Next(b, int64(i), uint64(i+1))
			if whole {
				all = append(all, say(r))
			}
			b = b[n:]
		}
	}
	return all
}

// A wire is the bytes of one direction and the frames that they are.
type wire struct {
	name   string
	client bool
	bytes  string
	want   []string
}

// wires are examples; the header blocks of RFC 7541 are those of its appendix.
func wires() []wire {
	var buf bytes.Buffer
	e := hpack.NewEncoder(&buf)
	long := block(e, &buf, ":method", "GET", ":path", "/"+strings.Repeat("x", 300), ":authority", "a.example", "user-agent", "test")
	return []wire{
		{"requests without Huffman coding (C.3)", true, Preface +
			frame(Settings, 0, 0, "") +
			frame(Headers, EndHeaders|EndStream, 1, unhex("8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d")) +
			frame(Headers, EndHeaders|EndStream, 3, unhex("8286 84be 5808 6e6f 2d63 6163 6865")) +
			frame(Headers, EndHeaders|EndStream, 5, unhex("8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65")),
			[]string{"SETTINGS 0 {-1 -1 -1 -1}", "HEADERS 1 GET www.example.com/ end", "HEADERS 3 GET www.example.com/ end", "HEADERS 5 GET www.example.com/index.html end"}},
		{"requests with Huffman coding (C.4)", true, Preface +
			frame(Headers, EndHeaders|EndStream, 1, unhex("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff")) +
			frame(Headers, EndHeaders|EndStream, 3, unhex("8286 84be 5886 a8eb 1064 9cbf")) +
			frame(Headers, EndHeaders|EndStream, 5, unhex("8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf")),
			[]string{"HEADERS 1 GET www.example.com/ end", "HEADERS 3 GET www.example.com/ end", "HEADERS 5 GET www.example.com/index.html end"}},
		{"responses without Huffman coding (C.5)", false,
			frame(Headers, EndHeaders, 1, unhex("4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d")) +
				frame(Headers, EndHeaders, 3, unhex("4803 3330 37c1 c0bf")) +
				frame(Headers, EndHeaders, 5, unhex("88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31")),
			[]string{"HEADERS 1 302", "HEADERS 3 307", "HEADERS 5 200"}},
		{"a request with a literal that is not put into the table, one that is, and one that never is (C.2)", true, Preface +
			frame(Headers, EndHeaders|EndStream, 1, unhex("82 040c 2f73 616d 706c 652f 7061 7468 400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572 1008 7061 7373 776f 7264 0673 6563 7265 74")),
			[]string{"HEADERS 1 GET /sample/path end"}},
		{"responses with Huffman coding, in a table of 256 bytes, from which entries go (C.6)", false,
			frame(Headers, EndHeaders, 1, unhex("3fe1 01 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3")) +
				frame(Headers, EndHeaders, 3, unhex("4883 640e ffc1 c0bf")) +
				frame(Headers, EndHeaders, 5, unhex("88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07")),
			[]string{"HEADERS 1 302", "HEADERS 3 307", "HEADERS 5 200"}},
		{"a block in three frames, with padding and priority", true, Preface +
			frame(Headers, Padded|Prioritize|EndStream, 7, "\x03\x00\x00\x00\x00\x10"+long[:10]+"\x00\x00\x00") +
			frame(Continuation, 0, 7, long[10:200]) + frame(Continuation, EndHeaders, 7, long[200:]),
			[]string{"HEADERS 7 GET a.example/" + strings.Repeat("x", 300) + " end"}},
		{"all other frames", false,
			frame(Settings, 0, 0, "\x00\x03\x00\x00\x00\x64\x00\x04\x00\x01\x00\x00\x00\x99\x00\x00\x00\x01") + frame(Settings, Ack, 0, "") +
				frame(Data, Padded, 1, "\x02abc\x00\x00") + frame(Data, EndStream, 1, "") + frame(Priority, 0, 3, "\x00\x00\x00\x01\x05") +
				frame(PushPromise, EndHeaders, 1, "\x00\x00\x00\x02\x82\x84\x86") + frame(Type(0x10), 0xff, 0, "an extension") +
				frame(Ping, 0, 0, "\x01\x02\x03\x04\x05\x06\x07\x08") + frame(WindowUpdate, 0, 0, "\x00\x00\x03\xe8") +
				frame(RSTStream, 0, 5, "\x00\x00\x00\x07") + frame(GoAway, 0, 0, "\x7f\xff\xff\xff\x00\x00\x00\x0btoo_many_pings"),
			[]string{"SETTINGS 0 {-1 100 65536 -1}", "SETTINGS 0 {-1 -1 -1 -1}", "DATA 1", "DATA 1 end", "PRIORITY 3", "PUSH_PROMISE 1 GET / promises 2", "frame of type 16 0",
				"PING 0 102030405060708", "WINDOW_UPDATE 0 1000", "RST_STREAM 5 REFUSED_STREAM", `GOAWAY 0 ENHANCE_YOUR_CALM last 2147483647 "too_many_pings"`}},
		{"a failed call of gRPC", false,
			frame(Headers, EndHeaders, 1, unhex("88")) + frame(Data, 0, 1, "\x00\x00\x00\x00\x00") + frame(Headers, EndHeaders|EndStream, 1, "\x00\x0bgrpc-status\x0214"),
			[]string{"HEADERS 1 200", "DATA 1", "HEADERS 1 0 grpc 14 end"}},
	}
}

// Frames are the same however the bytes are cut.
func TestReader(t *testing.T) {
	for _, w := range wires() {
		begin := func() *Reader {
			r := &Reader{}
			r.Begin(w.client, false)
			return r
		}
		if got := readAll(begin(), w.bytes); !cmp.Equal(got, w.want) {
			t.Errorf("%s: got, then want\n%s", w.name, cmp.Diff(got, w.want))
		}
		if got := readAll(begin(), strings.Split(w.bytes, "")...); !cmp.Equal(got, w.want) {
			t.Errorf("%s, byte by byte: got, then want\n%s", w.name, cmp.Diff(got, w.want))
		}
		for i := range w.bytes {
			if got := readAll(begin(), w.bytes[:i], w.bytes[i:]); !cmp.Equal(got, w.want) {
				t.Errorf("%s, cut at %d: got, then want\n%s", w.name, i, cmp.Diff(got, w.want))
			}
		}
	}
}

// What is unusual is told, and what comes after it is read on.
func TestReaderStrange(t *testing.T) {
	get := frame(Headers, EndHeaders|EndStream, 5, "\x82\x84\x86")
	for _, x := range []struct {
		name   string
		pieces []string
		lost   bool
		want   []string
	}{
		{"no preface", []string{"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"}, true, nil},
		{"padding longer than the frame", []string{Preface + frame(Headers, Padded|EndHeaders, 1, "\x09\x82")}, true, nil},
		{"a PING of five bytes, then a segment with frames", []string{Preface + frame(Ping, 0, 0, "12345"), get + frame(Ping, 0, 0, "12345678")}, false,
			[]string{"HEADERS 5 GET / end", "PING 0 3132333435363738"}},
		{"a block that another frame interrupts", []string{Preface + frame(Headers, 0, 3, "\x82") + get}, false, []string{"HEADERS 5 GET / end"}},
		{"an index beyond the table", []string{Preface + frame(Headers, EndHeaders, 3, "\x82\xff\x20") + get}, false, []string{"HEADERS 3 GET  unknown", "HEADERS 5 GET / end"}},
		{"a string longer than allowed", []string{Preface + frame(Headers, 0, 3, "\x82\x04\x7f\xff\xff\x7f") + frame(Continuation, EndHeaders, 3, strings.Repeat("x", 40000)) + get}, false,
			[]string{"HEADERS 3 GET  unknown", "HEADERS 5 GET / end"}},
		{"a frame of 16 MiB", []string{Preface + frame(Data, 0, 3, strings.Repeat("\x00", 1<<24-1)) + get}, false, []string{"DATA 3", "HEADERS 5 GET / end"}},
	} {
		var r Reader
		r.Begin(true, false)
		if got := readAll(&r, x.pieces...); !cmp.Equal(got, x.want) || r.IsLost() != x.lost {
			t.Errorf("%s: lost %v, want %v; got, then want\n%s", x.name, r.IsLost(), x.lost, cmp.Diff(got, x.want))
		}
	}
}

// A gap within DATA is counted; after any other the frames are found where a segment
// begins with them, or behind what is left of a frame.
func TestReaderGap(t *testing.T) {
	var buf bytes.Buffer
	e := hpack.NewEncoder(&buf)
	one := frame(Headers, EndHeaders, 1, block(e, &buf, ":status", "200", "server", "old"))
	two := frame(Headers, EndHeaders, 3, block(e, &buf, ":status", "404", "server", "new"))
	three := frame(Headers, EndHeaders, 5, block(e, &buf, ":status", "404", "server", "new"))
	old := frame(Headers, EndHeaders, 7, block(e, &buf, ":status", "200", "server", "old"))
	body := frame(Data, EndStream, 1, strings.Repeat("b", 100))
	type piece struct {
		gap uint64
		b   string
	}
	for _, x := range []struct {
		name   string
		pieces []piece
		want   []string
	}{
		{"within DATA", []piece{{0, one + body[:20]}, {50, ""}, {0, body[70:] + two}}, []string{"HEADERS 1 200", "DATA 1 end", "HEADERS 3 404"}},
		{"up to the end of DATA", []piece{{0, one + body[:20]}, {uint64(len(body) - 20), ""}, {0, two}}, []string{"HEADERS 1 200", "DATA 1 end", "HEADERS 3 404"}},
		{"over a block that the next ones rest on", []piece{{0, one + body}, {uint64(len(two)), ""}, {0, three + old}}, []string{"HEADERS 1 200", "DATA 1 end", "HEADERS 5 404 unknown", "HEADERS 7 200 unknown"}},
		{"into DATA, with frames behind it", []piece{{0, one}, {20, ""}, {0, body[20:] + two + frame(Ping, 0, 0, "12345678") + old}}, []string{"HEADERS 1 200", "HEADERS 3 404", "PING 0 3132333435363738", "HEADERS 7 200 unknown"}},
	} {
		var r Reader
		r.Begin(false, false)
		var got []string
		for i, p := range x.pieces {
			if p.gap > 0 && r.Gap(p.gap) {
				got = append(got, say(&r))
			}
			b := []byte(p.b)
			for len(b) > 0 {
				n, whole := r.Next(b, int64(i), uint64(i))
				if whole {
					got = append(got, say(&r))
				}
				b = b[n:]
			}
		}
		if !cmp.Equal(got, x.want) {
			t.Errorf("%s: got, then want\n%s", x.name, cmp.Diff(got, x.want))
		}
	}
}

// Midstream, frames are found, and what the newer entries of the table say is known.
func TestReaderMidstream(t *testing.T) {
	var buf bytes.Buffer
	e := hpack.NewEncoder(&buf)
	block(e, &buf, ":method", "GET", ":path", "/before", ":authority", "a.example")
	fields := []string{":method", "GET", ":path", "/after", ":authority", "a.example"}
	first := frame(Headers, EndHeaders|EndStream, 101, block(e, &buf, fields...))
	second := frame(Headers, EndHeaders|EndStream, 103, block(e, &buf, fields...))
	for _, x := range []struct {
		name   string
		pieces []string
		want   []string
	}{
		{"at a frame", []string{first, second}, []string{"HEADERS 101 GET /after unknown end", "HEADERS 103 GET /after unknown end"}},
		{"in DATA", []string{strings.Repeat("body", 500), "body" + first, first + second}, []string{"HEADERS 101 GET /after unknown end", "HEADERS 103 GET /after unknown end"}},
		{"zeros are no frames", []string{strings.Repeat("\x00", 5000)}, nil},
	} {
		var r Reader
		r.Begin(true, true)
		if got := readAll(&r, x.pieces...); !cmp.Equal(got, x.want) {
			t.Errorf("%s: got, then want\n%s", x.name, cmp.Diff(got, x.want))
		}
	}
}

// Segments of other protocols are not taken for frames.
func TestMayBegin(t *testing.T) {
	for _, x := range []struct {
		b    string
		want bool
	}{
		{frame(Headers, EndHeaders, 1, "\x88"), true},
		{frame(WindowUpdate, 0, 0, "\x00\x00\x10\x00") + frame(Data, 0, 1, strings.Repeat("x", 5000))[:1000], true},
		{frame(Data, 0, 1, "x"), false},
		{frame(Data, 0, 0, ""), false},
		{"\x00\x00\x00\x04abcd", false},
		{"\x00\x00\x00\x1b\x00\x03\x00\x01\x00\x00\x00\x01\x00\x09consumer-1\x00\x00\x00\x01\x00", false}, // Kafka
		{"\x4a\x00\x00\x00\x0a8.0.35\x00\x08\x00\x00\x00", false},                                         // MySQL
		{"*1\r\n$4\r\nPING\r\n", false},                                                                   // Redis
		{"", false},
	} {
		if got := MayBegin([]byte(x.b)); got != x.want {
			t.Errorf("%q: got %v, want %v", x.b, got, x.want)
		}
	}
}

// Header blocks cannot make the reader keep much.
func TestReaderBounded(t *testing.T) {
	var r Reader
	r.Begin(true, false)
	r.AllowTable(1 << 32)
	pieces := []string{Preface + frame(Headers, 0, 1, "\x3f\xe1\xff\x03")} // the table may have 64 KiB
	big := frame(Continuation, 0, 1, "\x40\x01a\x7f\x81\x3e"+strings.Repeat("v", 8064))
	for range 2000 {
		pieces = append(pieces, big)
	}
	bomb := frame(Continuation, 0, 1, strings.Repeat("\xbe", 16000)) // the same entry again and again
	for range 50 {
		pieces = append(pieces, bomb)
	}
	pieces = append(pieces, frame(Continuation, EndHeaders, 1, "\x82"))
	if got := readAll(&r, pieces...); len(got) != 1 || !strings.HasPrefix(got[0], "HEADERS 1 GET") {
		t.Errorf("got %q, want one request", got)
	}
}

// TestData holds which bytes are those of DATA, however they are cut: neither padding nor
// its length, nor what other frames hold.
func TestData(t *testing.T) {
	all := frame(Data, 0, 1, "one") + frame(Ping, 0, 0, "12345678") + frame(Data, Padded, 3, "\x02three\x00\x00") + frame(Data, 0, 1, "") +
		frame(Data, EndStream, 1, "more")
	for cut := 1; cut <= len(all); cut++ {
		var r Reader
		got := map[uint32]string{}
		for rest := []byte(all); len(rest) > 0; rest = rest[min(cut, len(rest)):] {
			for b := rest[:min(cut, len(rest))]; len(b) > 0; {
				if stream, n := r.Data(); stream != 0 {
					got[stream] += string(b[:min(uint32(len(b)), n)])
				}
				n, _ := r.Next(b, 0, 1)
				b = b[n:]
			}
		}
		if want := map[uint32]string{1: "onemore", 3: "three"}; cmp.Diff(want, got) != "" || r.IsLost() {
			t.Errorf("in parts of %d: got %v, lost %v; want %v", cut, got, r.IsLost(), want)
		}
	}
}
