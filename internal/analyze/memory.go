package analyze

import (
	"unsafe"

	"github.com/kaanalyze/kaanalyze/internal/tlscrypt"
	"github.com/kaanalyze/kaanalyze/internal/tlswire"
)

// Memory is what an analysis takes, in bytes: about, for the structures that grow with
// what is seen.
type Memory struct {
	Connections int64 // that are followed, with their messages
	Messages    int64 // of them, what hangs off some: heads, pipelined requests, idle gaps
	Rows        int64 // of pairs, servers and hosts
	Times       int64 // TIME_WAIT entries and ports since the last fold
	Exchanges   int64
}

// Sum adds up.
func (m Memory) Sum() int64 { return m.Connections + m.Rows + m.Times + m.Exchanges }

// What an entry of a map takes beside its key and value, and what a kept exchange has
// in strings, about.
const (
	mapEntry      = 16
	exchangeTexts = 64
)

// Memory returns what the analysis takes now.
func (a *Analyzer) Memory() (m Memory) {
	s, t := &a.states, &a.totals
	m.Messages = s.sampleBytes + s.queueBytes + int64(a.bufs.Bytes()) + s.tls.table.Bytes()
	m.Connections = a.engine.Bytes() + int64(s.Len())*int64(unsafe.Sizeof(httpState{})) + s.packed.Bytes() +
		int64(s.readers.Len())*int64(unsafe.Sizeof(reader{})) + m.Messages +
		int64(s.h2.Len())*int64(unsafe.Sizeof(h2State{})) + int64(s.sockets.Len())*int64(unsafe.Sizeof(socketState{})) + int64(s.h2.listed)*int64(unsafe.Sizeof(h2Stream{})) + s.h2.tableBytes +
		int64(s.tls.sessions.Len())*int64(unsafe.Sizeof(tlsState{})) + int64(s.tls.readers.Len())*int64(unsafe.Sizeof(tlswire.Reader{}))
	if k := &s.keys; k.table.Log != nil {
		m.Connections += k.table.Bytes() + k.table.Log.Bytes() + int64(k.found.Len())*int64(unsafe.Sizeof(keyed{})) + int64(k.conns.Len())*tlscrypt.ConnBytes
	}
	m.Connections += int64(s.cuts.states.Len()) * int64(unsafe.Sizeof(cutState{})+12+mapEntry)
	m.Rows = int64(a.pools.pairs.Len())*PairBytes + int64(a.pools.servers.Len())*serverBytes + int64(len(t.held))*hostBytes + a.pools.timings.bytes
	m.Times = t.timeWaits.Bytes() + t.portUses.Bytes() + t.reusable.Bytes() + t.estimates.turns.Bytes() + t.estimates.reusable.Bytes() + t.half.spans.Bytes()
	m.Exchanges = int64(len(a.exchanges)) * (int64(unsafe.Sizeof(Exchange{})) + exchangeTexts)
	return m
}

// What a row takes, with what is folded for it and its entry in a map; PairBytes is of
// a pair.
const (
	PairBytes   = int64(unsafe.Sizeof(poolPair{}) + unsafe.Sizeof(pairKey{}) + unsafe.Sizeof(level{}) + 16 + 4 + mapEntry)
	serverBytes = int64(unsafe.Sizeof(poolServer{}) + 20 + unsafe.Sizeof(level{}) + 4 + mapEntry)
	hostBytes   = int64(unsafe.Sizeof(host{}) + 16 + unsafe.Sizeof(level{}) + 4 + mapEntry)
)

// Rows returns how many pairs, servers and hosts there are.
func (a *Analyzer) Rows() (pairs, servers, hosts int) {
	return a.pools.pairs.Len() - 1, a.pools.servers.Len() - 1, len(a.totals.held) - 1
}

// Len returns how many connections were seen, Unpaired how many are kept whose pair is
// not known yet, and Now the time of the latest packet, ns since the epoch.
func (a *Analyzer) Len() int      { return a.engine.Len() }
func (a *Analyzer) Unpaired() int { return a.unpaired }
func (a *Analyzer) Now() int64    { return a.engine.Now() }

// Bound makes an analysis that keeps its connections forget them as one with
// [Options.OnConnection] and [Options.Fold] does: the Result has none then. Of opt it
// takes these, and what else says when and how rows and connections are given up.
func (a *Analyzer) Bound(opt *Options) {
	a.opt.OnConnection, a.opt.OnRenumber = opt.OnConnection, opt.OnRenumber
	a.opt.Turn, a.opt.SweepMost, a.opt.Fold = opt.Turn, opt.SweepMost, true
	a.opt.Limits, a.pools.limits = opt.Limits, opt.Limits
	a.engine.BeginEviction()
	a.lastFold = a.engine.Now()
	a.keepLimits()
}

// GiveUp notes that detail was given up.
func (a *Analyzer) GiveUp(what string, n int64) { a.gaveUp.note(what, n, a.engine.Now()) }

// GiveUpConnections forgets a share of the connections that are followed, as
// [flows.Engine.Shed] does: one in that many.
func (a *Analyzer) GiveUpConnections(share int) {
	n := a.engine.Shed(max(1, a.engine.Kept()/share), a.opt.SweepMost, a.opt.Turn)
	a.GiveUp(GaveUpHalfOpen, int64(n.HalfOpen))
	a.GiveUp(GaveUpEnded, int64(n.Ended))
	a.GiveUp(GaveUpIdle, int64(n.Idle))
}

// FoldEarly folds what happened before now, as far as nothing that ended before then
// is still to be counted.
func (a *Analyzer) FoldEarly() {
	a.lastFold = a.engine.Now()
	a.foldTurns()
	a.totals.fold(max(a.totals.folded.until, min(a.engine.PendingTimeWait(), a.lastFold-1)))
}

// GiveUpExchanges forgets the older half of the exchanges that are kept one by one.
func (a *Analyzer) GiveUpExchanges() {
	n := len(a.exchanges) / 2
	a.GiveUp(GaveUpExchanges, int64(n))
	a.exchanges = append([]Exchange(nil), a.exchanges[n:]...)
	a.firstExchange += int32(n)
}

// GiveUpSamples keeps a few of the idle gaps of each connection, and of its pipelined
// requests, from now on.
func (a *Analyzer) GiveUpSamples() {
	a.GiveUp(GaveUpSamples, a.states.giveUpSamples())
}

// Times returns how many TIME_WAIT entries and ports are kept since the last fold.
func (a *Analyzer) Times() int {
	return a.totals.timeWaits.Len() + a.totals.portUses.Len() + a.totals.half.spans.Len()
}

// SettleOldest forgets one in that many of the connections, when no packet comes any
// more: nothing is less exact for it.
func (a *Analyzer) SettleOldest(share int) {
	a.engine.Shed(max(1, a.engine.Kept()/share), a.opt.SweepMost, a.opt.Turn)
}
