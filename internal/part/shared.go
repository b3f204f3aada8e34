package part

import (
	"fmt"
	"net/netip"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// sharedPair returns the error of a client and a server that were seen at two points.
func sharedPair(parts []*Part) error {
	if len(parts) < 2 {
		return nil
	}
	seen := map[analyze.Ends]int{}
	for i, p := range parts {
		for _, e := range p.Sums.Pairs() {
			if k, ok := seen[e]; ok {
				return &JoinError{parts[k].Point, p.Point, fmt.Sprintf("both have connections of %s to %s, which would count twice", e.Client, e.Server)}
			}
			seen[e] = i
		}
	}
	return sharedTuple(parts)
}

// hosts are two addresses, the lower one first.
type hosts [2]netip.Addr

func hostsOf(e analyze.Ends) hosts {
	a, b := e.Client, e.Server.Addr()
	if b.Less(a) {
		a, b = b, a
	}
	return hosts{a, b}
}

// tuple are the ends of a connection.
type tuple struct{ client, server netip.AddrPort }

// sharedTuple returns the error of a connection whose client is taken for its server at another
// point, where its opening was not captured.
func sharedTuple(parts []*Part) error {
	const several = -1
	at := map[hosts]int{} // the point that has connections between them
	any := false
	for i, p := range parts {
		for _, e := range p.Sums.Pairs() {
			k, ok := at[hostsOf(e)]
			switch {
			case !ok:
				at[hostsOf(e)] = i
			case k != i:
				at[hostsOf(e)], any = several, true
			}
		}
	}
	if !any {
		return nil
	}
	seen := map[tuple]int{}
	for i, p := range parts {
		ends := map[uint32]analyze.Ends{} // by number of the pair, where another point has connections between its hosts
		for n, e := range p.Sums.Pairs() {
			if at[hostsOf(e)] == several {
				ends[n] = e
			}
		}
		var found error
		look := func(pair uint32, port uint16) {
			e, ok := ends[pair]
			if !ok || found != nil {
				return
			}
			t := tuple{netip.AddrPortFrom(e.Client, port), e.Server}
			if k, ok := seen[tuple{t.server, t.client}]; ok && k != i {
				found = &JoinError{parts[k].Point, p.Point, fmt.Sprintf("both have the connection of %s and %s, which would count twice", t.client, t.server)}
			}
			seen[t] = i
		}
		p.Kept.EachPort(look)
		for k := range p.Open {
			look(p.Open[k].Evidence.Pair, p.Open[k].Client.Port())
		}
		if found != nil {
			return found
		}
	}
	return nil
}
