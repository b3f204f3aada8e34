package cause

import (
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

const (
	// leastSilence is the shortest silence, in ns, that tells something of a path: none
	// forgets a connection sooner.
	leastSilence = 100e6
	// outlivedPairs bounds the pairs of which the longest silence is kept: as many as
	// reports have rows.
	outlivedPairs = 10_000
)

// noteSilence keeps the longest silence after which a connection went on, as the path knew
// it still.
func (s *Summary) noteSilence(c *analyze.Connection) {
	if ns := outlivedSilence(c); ns >= leastSilence {
		s.addOutlived(c.Evidence.Pair, ns)
	}
}

// addOutlived keeps the longest silence of a pair.
func (s *Summary) addOutlived(pair uint32, ns int64) {
	was, ok := s.outlived[pair]
	if ns <= was || !ok && len(s.outlived) >= outlivedPairs {
		return
	}
	if s.outlived == nil {
		s.outlived = map[uint32]int64{}
	}
	s.outlived[pair] = ns
}

// Outlived returns the longest silence after which a connection of the pair went on, in
// ns, whether it was idle or its client waited; 0 if none is known.
func (s *Summary) Outlived(pair uint32) int64 { return s.outlived[pair] }

// outlivedSilence returns the longest silence of a connection that went on: before its last
// response, or while it was idle, if its next request or its close was answered. Probes
// end a silence.
func outlivedSilence(c *analyze.Connection) (ns int64) {
	e := &c.Evidence
	switch {
	case c.ClientProbes.Sent+c.ServerProbes.Sent > 0, e.UnansweredClient+e.UnansweredServer > 0, e.Outstanding > 0, e.LastDone == analyze.Unknown:
		return 0
	case e.FirstByteAt != analyze.Unknown && e.RequestDone != analyze.Unknown:
		ns = e.FirstByteAt - e.RequestDone
	}
	closed := c.Close.Kind == flows.CloseFIN || c.Close.Kind == flows.CloseSimultaneous
	if closed || c.IdleMax > c.IdleLast {
		ns = max(ns, c.IdleMax)
	}
	return ns
}

// SilenceBefore returns how long a connection was silent before the data that got no
// answer, or the request that met an RST; and whether its client was waiting for the
// response meanwhile, rather than idle.
func (r *Record) SilenceBefore() (ns int64, waiting, ok bool) {
	sent, first := r.lastRequest().sent, r.lastRequest().firstByte
	switch {
	case r.class == saidInResponse || sent == analyze.Unknown || sent == 0:
		return 0, false, false
	case r.observation.kind == observedDataLost && r.observation.by.party() == analyze.Server:
		return first - sent, true, first != analyze.Unknown
	case r.Done == analyze.Unknown || sent <= r.Done:
		return 0, false, false
	}
	return sent - r.Done, false, true
}
