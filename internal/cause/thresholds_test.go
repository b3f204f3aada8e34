package cause

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

const second = int64(1e9)

// connection returns a connection on which one request was answered, 10 s before
// another one that was not, with what change changes.
func connection(change func(c *analyze.Connection, e *analyze.Evidence)) *analyze.Connection {
	c := &analyze.Connection{
		ID: 1, Stream: analyze.Unknown, Handshake: flows.HandshakeComplete, Protocol: analyze.HTTP11,
		Start: 0, End: 20 * second, ConnectTime: 1e6, RTT: 1e6,
		PacketsClient: 5, PacketsServer: 5, BytesClient: 100, BytesServer: 100,
		Requests: 2, Responses: 1, IdleP50: analyze.Unknown, IdleMax: analyze.Unknown, IdleLast: analyze.Unknown,
		ClientProbes: analyze.Probes{Idle: analyze.Unknown, Interval: analyze.Unknown},
		ServerProbes: analyze.Probes{Idle: analyze.Unknown, Interval: analyze.Unknown},
	}
	c.Evidence = analyze.Evidence{
		LastDone: second, LastStatus: 200, FirstByteAt: analyze.Unknown, PreviousDone: analyze.Unknown,
		Outstanding: 1, Request: analyze.Mark{At: 11 * second, Packet: 10},
	}
	change(c, &c.Evidence)
	return c
}

// thresholdCase is a threshold, and something that holds on one side of it.
type thresholdCase struct {
	name          string
	without, with int64 // the values next to each other at which it does not hold, and does
	is            func(x int64) bool
}

// TestThresholds holds what each threshold changes, on both sides of it.
func TestThresholds(t *testing.T) {
	for _, tc := range slices.Concat(thresholdsOfOne, thresholdsOfSamples, thresholdsOfEnds, thresholdsOfClients) {
		if tc.is(tc.without) {
			t.Errorf("%s: at %d it holds, want it not to", tc.name, tc.without)
		}
		if !tc.is(tc.with) {
			t.Errorf("%s: at %d it does not hold, want it to", tc.name, tc.with)
		}
	}
}

// causeOf judges a connection by its own evidence.
func causeOf(change func(c *analyze.Connection, e *analyze.Evidence)) Cause {
	return Judge(connection(change), 100*second).Cause
}

// notes reports whether a connection has an anomaly.
func notes(kind AnomalyKind, change func(c *analyze.Connection, e *analyze.Evidence)) (is bool) {
	var s Summary
	s.add(connection(change), 100*second)
	s.anomalies.Each(func(a *Anomaly) { is = is || a.Kind == kind })
	return is
}

var thresholdsOfOne = []thresholdCase{
	{"minLostProbes", minLostProbes - 1, minLostProbes, func(x int64) bool {
		return causeOf(func(c *analyze.Connection, e *analyze.Evidence) {
			e.Outstanding, e.UnansweredClient, c.ClientProbes.Sent = 0, uint32(x), 2
		}) == DeadPeer
	}},
	{"minLostData", minLostData - 1, minLostData, func(x int64) bool {
		return causeOf(func(c *analyze.Connection, e *analyze.Evidence) {
			e.UnansweredClient, c.RetransmissionsClient, e.RequestUnacked = uint32(x), 9, true
		}) == RetransmissionTimeout
	}},
	{"minRace, where both directions may cross", 2*minRace + 1, 2 * minRace, func(x int64) bool {
		return causeOf(func(c *analyze.Connection, e *analyze.Evidence) {
			e.ServerFIN, e.ServerFINCrossedData = analyze.Mark{At: e.Request.At + x, Packet: 11}, true
		}) == StaleRace
	}},
	{"minRace, where the request is late", minRace + 1, minRace, func(x int64) bool {
		return causeOf(func(c *analyze.Connection, e *analyze.Evidence) {
			e.ServerFIN, e.ClientSentAfterFIN = analyze.Mark{At: e.Request.At - x, Packet: 9}, true
		}) == StaleRace
	}},
	{"a round trip longer than minRace", 2*minRace + 1, 2 * minRace, func(x int64) bool {
		return causeOf(func(c *analyze.Connection, e *analyze.Evidence) {
			c.RTT = 2 * minRace
			e.ServerFIN, e.ClientSentAfterFIN = analyze.Mark{At: e.Request.At - x, Packet: 9}, true
		}) == StaleRace
	}},
	{"minRest", minRest - 1, minRest, func(x int64) bool {
		return causeOf(func(c *analyze.Connection, e *analyze.Evidence) {
			e.LastDone = e.Request.At - x
			e.ServerRST, c.Close.ResetShape = analyze.Mark{At: e.Request.At + 1, Packet: 11}, flows.ResetNoSocket
		}) == HalfOpenPeer
	}},
	{"maxSwap", maxSwap + 1, maxSwap, func(x int64) bool {
		return causeOf(func(c *analyze.Connection, e *analyze.Evidence) {
			e.LastDone = e.Request.At - minRest
			e.ClientRST = analyze.Mark{At: e.Request.At - x, Packet: 9}
			e.ServerRST, c.Close.ResetShape = analyze.Mark{At: e.Request.At + 1, Packet: 11}, flows.ResetNoSocket
		}) == HalfOpenPeer
	}},
	{"minStarved", minStarved - 1, minStarved, func(x int64) bool {
		return notes(AnomalyStarved, func(c *analyze.Connection, e *analyze.Evidence) {
			c.BytesServer, e.Request.At = 0, 100*second-x
		})
	}},
	{"minSocketIdle", minSocketIdle - 1, minSocketIdle, func(x int64) bool {
		return notes(AnomalySocketIdle, func(c *analyze.Connection, _ *analyze.Evidence) {
			c.WebSocket, c.Close.Began, c.Close.At = &analyze.SocketInfo{Ended: analyze.Unknown, LastAt: 20*second - x}, analyze.Server, 20*second
		})
	}},
	{"minStall", minStall - 1, minStall, func(x int64) bool {
		return notes(AnomalyStall, func(c *analyze.Connection, e *analyze.Evidence) { e.Stall = x })
	}},
	{"minLateOpen", minLateOpen - 1, minLateOpen, func(x int64) bool {
		return notes(AnomalyLateOpen, func(c *analyze.Connection, e *analyze.Evidence) { c.ConnectTime, c.SYNRetransmissions = x, 1 })
	}},
	{"LongHalfClosed", LongHalfClosed - 1, LongHalfClosed, func(x int64) bool {
		c := connection(func(c *analyze.Connection, e *analyze.Evidence) {
			e.ServerFIN, c.Close.Kind = analyze.Mark{At: 100*second - x, Packet: 12}, flows.CloseHalf
		})
		r := newRecord(c, NotReused{}, decided, 100*second)
		return r.has(isHalf)
	}},
	{"lossyShare", 10, 11, func(x int64) bool {
		var s Summary
		s.add(connection(func(c *analyze.Connection, e *analyze.Evidence) {
			c.MissingServer, c.BytesClient, c.BytesServer = uint64(x), 100, 10*lossyShare-110 // 10 are a twentieth of all
		}), 100*second)
		return s.Lossy == 1
	}},
	{"redirect", redirect - 1, redirect, func(x int64) bool {
		return causeOf(func(c *analyze.Connection, e *analyze.Evidence) {
			e.EarlyResponse, e.EarlyStatus, e.ServerFIN = true, uint16(x), analyze.Mark{At: 12 * second, Packet: 12}
		}) == EarlyResponse
	}},
	{"clientError", clientError - 1, clientError, func(x int64) bool {
		return observation{kind: observedResponseClose, number: 1, status: uint16(x)}.String() == fmt.Sprintf(`response 1 (status %d) says "Connection: close"`, x)
	}},
}

// ended returns records that were opened with a start each, ended some time later
// and had been idle for some time.
func ended(starts, ends, idle []int64) []*Record {
	var out []*Record
	for i := range ends {
		r := &Record{ID: uint32(i + 1), Pair: 1, Ended: ends[i], Done: ends[i] - idle[i], Requests: 1, class: serverEndedIdle}
		if starts != nil {
			r.Start = starts[i]
		}
		r.observation = observation{kind: observedIdleEnd, ns: idle[i], by: sender(analyze.Server), number: 1}
		out = append(out, r)
	}
	return out
}

var thresholdsOfSamples = []thresholdCase{
	{"MinSamples", MinSamples - 1, MinSamples, func(x int64) bool {
		_, ok := Agree(slices.Repeat([]int64{7}, int(x)))
		return ok
	}},
	{"Agreement", 1000 + 10*Agreement + 1, 1000 + 10*Agreement, func(x int64) bool {
		_, ok := Agree([]int64{1000, 1000, x})
		return ok
	}},
	{"half of all agree", 4, 3, func(x int64) bool {
		values := []int64{10, 10, 10}
		for i := range x {
			values = append(values, 1000<<i)
		}
		_, ok := Agree(values)
		return ok
	}},
	{"Agreement with what was left out", 1050 + 53, 1050 + 52, func(x int64) bool {
		return Band{Lo: 1050, Hi: 1100, Middle: 1060, N: 3}.within(x)
	}},
	{"Jitter, of ends that say nothing", Jitter, Jitter - 1, func(x int64) bool {
		return timed(ended(nil, []int64{9 * second, 9*second + 1}, []int64{second, second + x})) // a round second, if the rest says nothing
	}},
	{"instant", instant + 1, instant, func(x int64) bool {
		return moments(ended(nil, []int64{0, x}, []int64{0, 0})) == 1
	}},
	{"instant, of openings", instant, instant + 1, func(x int64) bool {
		return len(Ages(ended([]int64{0, x}, []int64{second, second + (x+1)/2}, []int64{0, 0}))) == 2
	}},
	{"openings twice as far apart as ends", 40e6 - 1, 40e6, func(x int64) bool { // ended together, whatever their age
		return len(Ages(ended([]int64{0, 2 * 80e6}, []int64{second, second + 2*x}, []int64{0, 0}))) == 2
	}},
	{"roundNear, below", 3*roundStep - roundNear - 1, 3*roundStep - roundNear, round},
	{"roundNear, above", 3*roundStep + roundNear + 1, 3*roundStep + roundNear, round},
	{"exactSpread", 1021, 1020, func(x int64) bool { return Band{Lo: 1000, Hi: x, Middle: 1000, N: 3}.sureTimeout() == High }},
	{"exactAge", 1201, 1200, func(x int64) bool { return Band{Lo: 1000, Hi: x, Middle: 1000, N: 3}.sureAge() == High }},
	{"minSwept, once a second", minSwept - 1, minSwept, func(x int64) bool {
		return sweepable(ended(nil, []int64{0, 0}, []int64{x, x + second/2}))
	}},
	{"minSwept, once in a timeout", minSwept - 1, minSwept, func(x int64) bool {
		return onceInTimeout(ended(nil, []int64{0, 0}, []int64{x, 2 * x}))
	}},
	{"sweep", sweep + 1, sweep, func(x int64) bool {
		return sweepable(ended(nil, []int64{0, 0}, []int64{5 * second, 5*second + x}))
	}},
	{"at most twice as long as another", 2*second + second/20 + 1, 2*second + second/20, func(x int64) bool {
		return onceInTimeout(ended(nil, []int64{0, 0}, []int64{second, x}))
	}},
}

// serverOf returns a server with these connections.
func serverOf(records []*Record) *Server {
	s := &Server{ServerSummary: &analyze.ServerSummary{Num: 1, AdvertisedTimeout: analyze.Unknown, AdvertisedMax: analyze.Unknown}, Name: "server"}
	s.Records = records
	return s
}

// idleEnds is [Decisions.idleEnds] for all of s.
func idleEnds(d *Decisions, s *Server) {
	d.idleEnds(s, byEnd(s.waiting(serverEndedIdle, serverEndedQuiet)))
}

var thresholdsOfEnds = []thresholdCase{
	{"MinIdle", MinIdle - 1, MinIdle, func(x int64) bool { // those that ended at once have no timeout
		d := &Decisions{}
		idleEnds(d, serverOf(ended(nil, []int64{second, 3 * second, 5 * second}, []int64{x, x, x})))
		return len(d.Policies) == 1 && d.Policies[0].Kind == IdleTimeout
	}},
	{"MinAge", MinAge - 1, MinAge, func(x int64) bool {
		d := &Decisions{}
		records := ended([]int64{0, 7 * second, 9 * second}, []int64{x, 7*second + x, 9*second + x}, []int64{1e6, 2e6, 3e6})
		for i, r := range records {
			r.Requests = uint32(i + 2)
		}
		idleEnds(d, serverOf(records))
		return len(d.Policies) == 1 && d.Policies[0].Kind == MaxAge
	}},
	{"beforeRefusal", beforeRefusal + 1, beforeRefusal, func(x int64) bool {
		gone, _ := serverOf([]*Record{{Start: 0}, {Start: second + x, Cause: Refused}}).after(second)
		return gone
	}},
	{"ExitAtLeast", ExitAtLeast - 1, ExitAtLeast, func(x int64) bool {
		records := ended(nil, make([]int64, x), []int64{2 * second, 3 * second, 5 * second}[:x])
		records[0].class = serverEndedBusy
		s := serverOf(records)
		s.processEnded(byEnd(s.waiting(serverEndedBusy, serverEndedIdle, serverEndedQuiet)))
		return records[0].Cause == ServerExit
	}},
	{"atExit", atExit + 1, atExit, func(x int64) bool {
		records := ended(nil, []int64{9 * second, 9 * second, 9*second + x}, []int64{123456789, 2345678901, 3456789012})
		for i, r := range records {
			r.Start = int64(i) * 34567890
		}
		return serverOf(records).allEnd(records)
	}},
	{"beforeDrain", beforeDrain, beforeDrain - 1, func(x int64) bool {
		l := life{firstClose: 10*second - x, drains: true}
		return l.drainedAt(10 * second)
	}},
	{"afterDrain", afterDrain, afterDrain - 1, func(x int64) bool {
		l := life{firstClose: 10*second + x, drains: true}
		return l.drainedAt(10 * second)
	}},
	{"announcedNear", 10*second - 10*second/announcedNear - 1, 10*second - 10*second/announcedNear, announced},
	{"announcedLate", 10*second + 10*second/announcedNear + announcedLate + 1, 10*second + 10*second/announcedNear + announcedLate, announced},
}

// announced reports whether a server that announces 10 s is taken to close for them
// after x.
func announced(x int64) bool {
	records := ended(nil, []int64{20 * second}, []int64{x})
	s := serverOf(records)
	s.AdvertisedTimeout = 10
	s.atAnnouncedTimeout(records)
	return records[0].Cause == ServerIdleTimeout
}

// pairOf returns a client and server with these connections.
func pairOf(records []*Record) *Pair {
	p := &Pair{Pair: &analyze.Pair{Num: 1}, Name: "client", To: serverOf(records)}
	p.Records = records
	return p
}

// idle returns three connections that a client opened one after the other, each
// when the one before had been idle for 9 s, and others opened later at a time
// each. The last of the three is idle from 21 s on.
func idle(later ...int64) []*Record {
	var out []*Record
	for i := range int64(3) {
		out = append(out, &Record{ID: uint32(i + 1), Pair: 1, Start: 10 * i * second, Done: (10*i + 1) * second, Requests: 1, class: openIdle, flags: isOpen})
	}
	for i, at := range later {
		out = append(out, &Record{ID: uint32(i + 4), Pair: 1, Start: at, Done: analyze.Unknown, Requests: 2, Cause: BusyAtEnd, flags: isOpen})
	}
	return out
}

var thresholdsOfClients = []thresholdCase{
	{"afterLeak", 21*second + afterLeak, 21*second + afterLeak + 1, func(x int64) bool {
		return forgets(idle(x))
	}},
	{"surelyLost", surelyLost - 1, surelyLost, func(x int64) bool {
		later := make([]int64, x)
		for i := range later {
			later[i] = 30 * second
		}
		records := idle(later...)
		for _, r := range records[:3] {
			r.Requests = 2 // it has been used again
		}
		return forgets(records)
	}},
	{"leakedOnce", leakedOnce - 1, leakedOnce, func(x int64) bool {
		records := idle(30*second, 30*second, 30*second)
		for _, r := range records[:3-x] {
			r.Requests = 2
		}
		return forgets(records)
	}},
	{"atOnce", atOnce + 1, atOnce, func(x int64) bool {
		records := ended([]int64{0, 10 * second}, []int64{10*second - x, 20 * second}, []int64{second, second})
		records[0].class = clientEndedIdle
		d := &Decisions{groups: &groups{byPair: []*Pair{nil, pairOf(records)}}}
		return len(d.Replaced(records[:1])) == 1
	}},
	{"crowded", 2*2*crowded*atOnce/2 - 1, 2 * 2 * crowded * atOnce / 2, func(x int64) bool {
		records := ended([]int64{0, x}, []int64{x, 2 * x}, []int64{second, second})
		records[0].class = clientEndedIdle
		d := &Decisions{groups: &groups{byPair: []*Pair{nil, pairOf(records)}}}
		return len(d.Replaced(records[:1])) == 1
	}},
	{"outliers", 2, 1, func(x int64) bool { // of 20 closes, which had none idle
		records := ended(nil, make([]int64, 2*outliers), make([]int64, 2*outliers))
		for i, r := range records {
			r.idleOthers, r.Requests = 2, uint32(1+i%2)
			if int64(i) < 2*x-1 {
				r.idleOthers = 0
			}
		}
		k, _ := pairOf(records).overflow(records)
		return k == 2
	}},
	{"unreadShare", unreadShare + 1, unreadShare, func(x int64) bool {
		records := ended(nil, make([]int64, x), make([]int64, x))
		p := pairOf(append([]*Record{{Cause: ClientUnreadBody}}, records...))
		return p.unread(records)
	}},
}

// forgets reports whether a client is taken to have forgotten a connection.
func forgets(records []*Record) bool {
	pairOf(records).leaked()
	return slices.ContainsFunc(records, func(r *Record) bool { return r.Cause == Leaked })
}

// TestTypical holds what the middle of some values is.
func TestTypical(t *testing.T) {
	for _, tc := range []struct {
		values []int64
		want   int64
	}{{nil, analyze.Unknown}, {[]int64{3}, 3}, {[]int64{9, 1}, 1}, {[]int64{9, 1, 5}, 5}} {
		if got := Typical(tc.values); got != tc.want {
			t.Errorf("%v: got %d, want %d", tc.values, got, tc.want)
		}
	}
	if got := (Band{}).spread(); got != 0 || math.IsNaN(got) {
		t.Errorf("got the spread %v of nothing, want 0", got)
	}
}
