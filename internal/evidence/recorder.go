package evidence

import (
	"slices"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse"
)

// Options say what becomes of the packets.
type Options struct {
	// Headers returns the IP and the TCP header of a segment, as
	// capture.Source.Headers does.
	Headers func(*flows.Segment) (ip, tcp []byte)

	// Rewrite returns a head, or the beginning of one, as it may be handed out, in
	// memory of dst if there is room. It has the same length.
	Rewrite func(dst, head []byte) []byte

	// RewriteHello rewrites a hello of TLS in place, without its header, or the beginning
	// of one.
	RewriteHello func(hello []byte, byClient bool)

	// Anonymous takes out what may tell an address: the flow label of IPv6, and TCP
	// options but for the usual ones. Addresses are those of the segments anyway.
	Anonymous bool

	// Bodies keeps all payload, with heads rewritten.
	Bodies bool
}

// maxBytes bounds what a Recorder keeps, and the zeros that stand for bodies in front
// of that; each may go over it once.
const maxBytes = 64 << 20

// Recorder keeps packets of some connections: it is an analyze.Observer. It belongs to
// one goroutine at a time.
type Recorder struct {
	opt     Options
	conns   map[uint64]*[2]stream
	packets []packet
	bytes   int    // kept
	leftOut uint64 // packets
}

// packet is one of the capture.
type packet struct {
	num        uint64
	connection uint64 // its ID
	time       int64
	headers    []byte // IP without options, TCP as far as captured
	payload    []byte // as captured; nil unless bodies are kept
	at         int64  // place of the payload in the stream
	n          uint32 // bytes of payload on the wire
	stream     *stream
}

// stream is what is kept of the payload of one side. Places in it do not wrap
// around as sequence numbers do.
type stream struct {
	last  int64 // the furthest place
	begun bool  // there is one
	runs  []run // in sequence
	other int   // bytes kept of what is no message

	head   []byte // one that is not whole yet
	headAt int64
	hello  hello
}

// run is payload that lies together.
type run struct {
	at   int64
	text []byte
}

// place returns the place of a sequence number, which is less than 2 GiB from the
// last one. A stray one that is far off moves nothing.
func (t *stream) place(seq uint32) int64 {
	if !t.begun {
		t.begun, t.last = true, int64(seq)
	}
	at := t.last + int64(int32(seq-uint32(t.last)))
	if at > t.last && at-t.last < 1<<30 {
		t.last = at
	}
	return at
}

// NewRecorder returns a Recorder of the connections with these IDs.
func NewRecorder(ids []uint64, opt Options) *Recorder {
	r := &Recorder{opt: opt, conns: make(map[uint64]*[2]stream, len(ids))}
	for _, id := range ids {
		r.conns[id] = &[2]stream{}
	}
	return r
}

// Wants reports whether a connection is one of those that are kept.
func (r *Recorder) Wants(id uint64) bool { return r.conns[id] != nil }

// LeftOut returns how many packets were left out because there were too many bytes.
func (r *Recorder) LeftOut() uint64 { return r.leftOut }

// Packet keeps a packet: its headers, and its payload if bodies are kept. Nothing of
// s is used after it returns.
func (r *Recorder) Packet(c *flows.Conn, from flows.Side, s *flows.Segment) {
	if r.bytes > maxBytes {
		r.leftOut++
		return
	}
	st := &r.conns[c.ID][from]
	seq := s.Seq
	if s.Flags&flows.SYN != 0 {
		seq++
	}
	p := packet{num: s.Num, connection: c.ID, time: s.Time, headers: r.headers(s), at: st.place(seq), n: s.Len, stream: st}
	if r.opt.Bodies {
		p.payload = slices.Clone(s.Payload)
	}
	r.packets = append(r.packets, p)
	r.bytes += len(p.headers) + len(p.payload) + packetOverhead
}

// packetOverhead is what a packet takes beside its bytes.
const packetOverhead = 128

// Payload keeps what is not the data of a body: heads as Rewrite returns them, the
// framing of chunks, trailers without their text.
func (r *Recorder) Payload(c *flows.Conn, from flows.Side, seq uint32, b []byte, part httpparse.Part, ev httpparse.Event) {
	if r.bytes > maxBytes {
		return
	}
	st := &r.conns[c.ID][from]
	at := st.place(seq)
	if part != httpparse.HeadPart {
		r.keepPartialHead(st) // it comes before these
	}
	switch part {
	case httpparse.HeadPart:
		r.keepHead(st, at, b, ev)
	case httpparse.ClientHelloPart, httpparse.ServerHelloPart:
		r.keepHello(st, at, b, part == httpparse.ClientHelloPart, ev)
	case httpparse.FramingPart:
		r.keepFraming(st, at, b)
	case httpparse.TrailerPart:
		r.keep(st, at, withoutText(b))
	case httpparse.ProxyPart:
		if r.opt.Anonymous {
			b = slices.Clone(b)
			httpparse.HideProxy(b)
		}
		r.keep(st, at, b)
	case httpparse.OtherPart:
		r.keepOther(st, at, b)
	}
}

// keepHead takes bytes of a head, which is kept when it is whole, or when bytes of it
// are missing.
func (r *Recorder) keepHead(st *stream, at int64, b []byte, ev httpparse.Event) {
	if at != st.headAt+int64(len(st.head)) {
		r.keepPartialHead(st)
	}
	if len(st.head) == 0 {
		st.headAt = at
	}
	st.head = append(st.head, b...)
	switch ev {
	case httpparse.HeadDone:
		r.keep(st, st.headAt, r.opt.Rewrite(nil, st.head))
	case httpparse.NotHTTP:
		r.keepOther(st, st.headAt, st.head)
	case httpparse.Lost:
	default:
		return
	}
	st.head = st.head[:0]
}

// keepPartialHead keeps the beginning of a head whose rest is missing.
func (r *Recorder) keepPartialHead(st *stream) {
	if len(st.head) > 0 {
		r.keep(st, st.headAt, r.opt.Rewrite(nil, st.head))
		st.head = st.head[:0]
	}
}

// withoutText returns b without its text.
func withoutText(b []byte) []byte {
	b = slices.Clone(b)
	for i, c := range b {
		if c != '\r' && c != '\n' {
			b[i] = 'x'
		}
	}
	return b
}

// preface is what HTTP/2 begins with (RFC 9113, 3.4).
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// maxOther is how many bytes are kept of what is no message, so that the protocol
// can be told.
const maxOther = len(preface)

// keepOther keeps of another protocol that it is TLS or HTTP/2. Zeros stand for the
// first bytes of any other: no message begins with them. Where bodies are kept, so is it all.
func (r *Recorder) keepOther(st *stream, at int64, b []byte) {
	if r.opt.Bodies {
		return
	}
	if len(st.runs) > 0 && st.other == 0 {
		return // they come after messages
	}
	b = b[:min(len(b), maxOther-st.other)]
	if len(b) == 0 {
		return
	}
	b = slices.Clone(b)
	switch httpparse.Detect(b) {
	case httpparse.H2Preface:
		b = []byte(preface[:len(b)])
	case httpparse.TLS:
		clear(b[min(len(b), 6):]) // behind the record's header and the message's type
	default:
		clear(b)
	}
	st.other += len(b)
	r.keep(st, at, b)
}

// keep keeps payload of a side, which comes in sequence. What seems to come before the
// last run has a place that stray sequence numbers have moved.
func (r *Recorder) keep(st *stream, at int64, b []byte) {
	if n := len(st.runs); n > 0 {
		last := &st.runs[n-1]
		switch end := last.at + int64(len(last.text)); {
		case at < end:
			return
		case at == end:
			last.text = append(last.text, b...)
			r.bytes += len(b)
			return
		}
	}
	r.bytes += len(b)
	st.runs = append(st.runs, run{at, slices.Clone(b)})
	r.bytes += runOverhead
}

// runOverhead is what a run takes beside its bytes.
const runOverhead = 48
