package cause

import "math"

// UsableUntil returns until when requests could be sent on a connection: to the GOAWAY of
// its server, else to its end.
func (r *Record) UsableUntil() int64 {
	switch {
	case r.toldAway():
		return r.persistenceEnd().said
	case r.Open():
		return math.MaxInt64
	}
	return r.Ended
}

// toldAway reports whether what is known of its last times are those of a GOAWAY.
func (r *Record) toldAway() bool {
	return r.observation.kind == observedGoAway && (r.class == saidInResponse || r.class == decided)
}
