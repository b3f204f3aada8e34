package tlscrypt

import "github.com/kaanalyze/kaanalyze/internal/keylog"

// What is spent on guessing: in units of a try of one record number under a key of
// AES-GCM, about 20 ns.
const (
	maxGuesses  = 32      // records of a direction that are tried in a row
	maxSpent    = 1 << 25 // in all, less than a second
	newKeyCosts = 256
	perRecord   = 1 << 15 // for one record
	mostSecrets = 1 << 11 // of them
	leastAhead  = 8       // record numbers that are tried under each secret, at least and at most
	mostAhead   = 1 << 12
)

// seek looks for a record whose place and number can be told by opening it.
func (c *Conn) seek(side Side, t *Table) (ev Event, moved bool) {
	h := &c.sides[side]
	if h.guesses >= maxGuesses {
		if !t.Grows {
			c.giveUp(side, t)
			return ev, false
		}
		if h.asked == t.Log.Version() {
			h.lostBytes += uint64(h.in.len())
			h.in.drop(t)
			return ev, false
		}
		h.guesses = 0
	}
	for h.in.len() >= headerLen {
		b := h.in.peek(headerLen, t)
		if b == nil {
			break
		}
		changes := c.announcesKeys(h, b)
		if !isRecord(b) || b[2] != 3 || b[0] == changeCipherSpec && !changes {
			h.in.take(1, t)
			h.lostBytes++
			continue
		}
		n := headerLen + bodyLen(b)
		if h.in.len() < n {
			return ev, false
		}
		if b = h.in.peek(n, t); b == nil {
			break
		}
		if changes {
			h.found()
			return Event{Kind: Lost, From: side, Stamp: h.in.stamp}, true
		}
		if ev, ok := c.place(side, b, t); ok {
			ev.From, ev.Stamp = side, h.in.stamp
			return ev, true
		}
		h.asked = t.Log.Version()
		if h.guesses++; h.guesses >= maxGuesses || h.phase == over {
			return ev, h.phase != over
		}
		h.in.take(1, t)
		h.lostBytes++
	}
	return ev, false
}

// announcesKeys reports whether b may be the header of a ChangeCipherSpec of TLS 1.2 that
// a direction waits for.
func (c *Conn) announcesKeys(h *half, b []byte) bool {
	return h.phase == inClear && c.sawServerHello && !c.v13 && b[0] == changeCipherSpec && bodyLen(b) == 1
}

// giveUp ends a direction in which no record was found again.
func (c *Conn) giveUp(side Side, t *Table) {
	if c.reason == NoReason {
		c.reason = WrongKey
		if !c.opened {
			c.reason = NoKey
		}
	}
	c.sides[side].end(t)
}

// place looks whether b is a record of a side, and takes up its key and number. The event
// says how much text was missed.
func (c *Conn) place(side Side, b []byte, t *Table) (Event, bool) {
	h := &c.sides[side]
	header, body := (*[headerLen]byte)(b), b[headerLen:]
	if h.open.ready() {
		was := h.seq
		least := h.lostBytes / (headerLen + maxRecord)
		most := min(h.lostBytes/uint64(headerLen+h.open.shortest()), least+mostAhead)
		inApp := h.phase == inApplication
		if inApp && t.find(&h.open, &h.seq, was+least, most-least+1, header, body) {
			h.found()
			n := int64(h.lostBytes) - int64(h.seq-was)*int64(headerLen+h.open.shortest())
			_, known := h.open.plainLen(0)
			h.lostBytes = 0
			if known && n >= 0 {
				return Event{Kind: Missing, N: n}, true
			}
			return Event{Kind: Lost}, true
		}
		if c.search(side, header, body, least, most-least+1, t) {
			h.found()
			h.lostBytes = 0
			return Event{Kind: Lost}, true
		}
		return Event{}, false
	}
	if c.sawServerHello && !c.v13 { // its ChangeCipherSpec is missing
		if h.phase != inClear || !c.prepare(t) || !t.find(&c.pending[side], &h.seq, 0, triedAhead, header, body) {
			return Event{}, false
		}
		h.open, h.phase = c.pending[side], inApplication
		h.found()
		return Event{Kind: Lost}, true
	}
	if header[0] != applicationData || !c.guess(side, header, body, t) {
		return Event{}, false
	}
	h.found()
	h.lostBytes = 0
	return Event{Kind: Lost}, true
}

// found notes that the place is known again.
func (h *half) found() {
	h.lost, h.guesses, h.failed = false, 0, 0
	h.msg = message{}
}

// guess tries secrets of TLS 1.3 on a record: those of the session, or if that is not
// known those of all sessions whose connections were not seen.
func (c *Conn) guess(side Side, header *[headerLen]byte, body []byte, t *Table) bool {
	switch {
	case c.session >= 0:
		t.traffic = t.Log.Of(t.traffic[:0], c.session)
		for i := range t.traffic {
			x := &t.traffic[i]
			if isClient(x.Label) == (side == c.client) && c.try(side, header, body, x.Secret, mostAhead, t) {
				return true
			}
		}
		return false
	case c.hasRandom:
		return c.try(side, header, body, t.Log.Secret(&c.random, c.label(side, inApplication)), mostAhead, t)
	}
	t.traffic = t.Log.Newest(t.traffic[:0], mostSecrets, t.isClaimed)
	if len(t.traffic) == 0 && !t.Grows {
		c.fail(NoKey, t)
		return false
	}
	ahead := uint64(min(max(perRecord/max(1, len(t.traffic)), leastAhead), mostAhead))
	for i := range t.traffic {
		x := &t.traffic[i]
		if t.spent > maxSpent {
			break
		}
		if !c.try(side, header, body, x.Secret, ahead, t) {
			continue
		}
		c.session, c.client = x.Session, side
		if !isClient(x.Label) {
			c.client = 1 - side
		}
		t.claim(x.Session)
		return true
	}
	return false
}

// isClient reports whether a secret is of what the client sends.
func isClient(label keylog.Label) bool {
	return label == keylog.ClientTraffic || label == keylog.ClientUpdated
}

// suites13 are those that a secret may be for.
var suites13 = [...]*suite{suiteOf(0x1301), suiteOf(0x1302), suiteOf(0x1303)}

// try tries a secret on a record that may be any of the first, and takes it up if it fits.
func (c *Conn) try(side Side, header *[headerLen]byte, body, secret []byte, ahead uint64, t *Table) bool {
	for _, s := range suites13 {
		if c.suite.open() && s != c.suite {
			continue
		}
		var x half
		if !x.use(s, secret) {
			continue
		}
		n, cost := ahead, 1
		if s.protection == chacha { // the whole record is read
			cost = 8 + len(body)/64
			n = max(leastAhead, ahead/uint64(cost))
		}
		t.spent += newKeyCosts + int(n)*cost
		if !t.find(&x.open, &x.seq, 0, n, header, body) {
			continue
		}
		h := &c.sides[side]
		h.phase, h.open, h.seq, h.secret = inApplication, x.open, x.seq, x.secret
		c.suite, c.v13, c.sawServerHello = s, true, true
		return true
	}
	return false
}
