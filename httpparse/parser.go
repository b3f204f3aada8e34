package httpparse

import "math/bits"

// Event is what [Parser.Next] has found.
type Event uint8

// The events of a parser.
const (
	None        Event = iota // all bytes are taken, more are wanted
	HeadStart                // a message has begun; its head is not whole yet
	HeadDone                 // a head is whole: see Head, then call Frame
	MessageDone              // the message is complete, with its body if it has one
	Lost                     // the place in the stream is lost; see SegmentStart
	NotHTTP                  // the direction did not begin with HTTP/1.x; all is ignored from here
)

// String returns the event in words.
func (e Event) String() string {
	return name([]string{"none", "head start", "head done", "message done", "lost", "not http"}, e)
}

// State is where in a message a parser stands.
type State uint8

const (
	stateStart        State = iota // between messages
	stateStartCR                   // there, after the CR of an empty line
	stateHead                      // in a head that straddles segments
	stateFrame                     // after a head, before Frame
	stateCounted                   // in a body with a length
	stateChunkSize                 // in the size of a chunk
	stateChunkExt                  // behind it, up to LF
	stateChunkSizeLF               // behind its CR
	stateChunkData                 // in the data of a chunk
	stateChunkDataEnd              // behind it: CR or LF
	stateChunkDataLF               // behind that CR
	stateTrailer                   // at the beginning of a trailer line
	stateTrailerLF                 // behind a CR there
	stateTrailerLine               // in a trailer line
	stateUntilClose                // in a body that the close ends
	stateTunnel                    // after CONNECT or an upgrade
	stateLost                      // anywhere
	stateNotHTTP                   // another protocol
)

// String returns the state in words.
func (s State) String() string {
	return name([]string{
		"between messages", "in an empty line", "in a head", "after a head",
		"in a counted body", "in a chunk size", "in a chunk extension", "after a chunk size",
		"in chunk data", "after chunk data", "after chunk data", "in the trailers", "in the trailers",
		"in the trailers", "in a body until close", "in a tunnel", "lost", "not http",
	}, s)
}

// What a parser has still to report, in the order in which it does.
const (
	pendDone uint8 = 1 << iota // MessageDone
	pendLost                   // Lost
)

const (
	noteBlank   uint8 = 1 << iota // empty lines came before the head to come
	noteResumed                   // the start of this direction was not seen, or was lost once
)

// Parser follows the messages in one direction of a connection. The zero
// value is ready and expects the first byte of a message. It holds no
// pointer. It is not safe for concurrent use.
type Parser struct {
	head   Head  // the last head
	left   int64 // bytes missing of a counted body or a chunk's data; the size read so far in a chunk size
	buf    int32 // handle of the buffer with a head that straddles segments, 0 for none
	state  State
	pend   uint8
	notes  uint8
	digits uint8 // of a chunk size
}

// Next takes bytes from the beginning of b, which follow those taken before,
// and returns how many and what they led to. Call it again with the rest
// until n is len(b) and the event is [None]. After HeadDone the head's bytes
// are the last Head().Len() of those taken, unless [Parser.RawHead] has them;
// [Parser.Frame] must come next. MessageDone comes for each message that no
// close ends, also for one without a body, for which it takes no byte. Lost
// and NotHTTP take all of b.
func (p *Parser) Next(b []byte, bufs *Buffers) (n int, ev Event) {
	if p.buf != 0 && p.state != stateHead {
		p.release(bufs)
	}
	if p.pend != 0 {
		return 0, p.pending()
	}
	switch p.state {
	case stateStart, stateStartCR:
		return p.start(b, bufs)
	case stateCounted:
		return p.counted(b)
	case stateHead:
		return p.moreHead(b, bufs)
	case stateFrame: // Frame was not called
		p.Frame(NoMethod)
		return p.Next(b, bufs)
	case stateUntilClose, stateTunnel, stateLost, stateNotHTTP:
		return len(b), None
	default:
		return p.chunked(b)
	}
}

// pending returns the next event that is due without bytes.
func (p *Parser) pending() Event {
	if p.pend&pendDone != 0 {
		p.pend &^= pendDone
		return MessageDone
	}
	p.pend = 0
	return Lost
}

// start takes the empty lines before a message (RFC 9112, 2.2) and its head.
func (p *Parser) start(b []byte, bufs *Buffers) (int, Event) {
	i := 0
	for ; i < len(b) && b[i] <= '\r'; i++ {
		switch {
		case b[i] == '\n':
			p.state = stateStart
			p.notes |= noteBlank
		case b[i] == '\r' && p.state == stateStart:
			p.state = stateStartCR
		default:
			return len(b), p.reject()
		}
	}
	if i == len(b) {
		return i, None
	}
	if p.state == stateStartCR {
		return len(b), p.reject()
	}
	h, r := ScanHead(b[i:])
	switch r {
	case Complete:
		p.headDone(h)
		return i + h.Len(), HeadDone
	case NotMessage:
		return len(b), p.reject()
	case Malformed:
		return len(b), p.lose()
	}
	if p.buf = bufs.hold(b[i:]); p.buf == 0 {
		return len(b), p.lose()
	}
	p.state = stateHead
	return len(b), HeadStart
}

// headDone notes a head that has been taken.
func (p *Parser) headDone(h Head) {
	if p.notes&noteBlank != 0 {
		p.notes &^= noteBlank
		h.A |= uint64(LeadingEmptyLines) << packFlags
	}
	p.head = h
	p.state = stateFrame
}

// moreHead takes more bytes of a head that straddles segments. To be linear
// in its length, the head is scanned only when its end is found and, to drop
// what is not HTTP early, each time its length has doubled.
func (p *Parser) moreHead(b []byte, bufs *Buffers) (int, Event) {
	if len(b) == 0 {
		return 0, None
	}
	held := bufs.get(p.buf)
	n := headEnd(held, b)
	whole := n >= 0
	if !whole {
		n = len(b)
	}
	if len(held)+n > MaxHead || !bufs.add(p.buf, b[:n]) {
		return len(b), p.lose()
	}
	if !whole && bits.Len(uint(len(held))) == bits.Len(uint(len(held)+n)) {
		return n, None
	}
	switch h, r := ScanHead(bufs.get(p.buf)); r {
	case Complete:
		p.headDone(h)
		return n, HeadDone
	case NeedMore:
		return n, None
	case NotMessage:
		return len(b), p.reject()
	default:
		return len(b), p.lose()
	}
}

// headEnd returns how many bytes of b belong to the head that begins with
// held and goes on in b, or -1 if it does not end there.
func headEnd(held, b []byte) int {
	seen := 0 // 1 after LF, 2 after LF CR
	if k := len(held); held[k-1] == '\n' {
		seen = 1
	} else if k > 1 && held[k-1] == '\r' && held[k-2] == '\n' {
		seen = 2
	}
	for i := 0; i < len(b); i++ {
		switch {
		case b[i] == '\n' && seen > 0:
			return i + 1
		case b[i] == '\n':
			seen = 1
		case b[i] == '\r' && seen == 1:
			seen = 2
		default:
			seen = 0
		}
	}
	return -1
}

// counted takes bytes of a body whose length is known.
func (p *Parser) counted(b []byte) (int, Event) {
	if int64(len(b)) < p.left {
		p.left -= int64(len(b))
		return len(b), None
	}
	n := int(p.left)
	p.left = 0
	p.state = stateStart
	return n, MessageDone
}

// reject gives up on bytes that no message begins with.
func (p *Parser) reject() Event {
	if p.head.Kind() == NoKind && p.notes&noteResumed == 0 {
		p.state = stateNotHTTP
		return NotHTTP
	}
	return p.lose()
}

// lose gives up on the place in the stream.
func (p *Parser) lose() Event {
	p.Lose()
	return Lost
}

func (p *Parser) release(bufs *Buffers) {
	bufs.release(p.buf)
	p.buf = 0
}

// TakeHead is the fast path for a head that lies whole in a segment: the
// caller knows from [ScanHead], [Scan] or a [Scanner] that the bytes to come
// begin with h, which is not the zero Head, and takes its h.Len() bytes itself.
// It may be called while [Parser.AtStart] reports true, and stands for the Next
// that answers HeadDone.
func (p *Parser) TakeHead(h Head) { p.headDone(h) }

// AtStart reports whether the parser stands between messages, with no byte of
// the next one taken and no event due.
func (p *Parser) AtStart() bool { return p.state == stateStart && p.pend == 0 && p.buf == 0 }

// Head returns the last head that was taken, the zero Head before the first.
func (p *Parser) Head() Head { return p.head }

// RawHead returns the bytes of the head just taken if it straddled segments,
// else nil: the caller has them. They are valid until the next call of Next.
func (p *Parser) RawHead(bufs *Buffers) []byte {
	if p.buf == 0 || p.state == stateHead {
		return nil
	}
	return bufs.get(p.buf)
}
