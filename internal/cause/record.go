package cause

import (
	"cmp"
	"math"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// Record is what is kept of a connection for its group and for the rules: 104
// bytes without a pointer, for a million connections are a million records. Times
// are in ns since the epoch, packets are numbered from 1. Only this package
// changes records, until Finish has returned.
type Record struct {
	observation observation

	Start   int64  // its first packet
	Ended   int64  // its first FIN or RST; 0 if it is open
	Packet  uint64 // of the message that ended the persistence, else the first FIN or RST; 0 without
	Done    int64  // last byte of the last response; analyze.Unknown without
	Request uint64 // first packet of the last request; 0 without
	times   [2]int64

	ID         uint32
	Stream     uint32 // Wireshark's tcp.stream; NoStream if it is not known
	Pair       uint32 // number of its client and server
	Requests   uint32 // that it carried
	connect    uint32 // time that it took to open, in µs and rounded up; 0 if not known
	Port       uint16 // of the client
	idleOthers uint16 // other connections of the pair that were idle when it began to close, capped
	idleBefore uint16 // and when it was opened, capped

	class      class
	Cause      Cause
	By         analyze.Party // who caused it
	Confidence Confidence
	flags      recordFlags
	TimeWait   analyze.TimeWait // who holds TIME_WAIT for it
}

// NoStream is the Stream of a record whose number is not known.
const NoStream = math.MaxUint32

// recordFlags are what else was seen of a connection.
type recordFlags uint8

const (
	isBodied         recordFlags = 1 << iota // its last response has a body
	isReset                                  // it ended by an RST
	isOpen                                   // it did not end
	isHalf                                   // one side closed, the other did not, though it had time
	isOutlived                               // it was used again after a pause that was no shorter than its last one
	isFailed                                 // its last requests have no whole response, and not as the client chose
	isDropped                                // its client ended it in a response
	isKeptAfterError                         // a response with an error did not end it
)

// persistenceEnd is when a response said that it ended the persistence.
type persistenceEnd struct {
	said         int64
	previousDone int64 // last byte of the response before it; analyze.Unknown without
}

// lastRequest is when the last request was sent, and when its answer began.
type lastRequest struct {
	sent      int64 // its first packet
	firstByte int64 // of the response that is under way; analyze.Unknown without
}

// newRecord returns the record of a connection with its own judgement. last is the
// time of the latest packet so far.
func newRecord(c *analyze.Connection, is NotReused, k class, last int64) Record {
	e := &c.Evidence
	end := endingOf(c)
	r := Record{
		observation: is.observation, class: k, Cause: is.Cause, By: is.By, Confidence: is.Confidence,
		ID: uint32(c.ID), Stream: NoStream, Pair: e.Pair, Port: c.Client.Port(), TimeWait: c.Close.TimeWait,
		Start: c.Start, Ended: end.at, Packet: end.packet, Done: e.LastDone, Request: e.Request.Packet,
		times:      [2]int64{e.Request.At, e.FirstByteAt},
		idleOthers: uint16(min(e.IdleOthers, math.MaxUint16)), idleBefore: uint16(min(e.IdleBefore, math.MaxUint16)),
		Requests: uint32(max(c.Carried(), 0)),
		connect:  uint32(min((max(c.ConnectTime, 0)+999)/1e3, math.MaxUint32)),
	}
	if k == saidInResponse {
		r.times = [2]int64{e.EndMark.At, e.PreviousDone}
	}
	if h := c.HTTP2; h != nil && is.observation.kind == observedGoAway {
		r.Packet = h.GoAway.Mark.Packet
		if r.toldAway() {
			r.times = [2]int64{h.GoAway.Mark.At, h.GoAway.Done}
		}
	}
	r.set(isBodied, e.LastHadBody)
	r.set(isReset, end.rst)
	r.set(isOpen, end.by == analyze.Nobody)
	r.set(isHalf, c.Close.Kind == flows.CloseHalf && last-end.at >= LongHalfClosed)
	r.set(isOutlived, e.SurvivedSameIdle)
	lost := lossOf(c, end)
	r.set(isFailed, lost.failed > 0)
	r.set(isDropped, lost.dropped > 0)
	r.set(isKeptAfterError, e.KeptAfterError)
	if c.Estimated() && c.Carried() > 0 {
		r.observation.by |= estimated
	}
	if c.Stream != analyze.Unknown {
		r.Stream = uint32(c.Stream)
	}
	if e.EndReason != analyze.NotEnded {
		r.Packet = e.EndMark.Packet
	}
	return r
}

// set sets a flag if that is so.
func (r *Record) set(f recordFlags, is bool) {
	if is {
		r.flags |= f
	}
}

func (r *Record) has(f recordFlags) bool { return r.flags&f != 0 }

// persistenceEnd is known of class saidInResponse, and where a GOAWAY told its reason;
// lastRequest of all others: a record has room for one of them.
func (r *Record) persistenceEnd() persistenceEnd { return persistenceEnd{r.times[0], r.times[1]} }
func (r *Record) lastRequest() lastRequest {
	if r.observation.kind == observedGoAway && r.class == decided {
		return lastRequest{analyze.Unknown, analyze.Unknown}
	}
	return lastRequest{r.times[0], r.times[1]}
}

// notReused returns the judgement.
func (r *Record) notReused() NotReused { return NotReused{r.Cause, r.By, r.Confidence, r.observation} }

// Observed returns what the capture shows of its end, in words.
func (r *Record) Observed() string { return r.observation.String() }

// Measured returns the time that Observed tells, in ns: mostly from the last
// message to the end.
func (r *Record) Measured() int64 { return r.observation.ns }

// Status returns the status of the response that ended the persistence, or of the last
// one of an idle connection; 0 of others.
func (r *Record) Status() uint16 { return r.observation.status }

// SYNs returns how many SYNs were sent of one that was never answered.
func (r *Record) SYNs() uint32 { return r.observation.number }

// ConnectTime returns how long the connection took to open, in ns and rounded up
// to µs; 0 if that is not known.
func (r *Record) ConnectTime() int64 { return int64(r.connect) * 1e3 }

// NeverOpened reports whether it did not open, and no request could be sent.
func (r *Record) NeverOpened() bool {
	return r.Requests == 0 && (r.Cause == Refused || r.ProvedForged() && r.observation.number == forgedAtSYN || r.Cause == AcceptQueueFull || r.Cause == Unanswered || r.Cause == ConnectTimeout)
}

// Open reports whether the capture does not show its end.
func (r *Record) Open() bool { return r.has(isOpen) }

// age returns how old a connection was when it ended, in ns.
func (r *Record) age() int64 { return r.Ended - r.Start }

// RequestSent returns when the first packet of the last request was sent. It is
// not known of connections that a response ended.
func (r *Record) RequestSent() int64 { return r.lastRequest().sent }

// FirstByte returns when the response to the last request began, analyze.Unknown
// if it did not. It is not known of connections that a response ended.
func (r *Record) FirstByte() int64 { return r.lastRequest().firstByte }

// KeptAfterError reports whether a response with an error did not end it.
func (r *Record) KeptAfterError() bool { return r.has(isKeptAfterError) }

// Estimated reports whether what it tells of requests is estimated.
func (r *Record) Estimated() bool { return r.observation.by&estimated != 0 }

// EndedIdle reports whether it was closed with all requests answered, and the
// response before that is known.
func (r *Record) EndedIdle() bool {
	return r.observation.kind == observedIdleEnd || r.bothEnded()
}

// bothEnded reports whether both sides closed, and neither because the other one did.
func (r *Record) bothEnded() bool { return r.observation.kind == observedBothEnd }

// Paused reports whether it ended after a pause, rather than right after a message: at
// the other end of the line that is seen a round trip later.
func (r *Record) Paused() bool { return r.Measured() >= MinIdle+r.roundTrip() }

// ServerEndedBusy reports whether the server closed it with a request under way.
func (r *Record) ServerEndedBusy() bool { return r.class == serverEndedBusy }

// CutShort reports whether it was closed before the response under way was
// complete.
func (r *Record) CutShort() bool { return r.observation.kind == observedCutEnd }

// CutUpload reports whether the server closed it before a request had come whole.
func (r *Record) CutUpload() bool {
	return r.observation.kind == observedUnansweredEnd && r.observation.by&uploading != 0
}

// UploadOutlasted reports whether a request came after the server's FIN for the one before
// it, though answered, was still being sent when that came.
func (r *Record) UploadOutlasted() bool {
	return r.observation.kind == observedLateRequest && r.observation.by&uploading != 0
}

// CutResponse reports whether it was closed before a response was complete whose
// first byte is known.
func (r *Record) CutResponse() bool { return r.CutShort() && r.FirstByte() != analyze.Unknown }

// Waited returns how long the last request waited for its response to begin, and when
// that was. It is not known of connections whose second request or a later one a
// response with "Connection: close" answers.
func (r *Record) Waited() (wait, until int64, ok bool) {
	from, until := r.RequestSent(), r.FirstByte()
	if r.class == saidInResponse {
		from, until = r.Start+r.ConnectTime(), r.persistenceEnd().said
	}
	known := from != analyze.Unknown && until != analyze.Unknown && until >= from
	return until - from, until, known && (r.Requests == 1 || r.Requests > 1 && r.class != saidInResponse)
}

// EndUnseen reports whether it was closed after a response had begun whose end is not
// known: the packets that would tell were cut, or not captured.
func (r *Record) EndUnseen() bool {
	return (r.class == clientEndedQuiet || r.class == serverEndedQuiet) && r.observation.kind == observedQuietEnd &&
		r.Requests > 0 && r.FirstByte() != analyze.Unknown && !r.Estimated()
}

// IdleAtEnd reports whether it was closed while no request was under way, and had
// been idle for a while, or never carried any.
func (r *Record) IdleAtEnd() bool {
	if r.has(isOpen) || r.has(isFailed|isDropped) {
		return false
	}
	return r.Requests == 0 && r.Cause == NoRequest || r.Done != analyze.Unknown && r.Ended-r.Done >= MinIdle
}

// Surplus returns how many bytes followed its response beyond the end of that, up to
// 65,535, if these are what ended it.
func (r *Record) Surplus() int64 {
	if r.observation.kind != observedSurplus {
		return 0
	}
	return int64(r.observation.number)
}

// LeftEvents reports whether the client left a stream of events, which has no
// other end.
func (r *Record) LeftEvents() bool { return r.observation.kind == observedEventsEnd }

// untaken reports whether the server reset a connection without a byte of a
// response, as its kernel does with those that no process has taken yet when the
// listening socket is closed.
func (r *Record) untaken() bool {
	return r.class == serverEndedBusy && r.has(isReset) && r.Done == analyze.Unknown && r.observation.kind == observedUnansweredEnd
}

// ByID compares records by their ID.
func ByID(x, y *Record) int { return cmp.Compare(x.ID, y.ID) }
