package httpparse

import (
	"bufio"
	"bytes"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func FuzzScanHead(f *testing.F) {
	for _, tt := range completeHeads {
		f.Add([]byte(tt.text))
	}
	for _, ex := range readExamples(f) {
		f.Add(ex.wire)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, r := scanned(t, b)
		Detect(b)
		if w := Scan(b); w != (Head{}) && (r != Complete || w != h.pack().withTarget(b)) {
			t.Fatalf("Scan = %x, ScanHead %v, packed %x", w, r, h.pack().withTarget(b))
		}
		checkPrefixes(t, b, h, r)
		checkScanner(t, b)
		if r != Complete {
			return
		}
		raw := b[:h.length]
		if host := h.pack().Host(raw); !bytes.Contains(raw, host) {
			t.Fatalf("host %q is not in the head", host)
		}
		if cl, ok := Field(raw, "content-length"); h.flags.Has(HasCL) && !h.flags.Has(LeadingEmptyLines) && !ok {
			t.Fatalf("Field(content-length) = %q, %v", cl, ok)
		}
	})
}

// checkPrefixes checks that a verdict on part of the bytes agrees with that on
// all of them.
func checkPrefixes(t *testing.T, b []byte, h parsedHead, r Result) {
	for i := 0; i <= min(len(b), 300); i++ {
		part, pr := scanned(t, b[:i])
		switch {
		case pr == NeedMore && r == Complete && i >= int(h.length):
			t.Fatalf("first %d bytes want more, the head has %d", i, h.length)
		case pr == NeedMore:
		case pr != r, pr == Complete && part != h:
			t.Fatalf("first %d bytes: %v, %+v; all: %v, %+v", i, pr, part, r, h)
		}
	}
}

func FuzzParser(f *testing.F) {
	for i, ex := range readExamples(f) {
		f.Add(ex.wire, uint64(i), slices.Contains(ex.answers, HEAD))
	}
	f.Fuzz(func(t *testing.T, wire []byte, seed uint64, head bool) {
		ex := example{}
		if head {
			ex.answers = []Method{GET, HEAD, CONNECT, HEAD}
		}
		want := untilLost(ex.read(t, wire))
		rnd := rand.New(rand.NewPCG(seed, 0))
		for range 4 {
			if diff := cmp.Diff(untilLost(ex.read(t, chop(rnd, wire)...)), want); diff != "" {
				t.Fatalf("cut (-got +whole):\n%s", diff)
			}
		}
		withGaps(t, rnd, wire)
	})
}

func chop(rnd *rand.Rand, b []byte) (pieces [][]byte) {
	for len(b) > 0 {
		n := min(1+rnd.IntN(1<<rnd.IntN(8)), len(b))
		pieces = append(pieces, b[:n])
		b = b[n:]
	}
	return pieces
}

// withGaps leaves pieces out; nothing but the tracer's own checks can be said
// of what comes, and that no byte is skipped unnoticed in a known body.
func withGaps(t *testing.T, rnd *rand.Rand, wire []byte) {
	r := tracer{t: t}
	for _, b := range chop(rnd, wire) {
		if rnd.IntN(4) > 0 {
			r.write(b)
			continue
		}
		before, known := r.p.Remaining()
		inBody := r.p.State() == stateCounted
		r.p.Skip(int64(len(b)))
		if after, _ := r.p.Remaining(); inBody && known && after != max(before-int64(len(b)), 0) {
			t.Fatalf("%d bytes missing after a skip of %d from %d", after, len(b), before)
		}
		r.recent = append(r.recent, b...)
	}
	r.close()
}

// FuzzAgainstNetHTTP holds the parser against net/http, where that accepts the
// message: the head must say the same, and the body end at the same byte.
func FuzzAgainstNetHTTP(f *testing.F) {
	for _, tt := range completeHeads {
		f.Add([]byte(tt.text + "body"))
	}
	for _, ex := range readExamples(f) {
		f.Add(ex.wire)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, r := scanned(t, b)
		// net/http takes "Content-Length :" for another field, and does not
		// look at Transfer-Encoding in HTTP/1.0.
		if h.flags.Has(SpaceBeforeColon) || h.flags.Has(HasTE) && h.minor == 0 {
			return
		}
		if bytes.HasPrefix(b, []byte("HTTP/")) {
			againstReadResponse(t, b, h, r)
		} else {
			againstReadRequest(t, b, h, r)
		}
	})
}

func againstReadRequest(t *testing.T, b []byte, h parsedHead, r Result) {
	src := bytes.NewReader(b)
	buf := bufio.NewReader(src)
	m, err := http.ReadRequest(buf)
	if err != nil || m.ProtoMajor != 1 || len(m.Method) > maxMethod || m.RequestURI == "" { // it takes CONNECT without a target
		return
	}
	if r != Complete || h.kind != Request {
		t.Fatalf("got %v, %+v; net/http reads %+v", r, h, m)
	}
	chunked := slices.Contains(m.TransferEncoding, "chunked")
	if h.method != methodOf([]byte(m.Method)) || int(h.minor) != m.ProtoMinor ||
		h.pack().Persistent() == m.Close || h.flags.Has(TEChunked) != chunked {
		t.Fatalf("got %+v; net/http reads %+v", h, m)
	}
	if want := m.RequestURI; string(h.pack().Target(b)) != want {
		t.Fatalf("target %q, net/http has %q", h.pack().Target(b), want)
	}
	if _, err := io.Copy(io.Discard, m.Body); err == nil {
		checkEnd(t, b, len(b)-src.Len()-buf.Buffered())
	}
}

func againstReadResponse(t *testing.T, b []byte, h parsedHead, r Result) {
	src := bytes.NewReader(b)
	buf := bufio.NewReader(src)
	m, err := http.ReadResponse(buf, nil)
	if err != nil || m.ProtoMajor != 1 || m.StatusCode < 100 || strings.HasPrefix(string(b[8:]), "  ") {
		return
	}
	if r != Complete || h.kind != Response {
		t.Fatalf("got %v, %+v; net/http reads %+v", r, h, m)
	}
	if int(h.status) != m.StatusCode || int(h.minor) != m.ProtoMinor {
		t.Fatalf("got %+v; net/http reads %+v", h, m)
	}
	n, err := io.Copy(io.Discard, m.Body)
	if err != nil || h.status == 101 {
		return
	}
	if m.ContentLength < 0 && len(m.TransferEncoding) == 0 && m.Body != http.NoBody {
		if int(h.length)+int(n) != len(b) {
			t.Fatalf("head of %d bytes; net/http reads %d bytes of body until close of %d", h.length, n, len(b))
		}
		return
	}
	if h.pack().Persistent() == m.Close {
		t.Fatalf("got %+v; net/http reads %+v", h, m)
	}
	checkEnd(t, b, len(b)-src.Len()-buf.Buffered())
}

// checkEnd checks that the first message in b ends behind n bytes.
func checkEnd(t *testing.T, b []byte, n int) {
	r := tracer{t: t}
	r.write(b)
	for _, e := range r.close() {
		if e.What == "done" {
			if e.At != n {
				t.Fatalf("message ends at byte %d, net/http ends it at %d", e.At, n)
			}
			return
		}
	}
	t.Fatalf("message does not end, net/http ends it at %d: %v", n, r.trace)
}
