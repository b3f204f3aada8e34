package machine

import (
	"strconv"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// classesObject is how many responses there are of each class of status, null if that is
// not known.
type classesObject [analyze.StatusClasses]int64

// MarshalJSON implements [json.Marshaler].
func (n classesObject) MarshalJSON() ([]byte, error) {
	return encoded(func(e *encoder) { e.classes((*[analyze.StatusClasses]int64)(&n)) })
}

// classes appends how many responses there are of each class of status.
func (e *encoder) classes(n *[analyze.StatusClasses]int64) {
	if n[0] == analyze.Unknown {
		e.raw("null")
		return
	}
	e.b = append(e.b, '{')
	for i := range n {
		e.members(member{strconv.Itoa(i+1) + "xx", n[i]})
	}
	e.close()
}

// serverTimes appends how long a server took to answer, null if that is not known.
func (e *encoder) serverTimes(x *analyze.ServerTimes) {
	if x.Count == 0 {
		e.raw("null")
		return
	}
	e.b = append(e.b, '{')
	e.members(member{"responses", x.Count})
	for _, q := range []struct {
		name string
		ns   int64
	}{{"p50", x.P50}, {"p90", x.P90}, {"p95", x.P95}, {"p99", x.P99}, {"max", x.Max}} {
		e.key(q.name)
		e.seconds(q.ns)
	}
	e.close()
}
