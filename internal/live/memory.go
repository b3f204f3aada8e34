package live

import "github.com/kaanalyze/kaanalyze/internal/analyze"

// memory bounds what a Session takes. A nil one does not.
type memory struct {
	bytes  int64
	folded int64 // what TIME_WAIT entries and ports took after the last early fold
}

// What the bound is for, in percent: the connections that are followed, their messages,
// TIME_WAIT entries and ports, exchanges, and the rows of the connections in the window
// and of pairs, servers and hosts. What is left is for the report and its making.
const (
	shareFollowed  = 45
	shareMessages  = 15
	shareTimes     = 15
	shareExchanges = 15
	shareWindow    = 10
	shareRows      = 10
)

// What a connection of the window takes with its record and its place in the report,
// and what a pair takes with its place there, in bytes.
const (
	windowRow = 1200
	pairRow   = 1500
)

// The least that is kept, whatever the bound.
const (
	leastRows     = 1000 // each time that half of them leave the window, all are judged
	leastPairs    = 100
	leastTimed    = 50
	leastFollowed = 100
)

// newMemory returns a bound.
func newMemory(bytes int64) *memory { return &memory{bytes: bytes} }

// share returns a share of the bound.
func (m *memory) share(percent int64) int64 { return m.bytes / 100 * percent }

// rows returns how many connections either half of the window may have.
func (m *memory) rows(keep int) int {
	return min(keep, max(leastRows, int(m.share(shareWindow)/windowRow/2)))
}

// limits returns the limits of rows that fit.
func (m *memory) limits(l analyze.Limits) analyze.Limits {
	fit := max(leastPairs, int(m.share(shareRows)/pairRow))
	timed := max(leastTimed, int(m.share(shareRows)/analyze.TimesBytes))
	return analyze.Limits{Pairs: min(l.Pairs, fit), Servers: min(l.Servers, fit), Hosts: min(l.Hosts, fit), Timed: min(analyze.MostTimed, timed)}
}

// foldAgain is how much TIME_WAIT entries and ports take, in percent of what the last early
// fold left, when they are folded again: that goes through all of them, and those that
// have not ended stay.
const foldAgain = 130

// shedShare is the share of the connections that is forgotten when there are too many.
const shedShare = 8

// keepWithin gives up detail if a takes more than it may.
func (m *memory) keepWithin(a *analyze.Analyzer) {
	if m == nil {
		return
	}
	x := a.Memory()
	if x.Exchanges > m.share(shareExchanges) {
		a.GiveUpExchanges()
	}
	if x.Messages > m.share(shareMessages) {
		a.GiveUpSamples()
		x = a.Memory()
	}
	for x.Connections > m.share(shareFollowed) && a.Kept() > leastFollowed {
		a.GiveUpConnections(shedShare)
		x = a.Memory()
	}
	if x.Times > max(m.share(shareTimes), m.folded/100*foldAgain) {
		a.FoldEarly()
		m.folded = a.Memory().Times
	}
}

// makeRoom makes room for the report: no packet comes any more, so the totals do not
// become less exact.
func (m *memory) makeRoom(a *analyze.Analyzer) {
	if m == nil {
		return
	}
	for int64(a.Kept())*windowRow > m.share(shareFollowed)/4 && a.Kept() > leastFollowed {
		a.SettleOldest(shedShare)
	}
}
