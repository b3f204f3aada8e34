package evidence

import (
	"slices"

	"github.com/kaanalyze/kaanalyze/httpparse"
)

// hello is a hello of TLS that is not whole yet. The zero hello is none.
type hello struct {
	text     []byte // what came of it
	pieces   []run  // its bytes, and the headers of records between them
	own      []int  // the length of each piece of the hello, 0 for a header
	byClient bool
}

// keepHello takes bytes of a hello, which is kept when it is whole, or when no more of
// it comes.
func (r *Recorder) keepHello(st *stream, at int64, b []byte, byClient bool, ev httpparse.Event) {
	h := &st.hello
	if n := len(h.pieces); n > 0 && (h.byClient != byClient || h.pieces[n-1].at+int64(len(h.pieces[n-1].text)) != at) {
		r.keepPartialHello(st)
	}
	h.byClient = byClient
	h.text = append(h.text, b...)
	h.pieces = append(h.pieces, run{at, slices.Clone(b)})
	h.own = append(h.own, len(b))
	if ev == httpparse.HeadDone {
		r.keepPartialHello(st)
	}
}

// keepFraming keeps the framing of a body or of records, behind a hello that has not come
// to its end.
func (r *Recorder) keepFraming(st *stream, at int64, b []byte) {
	h := &st.hello
	n := len(h.pieces)
	if n == 0 {
		r.keep(st, at, b)
		return
	}
	if h.pieces[n-1].at+int64(len(h.pieces[n-1].text)) != at {
		r.keepPartialHello(st)
		r.keep(st, at, b)
		return
	}
	h.pieces = append(h.pieces, run{at, slices.Clone(b)})
	h.own = append(h.own, 0)
}

// keepPartialHello keeps what came of a hello.
func (r *Recorder) keepPartialHello(st *stream) {
	h := &st.hello
	if len(h.pieces) == 0 {
		return
	}
	r.opt.RewriteHello(h.text, h.byClient)
	text := h.text
	for i, x := range h.pieces {
		if n := h.own[i]; n > 0 {
			copy(x.text, text[:n])
			text = text[n:]
		}
		r.keep(st, x.at, x.text)
	}
	*h = hello{}
}
