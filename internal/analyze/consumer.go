package analyze

import (
	"math"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse"
)

// consumer is the Analyzer as the engine sees it, see flows.Consumer.
type consumer struct{ *Analyzer }

// Open begins the HTTP state of a connection, if there is something to note.
func (a consumer) Open(c *flows.Conn) {
	c.User = 0
	a.unpaired++
	if c.Midstream() {
		r := a.states.reader(a.states.get(c))
		r.parsers[0].Lose()
		r.parsers[1].Lose()
		return
	}
	if n := a.pools.idle(c); n > 0 {
		a.states.get(c).idleBefore = n
	}
}

// Data takes payload of one side, in sequence.
func (a consumer) Data(c *flows.Conn, from flows.Side, d *flows.Data) {
	if a.hasKeys && a.goesOn(c, from, d) {
		return
	}
	t := a.states.get(c)
	if t.has(oneEnded) && !c.EndBegun() {
		a.goOn(c, t, d.Time)
	}
	if t.has(bothEnded) && !beginsMessage(d.Payload) {
		return // the rest of a message whose sender has not seen the RST yet
	}
	a.watching = a.opt.Observer != nil && a.opt.Observer.Wants(c.ID)
	if t.facts&(sawData|decrypted) == 0 && a.isProxyHeader(c, from, d) {
		return
	}
	if a.isOther(c, t, d) {
		a.otherData(c, t, from, d)
		return
	}
	a.reader = a.states.reader(t)
	p := &a.reader.parsers[from]
	b := d.Payload
	switch {
	case d.Note.A != 0 && p.AtStart():
		h := httpparse.Head(d.Note)
		p.TakeHead(h)
		a.show(c, from, d.Seq, b[:h.Len()], httpparse.HeadPart, httpparse.HeadDone)
		a.headDone(c, t, from, h, b[:h.Len()], d)
		b = b[h.Len():]
		if t.leftHTTP1() && a.afterHTTP1(c, t, from, b, d) {
			return
		}
	default:
		p.SegmentStart(b)
		if p.IsLost() && a.lostPlace(c, t, from, d) {
			return
		}
	}
	a.parse(c, t, from, b, d)
	if d.Cut > 0 {
		a.cut(c, t, from, d)
	}
	if t.facts&(cutInitiator|cutResponder) != 0 {
		a.cutData(c, t, from, d)
	}
}

// isOther reports whether payload is not of HTTP/1, as far as that is known.
func (a consumer) isOther(c *flows.Conn, t *httpState, d *flows.Data) bool {
	return t.facts&(sawData|opaque|tunnelled|decrypted|multiplexed) != sawData && (t.has(opaque|tunnelled|decrypted|multiplexed) || t.firstData(d)) ||
		a.hasKeys && a.joinsTLS(c, t, d)
}

// lostPlace looks at a segment that begins where no message is known to, and reports whether
// it took it.
func (a consumer) lostPlace(c *flows.Conn, t *httpState, from flows.Side, d *flows.Data) bool {
	if a.mayBeH2(c, t, d.Payload) || !t.has(looksHTTP) && a.joinsTLS(c, t, d) {
		a.otherData(c, t, from, d)
		return true
	}
	if t.surplus > 0 && t.answersFrom(from) {
		t.stray(d.Payload)
	}
	return false
}

// otherData takes payload that is not HTTP/1.
func (a consumer) otherData(c *flows.Conn, t *httpState, from flows.Side, d *flows.Data) {
	if t.proto == H2C && !t.has(multiplexed) {
		a.beginH2(t, from, [2]bool{})
	}
	if t.facts&(multiplexed|decrypted) == multiplexed {
		a.show(c, from, d.Seq, d.Payload, httpparse.OtherPart, httpparse.None)
		a.h2Data(c, t, from, d.Payload, piece{at: d.Time, now: d.Now, num: d.Num, cut: d.Cut})
		return
	}
	if t.proto == WebSocket && !t.has(decrypted) {
		a.socketData(c, t, from, d.Payload, d.Seq, d.Time, d.Num)
		a.socketGap(c, t, from, uint64(d.Cut), d.Time, d.Num)
		return
	}
	if t.proto == TLS || t.has(decrypted) {
		a.tlsData(c, t, from, d)
		if t.facts&(sawData|decrypted) == 0 && a.settleTLS(t, from) {
			a.notTLS(c, t, from, d)
			return
		}
		if a.watching {
			a.showTLS(c, from, d)
			return
		}
	}
	a.show(c, from, d.Seq, d.Payload, httpparse.OtherPart, httpparse.None)
}

// afterHTTP1 takes the rest of a segment by whose head a connection went over to HTTP/2,
// or became a WebSocket.
func (a consumer) afterHTTP1(c *flows.Conn, t *httpState, from flows.Side, b []byte, d *flows.Data) (done bool) {
	if !t.has(multiplexed) {
		if t.proto == WebSocket {
			a.socketData(c, t, from, b, d.Seq+uint32(len(d.Payload)-len(b)), d.Time, d.Num)
			a.socketGap(c, t, from, uint64(d.Cut), d.Time, d.Num)
			watching := a.watching // it was shown
			a.watching = false
			a.parse(c, t, from, b, d) // for the end of the response
			a.watching = watching
		}
		return t.proto == WebSocket
	}
	rest := *d
	rest.Payload, rest.Seq = b, d.Seq+uint32(len(d.Payload)-len(b))
	a.otherData(c, t, from, &rest)
	return true
}

// cut takes the bytes of a segment that were cut off.
func (a consumer) cut(c *flows.Conn, t *httpState, from flows.Side, d *flows.Data) {
	p := &a.reader.parsers[from]
	was, inBody := p.State(), p.InBody()
	p.Skip(int64(d.Cut))
	a.parse(c, t, from, nil, d)
	if !inBody && (p.State() != was || p.IsLost() && mayBeginMessage(d.Payload)) {
		t.facts |= cutInitiator << from
	}
}

// goOn takes back the end of a connection whose RST was none: its receiver did not
// accept it, or it refused a SYN that was repeated and then answered.
func (a consumer) goOn(c *flows.Conn, t *httpState, at int64) {
	if t.pair == 0 && t.has(paired) { // its state was packed
		a.takePair(c, t, clientSide(c, t))
	}
	if t.has(answersOver) {
		a.inFlight(t, at, int32(t.outstanding))
	}
	t.facts &^= oneEnded | bothEnded | answersOver
}

// parse drives the parser of one side over b.
func (a consumer) parse(c *flows.Conn, t *httpState, from flows.Side, b []byte, d *flows.Data) {
	p := &a.reader.parsers[from]
	for {
		n, ev := 0, httpparse.None
		if a.watching {
			n, ev = a.watch(c, from, p, b, d)
		} else {
			n, ev = p.Next(b, &a.bufs)
		}
		taken := b[:n]
		b = b[n:]
		switch ev {
		case httpparse.None:
			if len(b) == 0 {
				return
			}
		case httpparse.HeadStart:
			if t.answersFrom(from) && !httpparse.MayBeginResponse(taken) {
				p.Lose()
				t.stray(taken)
				continue
			}
			a.reader.headAt[from], a.reader.headNum[from] = d.Time, d.Num
			a.headBegins(c, t, from, d.Time)
		case httpparse.HeadDone:
			raw := p.RawHead(&a.bufs)
			h := p.Head()
			if raw == nil {
				raw = taken[len(taken)-h.Len():]
			}
			a.headDone(c, t, from, h, raw, d)
			if t.leftHTTP1() && a.afterHTTP1(c, t, from, b, d) {
				return
			}
		case httpparse.MessageDone:
			a.messageDone(t, from, d.Now)
			if len(b) == 0 && p.AtStart() {
				return
			}
		case httpparse.Lost, httpparse.NotHTTP:
			if t.answersFrom(from) {
				t.stray(taken)
			}
			if ev == httpparse.Lost {
				a.placeLost(t, from)
			}
		}
	}
}

// Gap takes the number of bytes of one side that were not captured.
func (a consumer) Gap(c *flows.Conn, from flows.Side, n uint64) {
	a.leaveRecord(c)
	t := a.states.get(c)
	if from == flows.Initiator && len(a.proxies.begun) > 0 {
		delete(a.proxies.begun, c.ID)
	}
	if t.facts&(multiplexed|decrypted) == multiplexed {
		a.h2Gap(c, t, from, n, a.engine.Now())
		return
	}
	if t.facts&(opaque|tunnelled|decrypted) != 0 {
		if t.proto == WebSocket && !t.has(decrypted) {
			a.socketGap(c, t, from, n, a.engine.Now(), 0)
		}
		if t.tls != 0 {
			a.states.tls.gap(t.tls, from, n, a.engine.Now())
			if a.hasKeys {
				a.decryptGap(c, t, from, n)
			}
		}
		return
	}
	a.reader = a.states.reader(t)
	p := &a.reader.parsers[from]
	p.Skip(int64(n))
	now := a.engine.Now()
	a.watching = false
	a.parse(c, t, from, nil, &flows.Data{Time: now, Now: now})
	a.cutGap(c, t)
}

// End takes the end of what a side sends; num is 0 if no segment ended it.
func (a consumer) End(c *flows.Conn, from flows.Side, at int64, num uint64) {
	a.leaveRecord(c)
	t := a.states.get(c)
	if t.tls != 0 && t.facts&(sawData|decrypted) == 0 { // less than a header came
		a.watching = false
		a.takeBackTLS(c, t, from, &flows.Data{Time: at, Num: num, Now: a.engine.Now()})
	}
	switch {
	case t.has(opaque) && !t.has(multiplexed):
		if t.tls != 0 {
			a.tlsEnd(c, t, from)
		}
		return
	case t.has(decrypted):
		a.keysEnd(c, t, from)
	}
	if num != 0 && !t.has(multiplexed) {
		a.endMessage(t, from, at)
	}
	a.noteLost(c, t, at)
	if t.has(requestBegun) && from == clientSide(c, t) {
		t.facts &^= requestBegun
		a.pools.change(t.pair, at, -1)
	}
	givenUp := t.outstanding > 0 && t.current.answered // a client that shuts down its side alone does so before that
	if !t.has(answersOver) && (from != t.requestSide(c) || t.has(oneEnded) || givenUp) {
		t.facts |= answersOver
		a.inFlight(t, at, -int32(t.outstanding))
	}
	if !t.has(oneEnded) {
		a.pools.becomeBusy(t)
		t.idleOthers = uint16(min(a.pools.pairs.At(t.pair).idle, math.MaxUint16))
		t.facts |= oneEnded
		return
	}
	t.facts |= bothEnded
	t.current.print = 0
	if t.has(multiplexed) {
		a.h2End(t)
	}
	a.states.trim(t)
	if a.opt.OnConnection != nil && !a.story.of(c) {
		a.states.pack(c)
	}
}

// Evict forgets a connection.
func (a consumer) Evict(c *flows.Conn) {
	if a.wanted(c) {
		a.settle(c)
	}
	var scratch httpState
	t := a.states.read(c, &scratch)
	if !t.has(paired) {
		a.unpaired--
	}
	if t.reader != 0 {
		r := a.states.reader(t)
		r.parsers[0].Close(&a.bufs)
		r.parsers[1].Close(&a.bufs)
	}
	if k := a.keyedOf(t); k != nil {
		a.endKeys(k)
	}
	a.states.cuts.forget(c)
	a.states.forget(c)
	a.proxies.forget(c)
}
