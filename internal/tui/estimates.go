package tui

import (
	"math"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// The view has less room than a report: "est." stands for what is estimated.
const est = " est."

// guessed returns what stands behind a number that rests on estimates.
func guessed(x *analyze.Estimates) string {
	if x.Known() {
		return est
	}
	return ""
}

// requestsCell shows requests that were counted, and those that are estimated.
func requestsCell(n int64, x *analyze.Estimates) string {
	switch {
	case !x.Known():
		return countCell(n)
	case n > 0:
		return cause.Count(n) + " + " + cause.Count(x.Requests) + est
	}
	return cause.Count(x.Requests) + est
}

// besides tells of the requests that no curve has.
func besides(x *analyze.Estimates) string {
	if x.Known() {
		return ", besides " + cause.Count(x.Requests) + est
	}
	return ""
}

// reuse returns the reuse ratio, estimated where it rests on estimates.
func reuse(ratio float64, x *analyze.Estimates) float64 {
	if x.Known() && !math.IsNaN(x.ReuseRatio) {
		return x.ReuseRatio
	}
	return ratio
}

// reuseCell shows it.
func reuseCell(ratio float64, x *analyze.Estimates) string {
	if x.Known() && !math.IsNaN(x.ReuseRatio) {
		return cause.Percent(x.ReuseRatio) + est
	}
	return ratioCell(ratio)
}

// carried shows how many requests a connection carried.
func carried(c *analyze.Connection) string {
	if c.Estimated() {
		return cause.Count(c.RequestsEstimated) + est
	}
	return countCell(c.Requests)
}

// protocol names what a connection speaks, and its version of TLS.
func protocol(c *analyze.Connection) string {
	switch {
	case c.TLS == nil:
		return c.Protocol.String()
	case c.Protocol == analyze.TLS && c.TLS.Version == "":
		return "tls"
	case c.Protocol == analyze.TLS:
		return "tls " + c.TLS.Version
	case c.TLS.Version == "":
		return c.Protocol.String() + ", tls"
	}
	return c.Protocol.String() + ", tls " + c.TLS.Version
}
