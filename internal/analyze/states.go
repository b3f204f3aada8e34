package analyze

import (
	"unsafe"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse"
	"github.com/kaanalyze/kaanalyze/internal/compact"
)

// reader is what it takes to read on, by side: it is given back when both sides
// have ended. The zero reader is new.
type reader struct {
	parsers [2]httpparse.Parser
	headAt  [2]int64  // time of the first byte of a head that straddles segments
	headNum [2]uint64 // and its packet; 0 if there is no such head
	h2      uint32    // number of what is kept of HTTP/2, 0 without
	socket  uint32    // and of a WebSocket
}

// httpStates hold the httpState of each connection, by number, and what hangs off
// some of them. [flows.Conn.User] is the number; of a packed one that in packed, and
// packedMark; and 0 of one that is the zero httpState yet.
type httpStates struct {
	compact.Slab[httpState]

	packed  compact.Vault[packedState]
	readers compact.Slab[reader]
	queues  compact.Pool[exchangeQueue]
	queued  int      // exchanges in queues
	scratch exchange // one that is not remembered
	gaps    compact.Pool[samples]
	spare   [][]int64 // memory for samples

	tls  tlsStates
	keys tlsKeys
	cuts cutStates
	h2   h2States

	sockets socketStates

	sampleBytes, queueBytes int64 // that samples and queues have
	few                     bool  // of each connection only a few gaps and pipelined requests are kept
}

// fewSamples is how many idle gaps, and pipelined requests, of a connection are kept
// where memory is short.
const fewSamples = 16

// giveUpSamples keeps only so many of each connection from now on, and returns how many
// were given up.
func (s *httpStates) giveUpSamples() (n int64) {
	s.few, s.spare = true, nil
	s.sampleBytes, s.queueBytes = 0, 0
	for i := range s.gaps.Len() {
		x := s.gaps.At(int32(i + 1))
		n += x.thin(fewSamples)
		s.sampleBytes += int64(cap(x.values)) * 8
	}
	for i := range s.queues.Len() {
		q := s.queues.At(int32(i + 1))
		lost := q.thin(fewSamples)
		n += int64(lost)
		s.queued -= lost
		s.queueBytes += int64(cap(q.list)) * int64(unsafe.Sizeof(exchange{}))
	}
	return n
}

const packedMark = 1 << 31

// get returns the HTTP state of c, which is packed no more if it was.
func (s *httpStates) get(c *flows.Conn) *httpState {
	if c.User-1 < packedMark-1 {
		return s.At(c.User)
	}
	i, t := s.Take()
	if c.User == 0 {
		c.User = i
		return t
	}
	s.packed.At(c.User &^ packedMark).unpack(t)
	s.packed.Drop(c.User &^ packedMark)
	c.User = i
	return t
}

// read returns the HTTP state of c to read, which may be scratch.
func (s *httpStates) read(c *flows.Conn, scratch *httpState) *httpState {
	switch {
	case c.User == 0:
		*scratch = httpState{}
		return scratch
	case c.User&packedMark == 0:
		return s.At(c.User)
	}
	s.packed.At(c.User &^ packedMark).unpack(scratch)
	return scratch
}

// pack packs the state of c if it fits.
func (s *httpStates) pack(c *flows.Conn) {
	var x packedState
	if !x.pack(s.At(c.User)) {
		return
	}
	s.Give(c.User)
	c.User = s.packed.Put(&x) | packedMark
}

// reader returns the reader of a connection.
func (s *httpStates) reader(t *httpState) *reader {
	if t.reader == 0 {
		t.reader, _ = s.readers.Take()
	}
	return s.readers.At(t.reader)
}

// headBegun reports whether a head of that side is not whole.
func (s *httpStates) headBegun(t *httpState, side flows.Side) bool {
	return t.reader != 0 && s.readers.At(t.reader).headNum[side] != 0
}

// trim gives back what a connection needs no more when both sides have ended: its
// reader, if it is as new, and all gaps but those that tell the median.
func (s *httpStates) trim(t *httpState) {
	if t.gaps.store != 0 {
		if spare := s.gaps.At(t.gaps.store).middle(); spare != nil {
			s.spare = append(s.spare, spare)
			s.sampleBytes += int64(cap(s.gaps.At(t.gaps.store).values)) * 8
		}
	}
	if t.reader != 0 && *s.readers.At(t.reader) == (reader{}) {
		s.readers.Give(t.reader)
		t.reader = 0
	}
}

// forget takes back the state of c and what hangs off it.
func (s *httpStates) forget(c *flows.Conn) {
	if c.User == 0 {
		return
	}
	if c.User&packedMark != 0 {
		s.packed.Drop(c.User &^ packedMark)
		return
	}
	x := s.At(c.User)
	if x.reader != 0 {
		if n := s.readers.At(x.reader).h2; n != 0 {
			s.h2.forget(n)
		}
		if n := s.readers.At(x.reader).socket; n != 0 {
			*s.sockets.At(n) = socketState{}
			s.sockets.Give(n)
		}
		s.readers.Give(x.reader)
	}
	if x.tls != 0 {
		if n := s.tls.sessions.At(x.tls).keyed; n != 0 {
			s.keys.found.Give(n)
		}
		s.tls.forget(x.tls)
	}
	s.giveQueue(x)
	if x.gaps.store != 0 {
		if g := s.gaps.At(x.gaps.store); cap(g.values) > 3 {
			s.spare = append(s.spare, g.values[:0])
			g.values = nil
		}
		s.gaps.Give(x.gaps.store)
	}
	s.Give(c.User)
}

// drop forgets the state of c for good.
func (s *httpStates) drop(c *flows.Conn) {
	switch {
	case c.User == 0:
	case c.User&packedMark != 0:
		s.packed.Drop(c.User &^ packedMark)
	default:
		s.Drop(c.User)
	}
}

// addGap notes an idle gap of t, the state of the connection with that ID.
func (s *httpStates) addGap(id uint64, t *httpState, ns int64) {
	g := &t.gaps
	g.n++
	if g.n > 1 {
		if g.store == 0 {
			g.store = s.gaps.Take()
			x := s.gaps.At(g.store)
			*x = samples{seed: id}
			if s.few {
				x.most = fewSamples
			}
			if n := len(s.spare); n > 0 {
				x.values, s.spare = s.spare[n-1], s.spare[:n-1]
			}
			x.add(g.last)
		}
		x := s.gaps.At(g.store)
		was := cap(x.values)
		x.add(ns)
		s.sampleBytes += int64(cap(x.values)-was) * 8
	}
	g.last = ns
	g.max = max(g.max, ns)
}
