package machine

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// givenUpObject is a kind of detail that was given up.
type givenUpObject struct {
	What  str     `json:"what"`
	Count number  `json:"count"`
	Since instant `json:"since"`
}

// newGivenUp returns nil if nothing was.
func newGivenUp(list []analyze.GivenUp) []givenUpObject {
	if len(list) == 0 {
		return nil
	}
	return listOf(list, func(x *analyze.GivenUp) givenUpObject {
		return givenUpObject{str(x.What), number(x.Count), instant(x.Since)}
	})
}

// leftOutObject is what rows had that were left out.
type leftOutObject struct {
	Count       number `json:"count"`
	Connections number `json:"connections"`
	Requests    number `json:"requests"`
	TimeWait    number `json:"time_wait"`
}

// leftOut begins the members about rows that were left out, if there are any.
func leftOut(r *analyze.Result, member func(name string, v any)) {
	for _, x := range []struct {
		name string
		*analyze.LeftOut
	}{{"servers_left_out", &r.ServersLeftOut}, {"pairs_left_out", &r.PairsLeftOut}} {
		if x.Count > 0 {
			member(x.name, &leftOutObject{number(x.Count), number(x.Connections), number(x.Requests), number(x.TimeWait)})
		}
	}
}
