package rules

import (
	"fmt"

	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

// silence is between what bounds the idle limit of a path lies: after the one connections
// still went on, after the other they did not.
type silence struct {
	lost     int64 // the shortest after which a connection was lost, ns; 0 if some were lost without
	outlived int64 // the longest, below that, after which one of the pair went on; 0 if none is known
	waiting  bool  // the clients waited for a response meanwhile
}

// silenceOf returns what the connections of a group, which were lost, and the others of
// their pair tell of the path.
func (v *view) silenceOf(e group) silence {
	x := silence{waiting: true}
	for _, r := range e.records {
		ns, waiting, ok := r.SilenceBefore()
		if !ok || ns < leastSilence {
			return silence{}
		}
		if x.lost == 0 || ns < x.lost {
			x.lost = ns
		}
		x.waiting = x.waiting && waiting
	}
	if ns := v.Summary().Outlived(e.pair.Num); ns+ns*cause.Agreement/100 < x.lost {
		x.outlived = ns
	}
	return x
}

// String writes it behind what was lost.
func (x silence) String() string {
	how := "of idling"
	if x.waiting {
		how = "of silence, waiting for the response"
	}
	text := fmt.Sprintf(", after %s or more %s", cause.Duration(x.lost), how)
	if x.outlived > 0 {
		text += "; silence of " + cause.Duration(x.outlived) + " was survived"
	}
	return text
}

// advice says what keeps the path from forgetting connections.
func (x silence) advice() products.Advice {
	limit := "the idle limit of the path (NAT, firewall, load balancer), below " + cause.Duration(x.lost)
	sooner := cause.Duration(x.lost)
	if x.outlived > 0 {
		limit = fmt.Sprintf("the idle limit of the path (NAT, firewall, load balancer), between %s and %s",
			cause.Duration(x.outlived), cause.Duration(x.lost))
		sooner = cause.Duration(x.outlived)
	}
	if x.waiting {
		return products.Advise(
			"let keep-alive probes come during the wait, no later than after "+sooner+" (SO_KEEPALIVE with TCP_KEEPIDLE and TCP_KEEPINTVL)",
			"raise "+limit+", above the slowest response",
			boundWait,
		)
	}
	return products.Advise(
		"keep idle connections shorter than "+sooner+", or let keep-alive probes come sooner than that (SO_KEEPALIVE with TCP_KEEPIDLE)",
		"raise "+limit,
		boundWait,
	)
}
