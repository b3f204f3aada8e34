package analyze

import (
	"math"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse"
	"github.com/kaanalyze/kaanalyze/httpparse/http2"
	"github.com/kaanalyze/kaanalyze/internal/compact"
	"github.com/kaanalyze/kaanalyze/internal/keylog"
	"github.com/kaanalyze/kaanalyze/internal/tlscrypt"
	"github.com/kaanalyze/kaanalyze/internal/tlswire"
)

// tlsKeys decrypt connections, where there is a key log.
type tlsKeys struct {
	table tlscrypt.Table
	conns compact.Pool[*tlscrypt.Conn]
	found compact.Slab[keyed]
	names map[string]uint32 // of protocols, to the number in list plus 1
	list  []string
	use   KeyUse
	data  flows.Data // text on its way to the parser of its side
}

// keyed is what keys tell of one connection. It holds no pointer. Times are ns since the
// epoch, 0 where something was not seen.
type keyed struct {
	conn     int32       // number of what decrypts it, 0 when that is over
	protocol uint32      // number of the one that ALPN chose, 0 for none
	known    bool        // that is known
	opened   bool        // records were decrypted
	texts    flows.Sides // who sent application data
	finished [2]int64    // when a side had sent its Finished
	notified [2]int64    // when a side announced its end
	alertAt  int64       // the first alert that is no such announcement
	alert    uint8       // its description
	alertBy  flows.Side
	reason   tlscrypt.Reason // why it is not decrypted, or not to its end
}

// KeyUse tells what a key log was good for.
type KeyUse struct {
	Given       bool         // there is one
	Log         keylog.Stats // of it
	Sessions    int64        // that connections were seen of
	Connections int64        // that speak TLS
	Decrypted   int64        // of them, those of which records were decrypted
	Joined      int64        // of these, those whose handshake was not captured
	Stopped     int64        // of these, those in which records could not be decrypted any more
	NoKey       int64        // those whose secrets the log does not have
	NotOpened   [4]int64     // those that cannot be decrypted, with secrets or without: see NotOpenedNames
}

// NotOpenedNames say why the connections of KeyUse.NotOpened cannot be decrypted.
var NotOpenedNames = [...]string{"AES-CCM", "another cipher", "older than TLS 1.2", "wrong secrets"}

// maxProtocolNames is how many names of protocols are kept.
const maxProtocolNames = 1 << 10

// nameProtocol returns the number of the name of a protocol.
func (k *tlsKeys) nameProtocol(name string) uint32 {
	if name == "" {
		return 0
	}
	n, ok := k.names[name]
	if !ok {
		if k.names == nil {
			k.names = map[string]uint32{}
		}
		if len(k.list) >= maxProtocolNames {
			name = "?"
		}
		k.list = append(k.list, name)
		n = uint32(len(k.list))
		if len(k.list) <= maxProtocolNames {
			k.names[name] = n
		}
	}
	return n
}

// keyedOf returns what keys tell of a connection, nil without.
func (a *Analyzer) keyedOf(t *httpState) *keyed {
	if t.tls == 0 {
		return nil
	}
	if n := a.states.tls.sessions.At(t.tls).keyed; n != 0 {
		return a.states.keys.found.At(n)
	}
	return nil
}

// openedOf is keyedOf, nil unless records were decrypted.
func (a *Analyzer) openedOf(t *httpState) *keyed {
	if k := a.keyedOf(t); k != nil && k.opened {
		return k
	}
	return nil
}

// beginKeys begins to decrypt a connection: from its beginning, or from somewhere on if
// that was not captured or no secret was known then.
func (a *Analyzer) beginKeys(c *flows.Conn, t *httpState, begins bool) *keyed {
	k := &a.states.keys
	x := a.states.tls.sessions.At(t.tls)
	n, s := k.found.Take()
	x.keyed = n
	s.conn = k.conns.Take()
	*k.conns.At(s.conn) = tlscrypt.New(uint8(clientSide(c, t)), !begins)
	k.use.Connections++
	return s
}

// decrypt takes payload of a connection that speaks TLS, with its bytes that were cut off.
// begins says that it is the first payload of a connection.
func (a *Analyzer) decrypt(c *flows.Conn, t *httpState, from flows.Side, d *flows.Data, begins bool) {
	s := a.keyedOf(t)
	if s == nil {
		s = a.beginKeys(c, t, begins)
	}
	if s.conn == 0 {
		return
	}
	conn := *a.states.keys.conns.At(s.conn)
	stamp := tlscrypt.Stamp{At: d.Time, Now: d.Now, Num: d.Num}
	if conn.Data(uint8(from), d.Payload, stamp, &a.states.keys.table) {
		a.takeDecrypted(c, t, s, conn)
	}
	if d.Cut > 0 && s.conn != 0 {
		conn.Gap(uint8(from), uint64(d.Cut), stamp, &a.states.keys.table)
		a.takeDecrypted(c, t, s, conn)
	}
}

// decryptGap takes a number of bytes of a side that were not captured.
func (a *Analyzer) decryptGap(c *flows.Conn, t *httpState, from flows.Side, n uint64) {
	s := a.keyedOf(t)
	if s == nil || s.conn == 0 {
		return
	}
	conn := *a.states.keys.conns.At(s.conn)
	now := a.engine.Now()
	conn.Gap(uint8(from), n, tlscrypt.Stamp{At: now, Now: now}, &a.states.keys.table)
	a.takeDecrypted(c, t, s, conn)
}

// takeDecrypted takes all that a connection has decrypted so far.
func (a *Analyzer) takeDecrypted(c *flows.Conn, t *httpState, s *keyed, conn *tlscrypt.Conn) {
	table := &a.states.keys.table
	for {
		ev := conn.Next(table)
		from := flows.Side(ev.From)
		s.opened = s.opened || conn.Opened()
		switch ev.Kind {
		case tlscrypt.None:
			if conn.Over() {
				a.endKeys(s)
			}
			return
		case tlscrypt.Text:
			s.texts |= from.Set()
			if t.has(decrypted) || a.readable(t, s, conn, ev.Text) {
				a.text(c, t, from, &ev)
			}
		case tlscrypt.Missing, tlscrypt.Lost:
			switch {
			case !t.has(decrypted):
			case s.texts == flows.NoSide: // its records tell more than nothing
				t.facts = t.facts&^decrypted | opaque | sawData
				t.proto = TLS
			case ev.Kind == tlscrypt.Missing:
				a.textMissing(c, t, from, &ev)
			case t.has(multiplexed):
				a.h2Gap(c, t, from, math.MaxUint64, ev.Now)
			default:
				a.reader = a.states.reader(t)
				a.reader.parsers[from].Lose()
				a.placeLost(t, from)
			}
		case tlscrypt.Finished:
			s.finished[from] = ev.At
			if s.finished[0] != 0 && s.finished[1] != 0 && !t.has(decrypted) {
				a.readable(t, s, conn, nil)
			}
		case tlscrypt.Alert:
			switch {
			case ev.Code == 0:
				s.notified[from] = ev.At
			case s.alertAt == 0:
				s.alertAt, s.alert, s.alertBy = ev.At, ev.Code, from
			}
		}
	}
}

// readable decides whether what a connection sends is read as if it were not encrypted.
// What ALPN chose tells that, or else the first text that is no part of something. It is
// not decided again if the answer is yes.
func (a *Analyzer) readable(t *httpState, s *keyed, conn *tlscrypt.Conn, text []byte) bool {
	name, known := conn.Protocol()
	if known {
		s.known, s.protocol = true, a.states.keys.nameProtocol(name)
	}
	switch is := httpparse.Detect(text); {
	case known, is == httpparse.HTTP1Request, is == httpparse.HTTP1Response, is == httpparse.H2Preface, http2.MayBegin(text):
	default:
		return false
	}
	t.facts = t.facts&^(opaque|sawData) | decrypted
	t.proto = NoProtocol
	a.states.tls.sessions.At(t.tls).pair = 0 // its turns are no estimate any more
	return true
}

// text takes application data. It came with the packet that has the last byte of its
// record, whose number tshark shows, too: before that it cannot be decrypted.
func (a *Analyzer) text(c *flows.Conn, t *httpState, from flows.Side, ev *tlscrypt.Event) {
	if !t.has(sawData) && a.isH2(t, ev.Text) {
		a.beginH2(t, clientSide(c, t), [2]bool{c.Midstream(), c.Midstream()})
	}
	if t.has(multiplexed) {
		a.h2Data(c, t, from, ev.Text, piece{at: ev.At, now: ev.Now, num: ev.Num})
		return
	}
	if !t.has(sawData) {
		t.facts |= sawData
		if beginsMessage(ev.Text) {
			t.facts |= looksHTTP
			t.minor = 1
		}
	}
	if t.has(tunnelled) || len(ev.Text) == 0 {
		watching := a.watching // the observer is shown what was on the wire
		a.watching = false
		a.socketData(c, t, from, ev.Text, 0, ev.At, ev.Num)
		a.watching = watching
		return
	}
	d := &a.states.keys.data
	*d = flows.Data{Payload: ev.Text, Time: ev.At, Num: ev.Num, Now: ev.Now}
	a.reader = a.states.reader(t)
	p := &a.reader.parsers[from]
	p.SegmentStart(d.Payload)
	if t.surplus > 0 && p.IsLost() && t.answersFrom(from) {
		t.stray(d.Payload)
	}
	watching := a.watching // the observer is shown what was on the wire
	a.watching = false
	consumer{a}.parse(c, t, from, d.Payload, d)
	a.watching = watching
}

// isH2 reports whether a connection that is decrypted speaks HTTP/2, by what ALPN chose or
// else by its first text.
func (a *Analyzer) isH2(t *httpState, text []byte) bool {
	s := a.keyedOf(t)
	if s.known && s.protocol != 0 {
		return a.states.keys.list[s.protocol-1] == "h2"
	}
	return !s.known && http2.MayBegin(text) || httpparse.Detect(text) == httpparse.H2Preface
}

// textMissing takes application data of which it is known how much is missing.
func (a *Analyzer) textMissing(c *flows.Conn, t *httpState, from flows.Side, ev *tlscrypt.Event) {
	if t.has(tunnelled) || ev.N == 0 {
		a.socketGap(c, t, from, uint64(max(ev.N, 0)), ev.Now, ev.Num)
		return
	}
	if t.has(multiplexed) {
		a.h2Gap(c, t, from, uint64(ev.N), ev.Now)
		return
	}
	a.reader = a.states.reader(t)
	a.reader.parsers[from].Skip(ev.N)
	watching := a.watching
	a.watching = false
	consumer{a}.parse(c, t, from, nil, &flows.Data{Time: ev.At, Num: ev.Num, Now: ev.Now})
	a.watching = watching
}

// joinsTLS reports whether what came shows that a connection whose beginning was not
// captured speaks TLS: its first segment may have begun anywhere in a record.
func (a *Analyzer) joinsTLS(c *flows.Conn, t *httpState, d *flows.Data) bool {
	if t.facts&(sawRequest|sawResponse) != 0 || !c.Midstream() && c.Missing(flows.Initiator)+c.Missing(flows.Responder) == 0 ||
		httpparse.Detect(d.Payload) != httpparse.TLS {
		return false
	}
	t.proto = TLS
	t.facts |= sawData | opaque
	client := clientSide(c, t)
	t.tls = a.states.tls.begin(c, client)
	a.states.tls.sessions.At(t.tls).Begin(tlswire.Side(client), false)
	return true
}

// keysEnd takes the end of what a side sends.
func (a *Analyzer) keysEnd(c *flows.Conn, t *httpState, from flows.Side) {
	a.states.tls.end(t.tls, from)
	if s := a.keyedOf(t); s != nil && s.conn != 0 && a.states.tls.sessions.At(t.tls).ended == flows.BothSides {
		a.takeDecrypted(c, t, s, *a.states.keys.conns.At(s.conn)) // keys may have come
		a.endKeys(s)
	}
}

// endKeys gives back what decrypts a connection.
func (a *Analyzer) endKeys(s *keyed) {
	if s.conn == 0 {
		return
	}
	k := &a.states.keys
	conn := *k.conns.At(s.conn)
	s.reason = conn.Reason()
	conn.Close(&k.table)
	*k.conns.At(s.conn) = nil
	a.states.tls.underWay = recordsUnderWay{}
	k.conns.Give(s.conn)
	s.conn = 0
	k.use.count(s, conn.Joined(), 1)
}

// count counts a connection, or takes that back.
func (u *KeyUse) count(s *keyed, joined bool, n int64) {
	if s.opened {
		u.Decrypted += n
		if joined {
			u.Joined += n
		}
		if s.reason != tlscrypt.NoReason {
			u.Stopped += n
		}
		return
	}
	switch s.reason {
	case tlscrypt.NoReason: // it has nothing that is encrypted, or has not come so far
	case tlscrypt.NoKey:
		u.NoKey += n
	case tlscrypt.CCM:
		u.NotOpened[0] += n
	case tlscrypt.OtherCipher:
		u.NotOpened[1] += n
	case tlscrypt.OldVersion:
		u.NotOpened[2] += n
	default:
		u.NotOpened[3] += n
	}
}

// keyUse returns what the key log was good for so far.
func (a *Analyzer) keyUse() KeyUse {
	k := &a.states.keys
	if k.table.Log == nil {
		return KeyUse{}
	}
	u := k.use
	u.Given, u.Log = true, k.table.Log.Stats()
	u.Sessions = k.table.Claimed()
	k.found.All(func(s *keyed) {
		if s.conn == 0 {
			return
		}
		conn := *k.conns.At(s.conn)
		now := *s
		now.reason = conn.Reason()
		if !now.opened && now.reason == tlscrypt.NoReason && conn.Waits(&k.table) {
			now.reason = tlscrypt.NoKey
		}
		u.count(&now, conn.Joined(), 1)
	})
	return u
}

// tellKeyed fills what keys tell of TLS.
func (a *Analyzer) tellKeyed(t *httpState, x *TLSInfo) {
	s := a.openedOf(t)
	if s == nil {
		return
	}
	if s.known {
		x.ProtocolKnown, x.Protocol = true, ""
		if s.protocol != 0 {
			x.Protocol = a.states.keys.list[s.protocol-1]
		}
	}
	if s.finished[0] != 0 && s.finished[1] != 0 {
		x.Done, x.Stage, x.Failed, x.ClientAlert = max(s.finished[0], s.finished[1]), BothFinished, false, false
	}
	if s.alertAt != 0 && x.Alert == "" {
		x.Alert, x.AlertCode, x.AlertAt = AlertName(s.alert), s.alert, s.alertAt
		x.AlertByClient = uint8(s.alertBy) == x.Client
		x.Failed = s.texts&flows.Side(1-x.Client).Set() == 0 // it may come after the client's Finished
	}
}

// tlsTime returns how long the handshake of TLS took; 0 without, and Unknown where its
// beginning was not captured.
func (a *Analyzer) tlsTime(t *httpState) int64 {
	s := a.openedOf(t)
	if s == nil {
		return 0
	}
	begun := a.states.tls.sessions.At(t.tls).HelloAt()
	switch done := max(s.finished[0], s.finished[1]); {
	case begun == 0:
		return Unknown
	case s.finished[0] == 0 || s.finished[1] == 0: // the request was early data
		return 0
	default:
		return max(0, done-begun)
	}
}
