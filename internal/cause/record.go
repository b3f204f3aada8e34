package cause

import (
	"cmp"
	"math"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// Record is what is kept of a connection for its group: no pointer, 104 bytes.
type Record struct {
	observation observation
	Start       int64
	Ended       int64  // first FIN or RST
	Packet      uint64 // of that, else of the message that ended the persistence
	Done        int64  // last byte of the last response; Unknown without
	Asked       uint64 // first packet of the last request
	times       [2]int64

	ID         uint32
	Stream     uint32 // noStream if it is not known
	Pair       uint32
	Requests   uint32
	connect    uint32 // time that the connection took to open, in µs and rounded up; 0 if not known
	Port       uint16 // of the client
	idleOthers uint16 // capped
	idleBefore uint16 // others that were idle when it was opened, capped
	class      class
	Cause      Cause
	By         analyze.Party
	Confidence Confidence
	flags      recordFlags
	TimeWait   analyze.TimeWait
}

// recordFlags are what else was seen of a connection.
type recordFlags uint8

const (
	isBodied   recordFlags = 1 << iota // its last response has a body
	isReset                            // it ended by an RST
	isOpen                             // it did not end
	isHalf                             // one side closed, the other did not, though it had time
	isOutlived                         // it was used again after a pause as long as the last
)

func (r *Record) has(f recordFlags) bool { return r.flags&f != 0 }

// notReused returns the judgement.
func (r *Record) notReused() NotReused { return NotReused{r.Cause, r.By, r.Confidence, r.observation} }

// ConnectTime returns how long the connection took to open, in ns; 0 if that is
// not known.
func (r *Record) ConnectTime() int64 { return int64(r.connect) * 1e3 }

const NoStream = math.MaxUint32

// Unanswered reports whether the last request got no whole response.
func (r *Record) Unanswered() bool {
	return r.class != saidInResponse && r.Asked != 0 && (r.Done == analyze.Unknown || r.AskedAt() > r.Done)
}

// saidAt is when a response said that it ended the persistence, and usedAt the
// time of the last byte of the response before it; Unknown without. Those of
// class saidInResponse have these two.
func (r *Record) saidAt() int64       { return r.times[0] }
func (r *Record) previousDone() int64 { return r.times[1] }

// AskedAt is the time of the first packet of the last request, and firstByte
// that of the response to it that was under way; Unknown without. All others
// have these two.
func (r *Record) AskedAt() int64     { return r.times[0] }
func (r *Record) FirstByteAt() int64 { return r.times[1] }

func ByID(x, y *Record) int { return cmp.Compare(x.ID, y.ID) }

// Measured is the duration of a record's fact, in ns.
func Measured(r *Record) int64 { return r.observation.ns }

// age is how old a connection was when it ended.
func (r *Record) age() int64 { return r.Ended - r.Start }

// Observed returns what the capture shows of its end, in words.
func (r *Record) Observed() string { return r.observation.String() }

// Status returns the status of the response that ended the persistence; 0 if none
// did.
func (r *Record) Status() uint16 { return r.observation.status }

// SYNs returns how many SYNs were sent of one that was never answered.
func (r *Record) SYNs() uint32 { return r.observation.number }

// Open reports whether it did not end.
func (r *Record) Open() bool { return r.has(isOpen) }

// EndedIdle reports whether it was closed with all requests answered, and the
// response before that is known.
func (r *Record) EndedIdle() bool { return r.observation.kind == observedIdleEnd }

// ServerEndedBusy reports whether the server closed it with a request under way.
func (r *Record) ServerEndedBusy() bool { return r.class == serverEndedBusy }

// CutShort reports whether it was closed before the response under way was
// complete.
func (r *Record) CutShort() bool { return r.observation.kind == observedCutEnd }

// CutResponse reports whether it was closed before a response was complete whose
// first byte is known.
func (r *Record) CutResponse() bool { return r.CutShort() && r.FirstByteAt() != analyze.Unknown }

// LeftEvents reports whether the client left a stream of events, which has no
// other end.
func (r *Record) LeftEvents() bool { return r.observation.kind == observedEventsEnd }

// untaken reports whether the server reset a connection without a byte of a
// response, as its kernel does with those that no process has taken yet when the
// listening socket is closed.
func (r *Record) untaken() bool {
	return r.class == serverEndedBusy && r.has(isReset) && r.Done == analyze.Unknown && r.observation.kind == observedUnansweredEnd
}
