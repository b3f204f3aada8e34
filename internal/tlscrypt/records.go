package tlscrypt

import (
	"crypto/sha256"

	"github.com/kaanalyze/kaanalyze/internal/keylog"
)

// maxFailed is how many records in a row of a direction may not be opened until it is
// given up, and maxWrong of a connection of which none was opened.
const (
	maxFailed = 16
	maxWrong  = 4
)

// bodyLen returns the length that the header of a record says.
func bodyLen(header []byte) int { return int(header[3])<<8 | int(header[4]) }

// isRecord reports whether b begins a record.
func isRecord(b []byte) bool {
	n := bodyLen(b)
	return b[0] >= changeCipherSpec && b[0] <= applicationData && b[1] == 3 && b[2] <= 4 && n > 0 && n <= maxRecord
}

// record reads a record that is whole.
func (c *Conn) record(side Side, b []byte, t *Table) Event {
	h := &c.sides[side]
	switch kind := b[0]; {
	case kind == changeCipherSpec:
		if !c.v13 && c.sawServerHello {
			c.changeCipher(side, t)
		}
	case h.phase != inClear:
		return c.protected(side, b, t)
	case kind == handshake:
		return c.messages(side, b[headerLen:], t)
	}
	return Event{}
}

// changeCipher takes up the keys of TLS 1.2 that a side's ChangeCipherSpec announces.
func (c *Conn) changeCipher(side Side, t *Table) {
	if !c.prepare(t) {
		c.fail(NoKey, t)
		return
	}
	h := &c.sides[side]
	h.open, h.seq, h.phase = c.pending[side], 0, inApplication
	h.msg = message{}
}

// prepare makes the keys of TLS 1.2 that are to come, and reports whether the master
// secret is known.
func (c *Conn) prepare(t *Table) bool {
	if c.pending[0].ready() {
		return true
	}
	master := t.Log.Secret(&c.random, keylog.Master)
	if master == nil && c.hasOlder {
		master = c.resumes[:]
	}
	if master == nil {
		return false
	}
	init12(&c.pending[c.client], &c.pending[1-c.client], c.suite, master, (*[32]byte)(&c.random), &c.serverRandom, c.encryptFirst)
	copy(c.resumes[:], master)
	return true
}

// arm takes up the key of TLS 1.3 for the phase of a side, and reports whether it is
// known.
func (c *Conn) arm(side Side, t *Table) bool {
	h := &c.sides[side]
	if h.open.ready() {
		return true
	}
	if h.asked == t.Log.Version() {
		return false
	}
	h.asked = t.Log.Version()
	t.has(&c.random)
	return h.use(c.suite, t.Log.Secret(&c.random, c.label(side, h.phase)))
}

// label returns what the secret of a side in a phase is called.
func (c *Conn) label(side Side, p phase) keylog.Label {
	switch {
	case p == earlyData:
		return keylog.ClientEarly
	case p == inHandshake && side == c.client:
		return keylog.ClientHandshake
	case p == inHandshake:
		return keylog.ServerHandshake
	case side == c.client:
		return keylog.ClientTraffic
	}
	return keylog.ServerTraffic
}

// use takes up a secret of TLS 1.3, and reports whether it is one for that suite.
func (h *half) use(s *suite, secret []byte) bool {
	if s.prf == nil || len(secret) != s.prf().Size() {
		return false
	}
	copy(h.secret[:], secret)
	h.open.init13(s, secret)
	h.seq = 0
	return true
}

// enter begins a phase of TLS 1.3.
func (h *half) enter(p phase) {
	h.phase, h.open, h.seq, h.asked = p, opener{}, 0, ^uint64(0)
	h.msg = message{}
}

// protected reads a record that is encrypted.
func (c *Conn) protected(side Side, b []byte, t *Table) Event {
	h := &c.sides[side]
	header, body := (*[headerLen]byte)(b), b[headerLen:]
	var text []byte
	var kind uint8
	ok := false
	if c.v13 {
		c.arm(side, t)
	}
	if h.open.ready() {
		text, kind, ok = h.open.open(h.seq, header, body, t.plain[:])
	}
	if !ok && !c.search(side, header, body, 1, triedAhead, t) {
		return c.unopened(side, t)
	}
	if !ok {
		text, kind, _ = h.open.open(h.seq, header, body, t.plain[:])
	}
	h.seq++
	h.failed = 0
	c.opened = true
	switch kind {
	case applicationData:
		return Event{Kind: Text, Text: text}
	case alert:
		if len(text) == 2 {
			return Event{Kind: Alert, Code: text[1]}
		}
	case handshake:
		return c.messages(side, text, t)
	}
	return Event{}
}

// triedAhead is by how many a record may be off.
const triedAhead = 16

// unopened takes a record that no key opens. Early data that a server has refused is for
// nobody (RFC 8446, 4.2.10).
func (c *Conn) unopened(side Side, t *Table) Event {
	h := &c.sides[side]
	if h.phase == inHandshake && side == c.client && c.early == earlyRefused && h.seq == 0 && h.open.ready() {
		return Event{}
	}
	if h.phase == inHandshake && !h.open.ready() && t.Log.Secret(&c.random, c.label(side, inApplication)) != nil {
		return Event{} // of the handshake, whose secret is missing
	}
	limit := maxFailed
	if !c.opened {
		limit = maxWrong
	}
	if h.failed++; h.failed < limit && (h.open.ready() || t.Grows) {
		return Event{Kind: Lost}
	}
	why := WrongKey
	if !h.open.ready() || c.hasOlder && !t.has(&c.random) {
		why = NoKey
	}
	if !c.opened {
		c.fail(why, t)
	} else {
		c.reason = why
		h.end(t)
	}
	return Event{Kind: Lost}
}

// search looks whether a record is one of the next under the key of its side, or among
// the first under the key that follows, and takes up what fits.
func (c *Conn) search(side Side, header *[headerLen]byte, body []byte, from, n uint64, t *Table) bool {
	h := &c.sides[side]
	if h.open.ready() && t.find(&h.open, &h.seq, h.seq+from, n, header, body) {
		return true
	}
	if !c.v13 {
		return false
	}
	next := half{phase: inApplication}
	switch h.phase {
	case earlyData:
		next.phase = inHandshake
		if !next.use(c.suite, t.Log.Secret(&c.random, keylog.ClientHandshake)) {
			return false
		}
	case inApplication:
		if !h.open.ready() || !next.use(c.suite, nextSecret(c.suite.prf, h.secret[:c.suite.prf().Size()])) {
			return false
		}
	default:
		if !next.use(c.suite, t.Log.Secret(&c.random, c.label(side, inApplication))) {
			return false
		}
	}
	if !t.find(&next.open, &next.seq, 0, n, header, body) {
		return false
	}
	h.phase, h.open, h.seq, h.secret = next.phase, next.open, next.seq, next.secret
	h.msg = message{}
	c.passed(side, t)
	return true
}

// costOfTries is how many bytes are opened, about, to find the number of a record.
const costOfTries = 1 << 18

// find looks which of n records from one on a record is under a key, and sets seq to it.
func (t *Table) find(o *opener, seq *uint64, from, n uint64, header *[headerLen]byte, body []byte) bool {
	if !o.v13 || o.block == nil { // each try costs all of the record
		n = min(n, max(leastAhead, costOfTries/uint64(len(body)+64)))
	}
	for i := from; i < from+n; i++ {
		if o.v13 && !o.may(i, body) {
			continue
		}
		if _, _, ok := o.open(i, header, body, t.plain[:]); ok {
			*seq = i
			return true
		}
	}
	return false
}

// passed notes that a side has gone on to another phase. What the server's encrypted
// extensions say is not known if they were not read.
func (c *Conn) passed(side Side, t *Table) {
	if side != c.client && c.sides[side].phase == inApplication && c.early == earlyUnknown {
		c.answerEarly(earlyRefused)
	}
}

// answerEarly notes whether the server takes early data: the client goes on accordingly.
func (c *Conn) answerEarly(a earlyAnswer) {
	c.early = a
	h := &c.sides[c.client]
	switch {
	case h.phase != inClear || !c.sawServerHello:
	case a == earlyAccepted:
		h.enter(earlyData)
	default:
		h.enter(inHandshake)
	}
}

// messages reads handshake messages of a side.
func (c *Conn) messages(side Side, b []byte, t *Table) (ev Event) {
	h := &c.sides[side]
	for len(b) > 0 && h.phase != over {
		was := h.phase
		rest, whole := h.msg.next(b)
		b = rest
		h.partial = h.partial || h.holed
		if whole {
			if h.partial {
				clear(h.msg.body)
				h.msg.body = h.msg.body[:0]
			}
			h.partial = h.holed && len(b) > 0
			if c.message(side, h.msg.header[0], h.msg.body, t) {
				ev.Kind = Finished
			}
			if c.v13 && h.phase != was {
				return ev // nothing follows in the record (RFC 8446, 5.1)
			}
		}
	}
	return ev
}

// message reads a handshake message, and reports whether it is the Finished of its side.
func (c *Conn) message(side Side, kind uint8, body []byte, t *Table) bool {
	h := &c.sides[side]
	switch kind {
	case clientHello:
		c.clientHello(side, body, t)
	case serverHello:
		c.serverHello(side, body, t)
	case certificate, serverKeyExchange, serverHelloDone: // that is no session resumed (RFC 5246, 7.3)
		c.hasOlder = c.hasOlder && c.v13
	case newSessionTicket:
		if ticket := ticketOf(body); !c.v13 && len(ticket) > 0 {
			c.names[1], c.hasNames[1] = sha256.Sum256(ticket), true
		}
	case encryptedExtensions:
		c.encryptedExtensions(body)
	case endOfEarlyData:
		if h.phase == earlyData {
			h.enter(inHandshake)
		}
	case finished:
		return c.finished(side, t)
	case keyUpdate:
		if c.v13 && h.phase == inApplication {
			h.use(c.suite, nextSecret(c.suite.prf, h.secret[:c.suite.prf().Size()]))
			h.msg = message{}
		}
	}
	return false
}

// clientHello reads a ClientHello: the first, or that after a HelloRetryRequest, or in TLS
// 1.2 one that negotiates anew.
func (c *Conn) clientHello(side Side, body []byte, t *Table) {
	x, ok := readHello(body, true)
	if !ok {
		return
	}
	c.client, c.random, c.hasRandom = side, x.random, true
	c.offersEarly = c.offersEarly || x.early
	c.hasOlder = false
	for _, name := range [][]byte{x.ticket, x.sessionID} {
		if len(name) == 0 {
			continue
		}
		if master, ok := t.known[sha256.Sum256(name)]; ok && !c.hasOlder {
			c.resumes, c.hasOlder = master, true
		}
	}
	if !t.has(&c.random) && !t.Grows && !c.hasOlder {
		c.fail(NoKey, t)
	}
}

// serverHello reads a ServerHello, or a HelloRetryRequest.
func (c *Conn) serverHello(side Side, body []byte, t *Table) {
	x, ok := readHello(body, false)
	if !ok || !c.hasRandom {
		return
	}
	c.client = 1 - side
	c.v13 = x.version == version13
	if x.isRetry() {
		c.early = earlyRefused
		return
	}
	c.sawServerHello, c.serverRandom, c.suite = true, x.random, suiteOf(x.suite)
	c.encryptFirst, c.pending, c.hasNames = x.encryptThenMAC, [2]opener{}, [2]bool{}
	switch {
	case x.version < version12:
		c.fail(OldVersion, t)
	case c.suite.protection == ccm:
		c.fail(CCM, t)
	case !c.suite.open() || x.compressed:
		c.fail(OtherCipher, t)
	case c.v13:
		c.sides[side].enter(inHandshake)
		if !c.offersEarly || c.early != earlyUnknown {
			c.answerEarly(earlyRefused)
		}
	default:
		c.protocol, c.protocolKnown = x.protocol, true
		if len(x.sessionID) > 0 {
			c.names[0], c.hasNames[0] = sha256.Sum256(x.sessionID), true
		}
	}
}

// encryptedExtensions reads what a server chose that TLS 1.3 hides.
func (c *Conn) encryptedExtensions(body []byte) {
	var x hello
	if !c.v13 || !x.extensions(body, false) {
		return
	}
	c.protocol, c.protocolKnown = x.protocol, true
	if c.early == earlyUnknown {
		answer := earlyRefused
		if x.early {
			answer = earlyAccepted
		}
		c.answerEarly(answer)
	}
}

// finished takes the Finished of a side.
func (c *Conn) finished(side Side, t *Table) bool {
	h := &c.sides[side]
	if c.v13 {
		if h.phase != inHandshake {
			return false // of a client that proves who it is later (RFC 8446, 4.6.2)
		}
		h.enter(inApplication)
		c.passed(side, t)
		return true
	}
	for i, name := range c.names {
		if c.hasNames[i] && len(t.known) < maxKnown {
			if t.known == nil {
				t.known = map[[sha256.Size]byte]masterOf{}
			}
			t.known[name] = c.resumes
		}
	}
	return true
}
