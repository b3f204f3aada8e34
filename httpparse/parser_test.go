package httpparse

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
)

// An event in a trace, and the number of bytes before its end. The places of
// Lost and NotHTTP depend on how the bytes come and are not noted.
type traced struct {
	What string
	At   int
}

// tracer drives a parser and writes down what it answers.
type tracer struct {
	t       testing.TB
	p       Parser
	bufs    Buffers
	answers []Method // methods of the requests that final responses answer
	started bool     // HeadStart came, HeadDone not yet
	recent  []byte   // all bytes so far
	trace   []traced
}

func (r *tracer) add(what string) { r.trace = append(r.trace, traced{what, len(r.recent)}) }

// write gives the parser a segment.
func (r *tracer) write(b []byte) {
	r.p.SegmentStart(b)
	for left := 2*len(b) + 8; ; left-- {
		if left < 0 {
			r.t.Fatalf("no end at %v with %d bytes left", r.p.State(), len(b))
		}
		n, ev := r.p.Next(b, &r.bufs)
		if n < 0 || n > len(b) {
			r.t.Fatalf("Next took %d of %d bytes", n, len(b))
		}
		r.recent = append(r.recent, b[:n]...)
		b = b[n:]
		r.event(ev)
		if ev == None {
			if len(b) > 0 {
				r.t.Fatalf("None with %d bytes left at %v", len(b), r.p.State())
			}
			return
		}
	}
}

func (r *tracer) event(ev Event) {
	switch ev {
	case HeadStart:
		if r.started {
			r.t.Fatal("HeadStart twice")
		}
		r.started = true
	case HeadDone:
		r.started = false
		r.head()
	case MessageDone:
		r.add("done")
	case Lost, NotHTTP:
		r.started = false
		r.trace = append(r.trace, traced{What: ev.String()})
	}
}

func (r *tracer) head() {
	h := r.p.Head()
	raw := r.recent[len(r.recent)-h.Len():]
	if held := r.p.RawHead(&r.bufs); held != nil && !bytes.Equal(held, raw) {
		r.t.Fatalf("RawHead = %q, want %q", held, raw)
	}
	if r.p.AtStart() {
		r.t.Fatal("AtStart between HeadDone and Frame")
	}
	r.add(describe(h, raw))
	answered := NoMethod
	if h.Kind() == Response && len(r.answers) > 0 {
		answered = r.answers[0]
		if h.Status() >= 200 {
			r.answers = r.answers[1:]
		}
	}
	f := r.p.Frame(answered)
	r.add(f.String())
	if n, known := r.p.Remaining(); f == Counted && (!known || n != h.ContentLength()) {
		r.t.Fatalf("Remaining = %d, %v, want %d", n, known, h.ContentLength())
	}
}

// close ends the direction and returns the trace.
func (r *tracer) close() []traced {
	r.trace = append(r.trace, traced{What: "end " + r.p.Close(&r.bufs).String()})
	if r.bufs.InUse() != 0 {
		r.t.Fatalf("%d buffers in use after Close", r.bufs.InUse())
	}
	return r.trace
}

// describe writes a head as the wire examples do.
func describe(h Head, raw []byte) string {
	var w strings.Builder
	if h.Kind() == Request {
		fmt.Fprintf(&w, "head %v %q", h.Method(), h.Target(raw))
		if host := h.Host(raw); len(host) > 0 {
			fmt.Fprintf(&w, " host %q", host)
		}
	} else {
		fmt.Fprintf(&w, "head %d", h.Status())
	}
	fmt.Fprintf(&w, " HTTP/1.%d", h.Minor())
	if h.Persistent() {
		w.WriteString(" persistent")
	}
	for _, x := range []struct {
		name string
		n    int64
	}{{"length", h.ContentLength()}, {"timeout", int64(h.KeepAliveTimeout())}, {"max", int64(h.KeepAliveMax())}} {
		if x.n >= 0 {
			fmt.Fprintf(&w, " %s %d", x.name, x.n)
		}
	}
	if h.Flags() != 0 {
		fmt.Fprintf(&w, " %v", h.Flags())
	}
	return w.String()
}

// example is a wire example: bytes and the trace that they must give.
type example struct {
	name    string
	wire    []byte
	answers []Method
	want    []traced
}

func readExamples(t testing.TB) []example {
	names, err := filepath.Glob("../testdata/http/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatalf("no wire examples: %v", err)
	}
	var all []example
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		ex := example{name: strings.TrimSuffix(filepath.Base(name), ".txt")}
		for i, line := range strings.Split(string(text), "\n") {
			if err := ex.line(strings.TrimSpace(line)); err != nil {
				t.Fatalf("%s:%d: %v", name, i+1, err)
			}
		}
		all = append(all, ex)
	}
	return all
}

func (ex *example) line(line string) error {
	switch word, rest, _ := strings.Cut(line, " "); {
	case line == "" || line[0] == '#':
	case line[0] == '"':
		for line != "" {
			quoted, err := strconv.QuotedPrefix(line)
			if err != nil {
				return fmt.Errorf("%s: %w", line, err)
			}
			s, err := strconv.Unquote(quoted)
			if err != nil {
				return fmt.Errorf("%s: %w", quoted, err)
			}
			ex.wire = append(ex.wire, s...)
			line = strings.TrimSpace(line[len(quoted):])
		}
	case word == "answers":
		for _, m := range strings.Fields(rest) {
			ex.answers = append(ex.answers, methodOf([]byte(m)))
		}
	case word == "end", line == "lost", line == "not http":
		ex.want = append(ex.want, traced{What: line})
	default:
		ex.want = append(ex.want, traced{line, len(ex.wire)})
	}
	return nil
}

// read gives a parser the pieces, each as a segment, and returns the trace.
func (ex *example) read(t testing.TB, pieces ...[]byte) []traced {
	r := tracer{t: t, answers: ex.answers}
	for _, b := range pieces {
		// A copy that is spoilt afterwards shows whether the parser keeps it.
		b = bytes.Clone(b)
		r.write(b)
		for i := range b {
			b[i] = 0xff
		}
	}
	return r.close()
}

func split(b []byte, size int) (pieces [][]byte) {
	for len(b) > size {
		pieces = append(pieces, b[:size])
		b = b[size:]
	}
	return append(pieces, b)
}

// A parser that is lost resumes at a segment, so where segments begin matters
// behind that point: the trace up to it must be the same. At the end of the
// bytes, what is no head may not have been found out yet.
func untilLost(trace []traced) []traced {
	for i, e := range trace {
		if e.What == "lost" || e.What == "not http" || e.What == "end lost" {
			return append(trace[:i:i], traced{What: "lost"})
		}
	}
	return trace
}

func TestWireExamples(t *testing.T) {
	for _, ex := range readExamples(t) {
		t.Run(ex.name, func(t *testing.T) {
			if diff := cmp.Diff(ex.read(t, ex.wire), ex.want); diff != "" {
				t.Fatalf("whole (-got +want):\n%s", diff)
			}
			want := untilLost(ex.want)
			for _, size := range []int{1, 2, 3, 7, 64} {
				if diff := cmp.Diff(untilLost(ex.read(t, split(ex.wire, size)...)), want); diff != "" {
					t.Fatalf("in segments of %d bytes (-got +want):\n%s", size, diff)
				}
			}
			for i := range ex.wire {
				if diff := cmp.Diff(untilLost(ex.read(t, ex.wire[:i], ex.wire[i:])), want); diff != "" {
					t.Fatalf("cut at byte %d (-got +want):\n%s", i, diff)
				}
			}
		})
	}
}

// The fast path and Next must leave a parser in the same place.
func TestTakeHead(t *testing.T) {
	for _, ex := range readExamples(t) {
		var slow, fast Parser
		var bufs Buffers
		b := ex.wire
		for len(b) > 0 && fast.AtStart() {
			h := Scan(b)
			n, ev := slow.Next(b, &bufs)
			if h == (Head{}) || ev != HeadDone {
				break
			}
			fast.TakeHead(h)
			if fast != slow {
				t.Fatalf("%s: parser %+v, want %+v", ex.name, fast, slow)
			}
			b = b[n:]
			slow.Frame(GET)
			fast.Frame(GET)
			n, _ = slow.Next(b, &bufs)
			if m, _ := fast.Next(b, &bufs); m != n || fast != slow {
				t.Fatalf("%s: body of %d, parser %+v, want %d, %+v", ex.name, m, fast, n, slow)
			}
			b = b[n:]
		}
	}
}

func TestParserIsSmall(t *testing.T) {
	typ := reflect.TypeFor[Parser]()
	if typ.Size() > 48 {
		t.Errorf("a parser takes %d bytes, want at most 48", typ.Size())
	}
	for i := range typ.NumField() {
		switch k := typ.Field(i).Type.Kind(); k {
		case reflect.Pointer, reflect.Slice, reflect.Map, reflect.String, reflect.Interface:
			t.Errorf("field %s is a %v", typ.Field(i).Name, k)
		}
	}
	if n := unsafe.Sizeof(Head{}); n > 24 {
		t.Errorf("a head takes %d bytes, want at most 24", n)
	}
}

// step is what happens in a story about missing bytes: a segment, or a number
// of bytes that were not captured.
type step struct {
	data string
	skip int64
	lose bool
}

func TestSkip(t *testing.T) {
	const (
		counted = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
		chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		close1  = "HTTP/1.1 200 OK\r\n\r\n"
		next    = "HTTP/1.1 204 No Content\r\n\r\n"
	)
	for _, tt := range []struct {
		name  string
		steps []step
		want  string
	}{
		{"inside a counted body", []step{{data: counted + "01"}, {skip: 5}, {data: "789" + next}}, "head, counted, done, head, no body, done, end clean"},
		{"nothing", []step{{data: "HTTP/1.1 2"}, {skip: 0}, {data: "04 x\r\n\r\n"}}, "head, no body, done, end clean"},
		{"rest of a counted body", []step{{data: counted + "01"}, {skip: 8}, {data: next}}, "head, counted, done, head, no body, done, end clean"},
		{"rest of a counted body, and no more", []step{{data: counted}, {skip: 10}, {}}, "head, counted, done, end clean"},
		{"in two parts", []step{{data: counted}, {skip: 4}, {skip: 6}, {data: next}}, "head, counted, done, head, no body, done, end clean"},
		{"beyond a counted body", []step{{data: counted + "01"}, {skip: 9}, {data: next}}, "head, counted, done, lost, head, no body, done, end clean"},
		{"beyond it in two parts", []step{{data: counted}, {skip: 10}, {skip: 1}, {data: "x"}, {data: next}}, "head, counted, done, lost, head, no body, done, end clean"},
		{"inside chunk data", []step{{data: chunked + "5\r\n0"}, {skip: 3}, {data: "4\r\n0\r\n\r\n"}}, "head, chunked, done, end clean"},
		{"rest of chunk data", []step{{data: chunked + "5\r\n0"}, {skip: 4}, {data: "\r\n0\r\n\r\n"}}, "head, chunked, done, end clean"},
		{"beyond chunk data", []step{{data: chunked + "5\r\n0"}, {skip: 5}, {data: "\n0\r\n\r\n"}, {data: next}}, "head, chunked, lost, head, no body, done, end clean"},
		{"inside a chunk size", []step{{data: chunked + "5"}, {skip: 1}, {data: "\n"}}, "head, chunked, lost, end lost"},
		{"inside trailers", []step{{data: chunked + "0\r\nA"}, {skip: 1}, {data: "\r\n\r\n"}}, "head, chunked, lost, end lost"},
		{"body until close", []step{{data: close1}, {skip: 1 << 40}, {data: next}}, "head, until close, end body complete"},
		{"inside a head", []step{{data: "HTTP/1.1 200 OK\r\nContent-"}, {skip: 9}, {data: "\r\n\r\n"}, {data: next}}, "lost, head, no body, done, end clean"},
		{"inside a head, message right behind", []step{{data: "HTTP/1.1 200 OK\r\nContent-"}, {skip: 9}, {data: next}}, "lost, head, no body, done, end clean"},
		{"between messages", []step{{data: next}, {skip: 100}, {data: "tail"}, {data: next}}, "head, no body, done, lost, head, no body, done, end clean"},
		{"after an empty line's CR", []step{{data: next + "\r"}, {skip: 1}, {data: "x"}}, "head, no body, done, lost, end lost"},
		{"twice while lost", []step{{skip: 1}, {skip: 1}, {data: next}}, "lost, head, no body, done, end clean"},
		{"while not HTTP", []step{{data: "\x00"}, {skip: 1}, {data: next}}, "not http, end lost"},
		{"to the end", []step{{data: counted}, {skip: 3}}, "head, counted, end body cut"},
		{"midstream", []step{{lose: true}, {data: "tail of a body"}, {data: next}}, "head, no body, done, end clean"},
		{"midstream, at once", []step{{lose: true}, {data: next + next}}, "head, no body, done, head, no body, done, end clean"},
		{"resumed, then garbage", []step{{lose: true}, {data: next + "\x00"}, {data: next}}, "head, no body, done, lost, head, no body, done, end clean"},
		{"resumed at what only begins like a message", []step{{lose: true}, {data: "GET /"}, {data: " is a verb\r\n"}, {data: next}}, "lost, head, no body, done, end clean"},
		{"a request among responses is body", []step{{data: next}, {skip: 1}, {data: "GET / HTTP/1.1\r\n\r\n"}, {data: next}}, "head, no body, done, lost, head, no body, done, end clean"},
		{"lost in a head", []step{{data: "HTTP/1.1 200 OK\r\nA"}, {lose: true}, {data: next}}, "head, no body, done, end clean"},
		{"fault in a chunk, resumed", []step{{data: chunked + "x\r\n" + next}, {data: next}}, "head, chunked, lost, head, no body, done, end clean"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := tracer{t: t}
			for _, s := range tt.steps {
				switch {
				case s.lose:
					r.p.Lose()
				case s.data == "" && s.skip != 0:
					r.p.Skip(s.skip)
				default:
					r.write([]byte(s.data))
				}
			}
			var got []string
			for _, e := range r.close() {
				if strings.HasPrefix(e.What, "head ") {
					e.What = "head"
				}
				got = append(got, e.What)
			}
			if s := strings.Join(got, ", "); s != tt.want {
				t.Errorf("got  %s\nwant %s", s, tt.want)
			}
		})
	}
}

// The client's side of an upgrade: the caller learns of it from the other.
func TestTunnel(t *testing.T) {
	r := tracer{t: t}
	r.write([]byte("CONNECT a:1 HTTP/1.1\r\n\r\nGET / HT"))
	r.p.Tunnel()
	r.write([]byte("TP/1.1\r\n\r\n"))
	want := []traced{{`head CONNECT "a:1" host "a:1" HTTP/1.1 persistent`, 24}, {"no body", 24}, {"done", 24}, {What: "end tunnel ended"}}
	if diff := cmp.Diff(r.close(), want); diff != "" {
		t.Errorf("-got +want:\n%s", diff)
	}
}

func TestHeadStart(t *testing.T) {
	var p Parser
	var bufs Buffers
	for i, tt := range []struct {
		in    string
		n     int
		ev    Event
		start bool
		state State
	}{
		{"\r\n", 2, None, true, stateStart},
		{"G", 1, HeadStart, false, stateHead},
		{"", 0, None, false, stateHead},
		{"ET / HTTP/1.1\r", 14, None, false, stateHead},
		{"\n\r\nGET", 3, HeadDone, false, stateFrame},
	} {
		n, ev := p.Next([]byte(tt.in), &bufs)
		if n != tt.n || ev != tt.ev || p.AtStart() != tt.start || p.State() != tt.state {
			t.Fatalf("step %d: Next = %d, %v, at start %v, %v; want %+v", i, n, ev, p.AtStart(), p.State(), tt)
		}
	}
	if got := string(p.RawHead(&bufs)); got != "GET / HTTP/1.1\r\n\r\n" {
		t.Errorf("raw head %q", got)
	}
	if f := p.Frame(NoMethod); f != NoBody {
		t.Errorf("framing %v", f)
	}
	if n, ev := p.Next(nil, &bufs); n != 0 || ev != MessageDone {
		t.Errorf("Next = %d, %v, want 0, message done", n, ev)
	}
	if p.RawHead(&bufs) != nil || bufs.InUse() != 0 || !p.AtStart() {
		t.Errorf("raw head %q, %d buffers in use, at start %v after the message", p.RawHead(&bufs), bufs.InUse(), p.AtStart())
	}
}

func TestFrameNotCalled(t *testing.T) {
	var p Parser
	var bufs Buffers
	p.Next([]byte(nginxHead), &bufs)
	if n, ev := p.Next(make([]byte, 1030), &bufs); n != 1024 || ev != MessageDone {
		t.Errorf("Next = %d, %v, want 1024, message done", n, ev)
	}
	if f := p.Frame(GET); f != Unframed || !p.AtStart() {
		t.Errorf("Frame between messages = %v, at start %v; want unframed, true", f, p.AtStart())
	}
}

func TestLongHeads(t *testing.T) {
	endless := append([]byte("GET / HTTP/1.1\r\nX: "), bytes.Repeat([]byte("a"), 2*MaxHead)...)
	for _, size := range []int{1, 1000, 1448, len(endless)} {
		r := tracer{t: t}
		for _, b := range split(endless, size) {
			r.write(b)
			if n := r.bufs.Bytes(); n > 64<<10 {
				t.Fatalf("in segments of %d bytes: %d bytes buffered", size, n)
			}
		}
		if diff := cmp.Diff(r.close(), []traced{{What: "lost"}, {What: "end lost"}}); diff != "" {
			t.Errorf("in segments of %d bytes (-got +want):\n%s", size, diff)
		}
	}
	fits := append(bytes.Clone(endless[:MaxHead-4]), "\r\n\r\n"...)
	r := tracer{t: t}
	for _, b := range split(fits, 1448) {
		r.write(b)
	}
	if got := r.close(); len(got) != 4 || got[2] != (traced{"done", MaxHead}) {
		t.Errorf("a head of %d bytes: got %v", MaxHead, got)
	}
}

// Text that is not HTTP is not held until it is as long as a head may be.
func TestStraddlingGarbageIsDroppedEarly(t *testing.T) {
	r := tracer{t: t}
	r.write([]byte("USER"))
	r.write([]byte(" anonymous"))
	r.write([]byte(" and a line end follows\r\n"))
	if got := r.p.State(); got != stateNotHTTP {
		t.Errorf("state %v, want not http", got)
	}
	r.close()
}

// At the end, bytes that no head begins with are not called a head.
func TestCloseLooksAtTheLastBytes(t *testing.T) {
	for _, tt := range []struct {
		last string
		want EndKind
	}{{"a: b", HeadCut}, {"\x00", WasLost}} {
		r := tracer{t: t}
		r.write([]byte("GETTING"))
		if tt.want == HeadCut {
			r.write([]byte(" / HTTP/1.1\r\n"))
		}
		for _, c := range tt.last {
			r.write([]byte{byte(c)})
		}
		if got := r.p.Close(&r.bufs); got != tt.want {
			t.Errorf("behind %q: ended %v, want %v", tt.last, got, tt.want)
		}
	}
}

func TestBuffersAreBounded(t *testing.T) {
	bufs := Buffers{limit: 4 * minBuffer}
	parsers := make([]Parser, 6)
	for i := range parsers {
		_, ev := parsers[i].Next([]byte("GET / HTTP/1.1\r\n"), &bufs)
		if want := [...]Event{HeadStart, HeadStart, HeadStart, HeadStart, Lost, Lost}[i]; ev != want {
			t.Errorf("parser %d: got %v, want %v", i, ev, want)
		}
	}
	if n, ev := parsers[0].Next(make([]byte, minBuffer), &bufs); n != minBuffer || ev != Lost {
		t.Errorf("more than fits: Next = %d, %v, want %d, lost", n, ev, minBuffer)
	}
	for i := range parsers {
		want := HeadCut
		if i == 0 || i >= 4 {
			want = WasLost
		}
		if got := parsers[i].Close(&bufs); got != want {
			t.Errorf("parser %d: ended %v, want %v", i, got, want)
		}
		if parsers[i] != (Parser{}) {
			t.Errorf("parser %d is not as new: %+v", i, parsers[i])
		}
	}
	if bufs.InUse() != 0 || bufs.Bytes() > bufs.limit {
		t.Errorf("%d in use, %d bytes", bufs.InUse(), bufs.Bytes())
	}
	if _, ev := parsers[5].Next([]byte("GET / HTTP/1.1\r\n"), &bufs); ev != HeadStart {
		t.Errorf("after all were given back: %v", ev)
	}
}

// Buffers keeps few idle buffers, and no large one.
func TestBuffersGiveBack(t *testing.T) {
	var bufs Buffers
	var handles []int32
	for i := range 1000 {
		handles = append(handles, bufs.hold(make([]byte, 1+i%2*3*keptBuffer)))
	}
	if n := bufs.Bytes(); n != 500*minBuffer+500*4*keptBuffer {
		t.Errorf("%d bytes in use", n)
	}
	for _, h := range handles {
		bufs.release(h)
	}
	if n := bufs.Bytes(); n != maxIdle*minBuffer || bufs.InUse() != 0 {
		t.Errorf("%d bytes idle, %d in use; want %d, 0", n, bufs.InUse(), maxIdle*minBuffer)
	}
	if h := bufs.hold([]byte("x")); string(bufs.get(h)) != "x" {
		t.Errorf("got %q from a buffer that was used before", bufs.get(h))
	}
}

func TestParserAllocatesNothing(t *testing.T) {
	var p Parser
	var bufs Buffers
	wire := []byte(nginxHead + strings.Repeat("x", 1024))
	if n := testing.AllocsPerRun(100, func() {
		for _, b := range [][]byte{wire[:100], wire[100:300], wire[300:]} {
			for len(b) > 0 {
				n, ev := p.Next(b, &bufs)
				if ev == HeadDone {
					p.Frame(GET)
				}
				b = b[n:]
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
