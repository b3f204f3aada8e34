package analyze

import (
	"cmp"
	"math"
	"net/netip"
	"slices"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/compact"
)

// Result is what a capture tells. It is not changed any more; its methods are
// safe for concurrent use.
type Result struct {
	First, Last int64 // of the capture's packets, ns since the epoch
	Narrowed    bool  // less than all of the capture was asked for
	Totals      Totals
	Settled     Totals          // counts of the connections alone that do not change any more; they never go down
	Servers     []ServerSummary // most connections first
	Pairs       []Pair          // most connections first
	Series      Series

	analyzer *Analyzer
	ids      []uint64 // of the connections kept, nil if all are
	count    int
	example  example
	story    Story
}

// close adds the books up.
func (b *books) close(r *Result, a *Analyzer, first, last int64, counts flows.Counts) {
	timeWait := int64(a.opt.TimeWait)
	b.sums.last = last
	b.fold(math.MaxInt64)
	b.spans, b.uses, b.reusable = compact.List[entry]{}, compact.List[use]{}, compact.List[saved]{}
	b.timeWaits(r, first, timeWait)

	t := &b.totals
	for i := range b.pools.pairs[1:] {
		t.PoolNeed += b.pools.pairs[i+1].need()
	}
	t.AvoidableConnections = t.ConnectionsWithRequests - t.PoolNeed
	for _, ns := range b.sums.handshakes {
		t.AvoidableHandshake += ns
	}
	t.ReuseRatio = ratio(t.ReusedRequests, b.baseRequests)
	t.PerConnection = b.quantiles()
	t.DuplicatePackets, t.TimeBack = int64(counts.Duplicates), counts.TimeBack
	for _, n := range []*int64{
		&t.Responses, &t.Interim, &t.ReusedRequests, &t.PoolNeed, &t.AvoidableConnections,
		&t.ConnectionsWithRequests, &t.SingleRequestConnections, &t.AvoidableHandshake, &t.Requests,
	} {
		*n = counted(*n, t.Requests, t.HTTPUnknown)
	}
	t.Responses = counted(t.Responses, t.Responses, b.deaf)
	t.Interim = counted(t.Interim, max(t.Responses, t.Interim), b.deaf)
	t.TimeWait.Closes = t.TimeWait.Client + t.TimeWait.Server + t.TimeWait.Both
	r.First, r.Last, r.Narrowed = first, last, a.opt.Narrowed
	r.Totals = mergeTimeWait(*t, r.Totals.TimeWait)
	b.servers(r)
	b.pairs(r, a.opt.PortBudget)
	b.series(r, first, last)
	r.example = b.example
}

// mergeTimeWait puts the population into the counted totals.
func mergeTimeWait(t Totals, p TimeWaitTotals) Totals {
	t.TimeWait.Population, t.TimeWait.Hosts, t.TimeWait.PerfectPool = p.Population, p.Hosts, p.PerfectPool
	return t
}

// ratio returns reused / base, NaN if nothing can be divided.
func ratio(reused, base int64) float64 {
	if base <= 0 {
		return math.NaN()
	}
	return float64(reused) / float64(base)
}

// timeWaits tells the TIME_WAIT population over all, by host, and as it would be
// without the spared connections.
func (b *books) timeWaits(r *Result, first, timeWait int64) {
	tw := &r.Totals.TimeWait
	closes := int64(0)
	for i := range b.addrs {
		n := b.hostCloses[uint32(i)]
		closes += n
		tw.Hosts = append(tw.Hosts, HostPopulation{
			Host:       netip.AddrFrom16(b.addrs[i]).Unmap(),
			Population: b.sums.hosts[i].population(b.sums.last, first, timeWait, n),
		})
	}
	slices.SortFunc(tw.Hosts, func(x, y HostPopulation) int {
		return cmp.Or(cmp.Compare(y.Peak, x.Peak), x.Host.Compare(y.Host))
	})
	tw.Population = b.sums.all.population(b.sums.last, first, timeWait, closes)
	tw.PerfectPool = b.sums.kept.peak
}

// quantiles measures the requests per connection.
func (b *books) quantiles() Quantiles {
	counts := make([]int64, 0, len(b.perConn))
	var conns, requests int64
	for n, k := range b.perConn {
		counts = append(counts, n)
		conns += k
		requests += n * k
	}
	q := Quantiles{Mean: math.NaN(), P50: Unknown, P90: Unknown, Max: Unknown}
	if conns == 0 {
		return q
	}
	slices.Sort(counts)
	q.Mean = float64(requests) / float64(conns)
	q.Max = counts[len(counts)-1]
	seen := int64(0)
	for _, n := range counts {
		seen += b.perConn[n]
		if q.P50 == Unknown && seen*100 >= conns*50 {
			q.P50 = n
		}
		if q.P90 == Unknown && seen*100 >= conns*90 {
			q.P90 = n
		}
		q.bucket(n, b.perConn[n])
	}
	return q
}

// bucket adds connections with n requests to the histogram: 1, 2, 3-4, 5-8
// and so on, doubling.
func (q *Quantiles) bucket(n, conns int64) {
	from, to := int64(1), int64(1)
	for to < n {
		from, to = to+1, to*2
	}
	if k := len(q.Histogram); k > 0 && q.Histogram[k-1].To == to {
		q.Histogram[k-1].Connections += conns
		return
	}
	q.Histogram = append(q.Histogram, Bucket{from, to, conns})
}

// servers sums up by server.
func (b *books) servers(r *Result) {
	for i := range b.pools.servers[1:] {
		s := &b.pools.servers[i+1]
		if s.connections == 0 {
			continue
		}
		x := ServerSummary{
			Num: uint32(i + 1), Software: s.software,
			Server: s.addr.AddrPort(), Clients: s.clients, Connections: s.connections, Requests: counted(s.requests, s.requests, s.opaque),
			ReuseRatio:  ratio(s.requests-s.withRequests, s.requests-s.first),
			ClosedFirst: s.closed, TimeWaitClient: s.twClient, TimeWaitServer: s.twServer, TimeWaitBoth: s.twBoth,
			TimeWaitPeak:      b.sums.own[i+1].peak,
			AdvertisedTimeout: s.advTimeout, AdvertisedMax: s.advMax,
		}
		r.Servers = append(r.Servers, x)
	}
	slices.SortStableFunc(r.Servers, func(x, y ServerSummary) int {
		return cmp.Or(cmp.Compare(y.Connections, x.Connections), x.Server.Compare(y.Server))
	})
}

// pairs sums up by client address and server; budget tells of a client's ports.
func (b *books) pairs(r *Result, budget func(netip.Addr) int64) {
	for i := range b.pools.pairs[1:] {
		p := &b.pools.pairs[i+1]
		if p.connections == 0 {
			continue
		}
		r.Pairs = append(r.Pairs, Pair{
			Num: uint32(i + 1), ServerNum: p.server, Agent: p.agent, Proxied: p.proxied, HTTP10: p.http10, CloseInHTTP10: p.closeInHTTP10,
			ReusedAfterBody: p.reusedAfterBody, ReusedAfterNone: p.reusedAfterNone,
			Client: netip.AddrFrom16(p.key.client).Unmap(), Server: p.key.server.AddrPort(),
			Connections: p.connections, Requests: counted(p.requests, p.requests, p.opaque),
			ReuseRatio:           ratio(p.requests-p.withRequests, p.requests-p.first),
			PoolNeed:             counted(p.need(), p.requests, p.opaque),
			AvoidableConnections: counted(p.withRequests-p.need(), p.requests, p.opaque),
			AvoidableHandshake:   counted(b.sums.handshakes[i+1], p.requests, p.opaque),
			PortsInUse:           b.sums.ports[i+1].peak,
			PortBudget:           PortBudget,
		})
		if x := &r.Pairs[len(r.Pairs)-1]; budget != nil {
			x.PortBudget = cmp.Or(budget(x.Client), PortBudget)
		}
	}
	slices.SortStableFunc(r.Pairs, func(x, y Pair) int {
		return cmp.Or(cmp.Compare(y.Connections, x.Connections), x.Client.Compare(y.Client), x.Server.Compare(y.Server))
	})
}

// series cuts the time of the capture into steps.
func (b *books) series(r *Result, first, last int64) {
	if b.totals.Connections == 0 {
		return
	}
	start := first - mod(first, 1e9)
	step := max(stepFor(last-start), b.opened.width, b.asked.width, b.sums.shape.width)
	steps := int((last-start)/1e9/step) + 1
	r.Series = Series{
		Step: step, Start: start,
		NewConnections: b.opened.steps(start, step, steps),
		Requests:       b.asked.steps(start, step, steps),
		Reused:         b.again.steps(start, step, steps),
		TimeWait:       b.sums.shape.steps(start, step, steps),
	}
}
