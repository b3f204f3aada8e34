package report

import (
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// Evidence is a small capture that was written beside the report.
type Evidence struct {
	Name        string
	Bytes       int64
	Pcapng      bool                 // its packets have comments that name rules
	Bodies      bool                 // it holds all payload, not only what messages begin with
	Connections []EvidenceConnection // by ID
	Packets     []uint64             // the number in the capture of each of its packets
	LeftOut     uint64               // packets of these connections that are not in it: they were too many

	Verdict     rules.Verdict // what that capture alone gives
	SameVerdict bool          // of the same level, and for the same finding
}

// EvidenceConnection is a connection of an Evidence.
type EvidenceConnection struct {
	ID     uint64 // in the report
	Stream int64  // tcp.stream in the evidence
}

// number returns which packet of the file a packet of the capture is, 0 if it is
// not in it.
func (e *Evidence) number(packet uint64) uint64 {
	if i, ok := slices.BinarySearch(e.Packets, packet); ok {
		return uint64(i + 1)
	}
	return 0
}

// stream returns a connection's tcp.stream in the file.
func (e *Evidence) stream(id uint64) (int64, bool) {
	i, ok := slices.BinarySearchFunc(e.Connections, id, func(c EvidenceConnection, id uint64) int {
		switch {
		case c.ID < id:
			return -1
		case c.ID > id:
			return 1
		}
		return 0
	})
	if !ok {
		return 0, false
	}
	return e.Connections[i].Stream, true
}
