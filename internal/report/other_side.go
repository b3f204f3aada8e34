package report

import "github.com/kaanalyze/kaanalyze/internal/bothends"

// OtherSide is the capture of the same traffic at another point of its path, and what both
// captures tell together: this one is here, the other one there.
type OtherSide struct {
	Source        string // its name
	Packets       uint64
	CutPackets    uint64
	KernelDropped *uint64 // nil if the file does not tell
	Damage        string  // why it could not be read to its end, "" if it could
	*bothends.Comparison
}

// SidesAt tells at which ends of the path the captures were made: true for both is one
// where some clients are near to each of them.
func (o *OtherSide) SidesAt() (clientHere, clientThere bool) {
	for i := range o.Pairs {
		if o.Pairs[i].ClientHere {
			clientHere = true
		} else {
			clientThere = true
		}
	}
	return clientHere, clientThere
}
