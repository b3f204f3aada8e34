package tlscrypt

import (
	"crypto/sha256"

	"github.com/kaanalyze/kaanalyze/internal/keylog"
)

// Side is one of the two sides of a connection.
type Side = uint8

// Table is what the connections of a capture share. It is not safe for concurrent use.
type Table struct {
	Log   *keylog.Log
	Grows bool // secrets may still be added to the log

	spare [len(bufferSizes)][][]byte
	held  int
	plain [maxRecord]byte                // of the record opened last
	known map[[sha256.Size]byte]masterOf // sessions of TLS 1.2 that may be resumed, by what names them
	spent int                            // what guessing has cost

	claimed []uint64 // which sessions of the log have a connection, by their numbers
	claims  int64    // how many
	traffic []keylog.Traffic
}

// Claimed returns how many sessions of the log there are connections of.
func (t *Table) Claimed() int64 { return t.claims }

// claim notes that there is a connection of a session.
func (t *Table) claim(n int32) {
	for int(n/64) >= len(t.claimed) {
		t.claimed = append(t.claimed, 0)
	}
	if !t.isClaimed(n) {
		t.claimed[n/64] |= 1 << (n % 64)
		t.claims++
	}
}

func (t *Table) isClaimed(n int32) bool {
	return int(n/64) < len(t.claimed) && t.claimed[n/64]>>(n%64)&1 != 0
}

// has reports whether the log has a session, and claims it.
func (t *Table) has(r *keylog.Random) bool {
	n, ok := t.Log.Number(r)
	if ok {
		t.claim(n)
	}
	return ok
}

// masterOf is a master secret.
type masterOf [48]byte

// maxKnown is how many sessions are remembered that may be resumed.
const maxKnown = 1 << 16

// EventKind is what an Event tells.
type EventKind uint8

// The kinds.
const (
	None     EventKind = iota // all that came is read, as far as it can be
	Text                      // application data
	Missing                   // text that is missing
	Alert                     // one that was encrypted
	Finished                  // a side has ended its handshake
	Lost                      // the place in what a side sends is lost
)

// Event is what Next has found.
type Event struct {
	Kind  EventKind
	From  Side
	Text  []byte // valid until the next call of Next, of any connection
	N     int64  // of Missing: how many bytes
	Code  uint8  // of an alert: its description
	Stamp        // of the packet with the last byte of the record: a record can be opened when all of it is there
}

// Reason is why a connection is not decrypted, or not to its end.
type Reason uint8

// The reasons.
const (
	NoReason    Reason = iota // it is, or has nothing that is encrypted
	NoKey                     // the log has no secret of the session
	CCM                       // it is protected by AES-CCM
	OtherCipher               // or by another cipher that is not supported, or compressed
	OldVersion                // older than TLS 1.2
	WrongKey                  // records could not be opened with the secret
)

// phase is where a direction stands.
type phase uint8

const (
	inClear       phase = iota // up to the ServerHello, or to ChangeCipherSpec
	earlyData                  // TLS 1.3, client
	inHandshake                // TLS 1.3
	inApplication              // all that follows
	over                       // nothing more is read
)

// half is one direction.
type half struct {
	in     input
	phase  phase
	open   opener
	seq    uint64
	secret [48]byte // that open is of, of TLS 1.3
	msg    message

	asked   uint64 // version of the log, behind which there is no secret for the phase
	wanted  int    // bytes of the record under way that are to come; 0 if that is not known
	length  int    // body of the record under way, if bytes of it are missing and it is encrypted; else 0
	left    int    // bytes of it that are to come
	partial bool   // bytes of the message under way are missing
	holed   bool   // zeros stand for bytes of the record under way that are missing
	failed  int    // records in a row that could not be opened

	lost      bool   // the place of records is lost
	lostBytes uint64 // since the last record whose place is known
	guesses   int    // records that secrets were tried on in vain
}

// Conn decrypts one connection. New makes one.
type Conn struct {
	sides  [2]half
	client Side

	random    keylog.Random // of the ClientHello
	hasRandom bool
	session   int32 // its number in the log, of a connection that was joined midstream; -1 if it is not known

	sawServerHello bool
	v13            bool
	suite          *suite
	serverRandom   [32]byte
	encryptFirst   bool
	offersEarly    bool
	early          earlyAnswer

	protocol      string
	protocolKnown bool

	resumes  masterOf // secret of the session that is resumed, of TLS 1.2
	hasOlder bool     // there is one
	pending  [2]opener
	names    [2][sha256.Size]byte // of what will name this session: its ID, its ticket
	hasNames [2]bool

	turn   Side
	opened bool // a record was
	reason Reason
}

// earlyAnswer is whether a server takes early data.
type earlyAnswer uint8

const (
	earlyUnknown earlyAnswer = iota
	earlyAccepted
	earlyRefused
)

// ConnBytes is what a Conn takes with its keys, about.
const ConnBytes = 4 << 10

// New returns a Conn. client is the side that is taken for the client if nothing tells;
// midstream says that the beginning of the connection was not captured.
func New(client Side, midstream bool) *Conn {
	c := &Conn{client: client, session: -1, suite: &suite{}}
	for i := range c.sides {
		c.sides[i].lost = midstream
		c.sides[i].asked = ^uint64(0)
	}
	return c
}

// Opened reports whether records were decrypted, Reason why not, or why not to the end.
func (c *Conn) Opened() bool   { return c.opened }
func (c *Conn) Reason() Reason { return c.reason }

// Over reports whether nothing more will be decrypted.
func (c *Conn) Over() bool { return c.sides[0].phase == over && c.sides[1].phase == over }

// Protocol returns what ALPN chose, "" for none, and whether that is known.
func (c *Conn) Protocol() (string, bool) { return c.protocol, c.protocolKnown }

// Joined reports whether the handshake was not read, but secrets fit.
func (c *Conn) Joined() bool { return c.session >= 0 }

// Data takes bytes of one side, in sequence, and reports whether there may be something in
// them for Next, which must be called then until it returns None: until then b is in use.
func (c *Conn) Data(from Side, b []byte, s Stamp, t *Table) bool {
	h := &c.sides[from]
	if h.phase != over {
		h.in.lent, h.in.stamp = b, s
	}
	c.turn = from
	if !c.Inside(from, len(b), t) {
		return true
	}
	h.wanted -= len(b)
	c.keep(h, t)
	return false
}

// Inside reports whether the next n bytes of a side go on in a record and do not end it, as
// most packets of a long response do: Data has nothing for Next then.
func (c *Conn) Inside(from Side, n int, t *Table) bool {
	return n < c.sides[from].wanted && !t.Grows
}

// Gap takes a number of bytes of one side that are missing. Next must be called then.
func (c *Conn) Gap(from Side, n uint64, s Stamp, t *Table) {
	h := &c.sides[from]
	c.turn, h.wanted = from, 0
	if h.phase == over {
		return
	}
	if h.lost {
		h.lostBytes += n
		h.in.drop(t)
		return
	}
	h.in.stamp = s
	switch b, length := c.underWay(from, t), h.length; {
	case length > 0 && n <= uint64(h.left): // of a record that goes on already
		h.left -= int(n)
		return
	case length > 0:
	case b == nil:
	case h.phase == inClear: // zeros stand for what is missing, so that messages behind it are found
		if more := headerLen + bodyLen(b) - h.in.len(); n <= uint64(more) && h.in.fill(int(n), t) {
			h.holed = true
			return
		}
	default:
		h.length = bodyLen(b)
		h.left = h.length - (h.in.len() - headerLen)
		h.in.drop(t)
		h.in.stamp = s
		if n <= uint64(h.left) {
			h.left -= int(n)
			return
		}
	}
	h.lostBytes = n + uint64(h.in.len())
	if h.length > 0 {
		h.lostBytes += uint64(headerLen + h.length - h.left)
	}
	h.in.drop(t)
	h.lose()
}

// underWay returns the header of the record of a side that has begun and can be read, nil
// without.
func (c *Conn) underWay(side Side, t *Table) []byte {
	h := &c.sides[side]
	if h.in.len() < headerLen {
		return nil
	}
	b := h.in.peek(headerLen, t)
	if b == nil || !isRecord(b) || c.waits(side, b, t) || h.in.len() >= headerLen+bodyLen(b) {
		return nil
	}
	return b
}

// lose notes that the place of records is lost.
func (h *half) lose() {
	h.lost, h.left, h.length, h.wanted = true, 0, 0, 0
	h.msg = message{}
}

// end gives up on a direction.
func (h *half) end(t *Table) {
	h.in.drop(t)
	*h = half{phase: over}
}

// fail gives up on the connection.
func (c *Conn) fail(why Reason, t *Table) {
	if c.reason == NoReason {
		c.reason = why
	}
	for i := range c.sides {
		c.sides[i].end(t)
	}
}

// Close gives back what is held.
func (c *Conn) Close(t *Table) {
	for i := range c.sides {
		c.sides[i].end(t)
	}
}

// Next returns what is found next. In either direction it goes as far as it can: records
// of the client may wait for the server's hello.
func (c *Conn) Next(t *Table) Event {
	for stuck := 0; stuck < len(c.sides); {
		ev, moved := c.step(c.turn, t)
		if ev.Kind != None {
			return ev
		}
		if moved {
			stuck = 0
		} else {
			stuck++
			c.turn = 1 - c.turn
		}
	}
	for i := range c.sides {
		c.keep(&c.sides[i], t)
	}
	return Event{}
}

// maxWaiting is how many bytes of a direction wait for keys: more than one record, of
// which 64 KiB of early data.
const maxWaiting = 96 << 10

// keep keeps what is left of the caller's bytes.
func (c *Conn) keep(h *half, t *Table) {
	n := len(h.in.lent)
	if n == 0 {
		return
	}
	if h.in.len() > maxWaiting || !h.in.move(n, t) {
		h.lostBytes += uint64(h.in.len())
		h.in.drop(t)
		h.lose()
	}
}

// step reads a record of a side, if there is one that can be read, and reports whether it
// came on.
func (c *Conn) step(side Side, t *Table) (ev Event, moved bool) {
	h := &c.sides[side]
	h.wanted = 0
	switch {
	case h.phase == over:
		h.in.drop(t)
		return ev, false
	case h.length > 0:
		return c.rest(side, t)
	case h.lost:
		return c.seek(side, t)
	case h.in.len() < headerLen:
		return ev, false
	}
	b := h.in.peek(headerLen, t)
	switch {
	case b == nil, !isRecord(b):
		h.lostBytes = uint64(h.in.len())
		h.lose()
		if h.phase == inClear && !c.hasRandom { // it may be no TLS at all
			c.fail(NoReason, t)
		}
		return Event{Kind: Lost, From: side, Stamp: h.in.stamp}, true
	case c.waits(side, b, t):
		return ev, false
	}
	n := headerLen + bodyLen(b)
	if h.in.len() < n {
		h.wanted = n - h.in.len()
		return ev, false
	}
	b = h.in.peek(n, t)
	switch {
	case b == nil: // there is no room for it
		h.lostBytes = uint64(h.in.len())
		h.in.drop(t)
		fallthrough
	case h.phase == inClear && b[0] == applicationData: // the hello before it is missing
		h.lose()
		return Event{Kind: Lost, From: side, Stamp: h.in.stamp}, true
	}
	ev = c.record(side, b, t)
	ev.From = side
	if h.phase != over {
		ev.Stamp = h.in.take(n, t)
	}
	h.holed = false
	return ev, true
}

// rest takes what comes of a record of which bytes are missing.
func (c *Conn) rest(side Side, t *Table) (ev Event, moved bool) {
	h := &c.sides[side]
	n := min(h.left, h.in.len())
	s := h.in.stamp
	if n > 0 {
		s = h.in.take(n, t)
	}
	if h.left -= n; h.left > 0 {
		return ev, false
	}
	return c.missed(side, h.length, s), true
}

// missed notes a record with a body of that length which was not captured whole.
func (c *Conn) missed(side Side, length int, s Stamp) Event {
	h := &c.sides[side]
	h.seq++
	h.length, h.left = 0, 0
	h.msg = message{}
	if !h.open.ready() {
		return Event{Kind: Lost, From: side, Stamp: s}
	}
	n, known := h.open.plainLen(length)
	if !known || h.phase != inApplication {
		return Event{Kind: Lost, From: side, Stamp: s}
	}
	return Event{Kind: Missing, From: side, N: int64(n), Stamp: s}
}

// waits reports whether a record of a side with this header cannot be read yet.
func (c *Conn) waits(side Side, header []byte, t *Table) bool {
	h := &c.sides[side]
	if h.phase != inClear && header[0] != changeCipherSpec {
		return t.Grows && c.v13 && !c.arm(side, t)
	}
	if header[0] != applicationData && header[0] != changeCipherSpec {
		return false
	}
	if header[0] == changeCipherSpec && c.sawServerHello && !c.v13 {
		return t.Grows && !c.prepare(t)
	}
	if side != c.client || !c.hasRandom || c.sides[1-side].lost || c.sides[1-side].phase == over {
		return false
	}
	return !c.sawServerHello || c.v13 && header[0] == applicationData && c.early == earlyUnknown && c.offersEarly
}

// Waits reports whether there are records that no secret was found for, if more may come.
func (c *Conn) Waits(t *Table) bool {
	return t.Grows && (c.sides[0].in.len() > 0 || c.sides[1].in.len() > 0 || c.sides[0].guesses > 0 || c.sides[1].guesses > 0)
}
