package analyze

import (
	"cmp"
	"math"
	"net/netip"
	"slices"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/compact"
)

// finish adds all up into a Result. Nothing can be added afterwards.
func (s *totals) finish(r *Result, opt *Options, first, last int64, counts flows.Counts) {
	s.pools.addAnswers()
	s.folded.last = last
	s.fold(math.MaxInt64)
	s.timeWaits, s.portUses, s.reusable = compact.List[timeWait]{}, compact.List[portUse]{}, compact.List[reusable]{}

	s.finishCounts(counts)
	r.First, r.Last, r.Narrowed = first, last, opt.Narrowed
	r.Totals = s.sum
	r.HostsLeftOut = s.hostsLeft + s.populations(&r.Totals.TimeWait, first, int64(opt.TimeWait))
	r.Totals.CloseWait, r.Totals.FINWait2 = s.half.totals(closeWait, last), s.half.totals(finWait2, last)
	s.tellUnknown(r)
	pairs, servers := s.pools.listed()
	r.PairsLeftOut, r.ServersLeftOut = s.pools.pairsLeft, s.pools.serversLeft
	r.Servers = s.serverSummaries(servers, &r.ServersLeftOut)
	r.Pairs = s.pairSummaries(pairs, &r.PairsLeftOut, opt.PortBudget)
	if s.pools.needLeft > 0 {
		r.AtMost = append(r.AtMost, "pool_need")
		r.AtLeast = append(r.AtLeast, "avoidable_connections", "avoidable_handshake_seconds")
	}
	if s.pools.estimatedLeft > 0 {
		r.AtMost = append(r.AtMost, "pool_need_estimated")
		r.AtLeast = append(r.AtLeast, "avoidable_connections_estimated", "avoidable_handshake_seconds_estimated")
	}
	r.Series = s.series(first, last)
	r.avoidable = s.folded.spared
	r.example = s.example
}

// tellUnknown tells which totals are not known, or bounds, as one direction was not
// captured: who holds TIME_WAIT, and what became of requests.
func (s *totals) tellUnknown(r *Result) {
	w := &r.Totals.TimeWait
	switch {
	case w.Unknown == 0:
	case w.Closes == 0:
		w.Peak, w.PeakAt, w.AtEnd, w.PerfectPool, w.SteadyState = Unknown, Unknown, Unknown, Unknown, math.NaN()
		for _, x := range []*HalfClosedTotals{&r.Totals.CloseWait, &r.Totals.FINWait2} {
			if x.Connections == 0 {
				x.Connections, x.Peak, x.PeakAt, x.AtEnd = Unknown, Unknown, Unknown, Unknown
			}
		}
	default:
		r.AtLeast = append(r.AtLeast, "time_wait.closes", "time_wait.peak", "time_wait.at_end")
	}
	if s.fatesUnknown > 0 {
		r.AtLeast = append(r.AtLeast, "failed_requests", "abandoned_requests", "avoidable_connections", "avoidable_handshake_seconds")
		r.AtMost = append(r.AtMost, "pool_need")
	}
}

// finishCounts completes the sums: what is derived from others, and Unknown for
// what could not be counted.
func (s *totals) finishCounts(counts flows.Counts) {
	t := &s.sum
	t.PoolNeed = s.pools.needLeft + s.pools.pairs.At(0).withRequests
	for i := range uint32(s.pools.pairs.Len()) {
		if i != 0 {
			t.PoolNeed += s.pools.pairs.At(i).need()
		}
	}
	t.AvoidableConnections = t.ConnectionsWithRequests - t.PoolNeed
	for _, ns := range s.folded.sparedHandshakes {
		t.AvoidableHandshake += ns
	}
	t.ReuseRatio = ratio(t.ReusedRequests, s.baseRequests)
	t.Estimated = s.allEstimates(t)
	t.PerConnection = s.quantiles()
	t.DuplicatePackets, t.TimeBack = int64(counts.Duplicates), counts.TimeBack
	for _, n := range []*int64{
		&t.Responses, &t.Interim, &t.ReusedRequests, &t.PoolNeed, &t.AvoidableConnections,
		&t.ConnectionsWithRequests, &t.SingleRequestConnections, &t.AvoidableHandshake, &t.Requests,
	} {
		*n = counted(*n, t.Requests, t.HTTPUnknown)
	}
	t.Responses = counted(t.Responses, t.Responses, s.responsesUnknown)
	t.Unmatched = counted(t.Unmatched, max(t.Responses, t.Unmatched), s.responsesUnknown)
	t.Interim = counted(t.Interim, max(t.Responses, t.Interim), s.responsesUnknown)
	t.ByClass = classesKnown(s.pools.allClasses(), t.Responses == Unknown)
	t.TimeWait.Closes = t.TimeWait.Client + t.TimeWait.Server + t.TimeWait.Both
}

// counted returns n, a number that was counted in requests, or Unknown if no
// requests could be counted.
func counted(n, requests, opaque int64) int64 {
	if requests == 0 && opaque > 0 {
		return Unknown
	}
	return n
}

// ratio returns reused / base, NaN if nothing can be divided.
func ratio(reused, base int64) float64 {
	if base <= 0 {
		return math.NaN()
	}
	return float64(reused) / float64(base)
}

// populations tells the TIME_WAIT population over all, by host, and as it would be
// without the spared connections. It returns how many hosts have no row.
func (s *totals) populations(tw *TimeWaitTotals, first, length int64) (left int64) {
	f := &s.folded
	closes := int64(0)
	listed := s.listedHosts()
	tw.Hosts = make([]HostPopulation, 0, max(0, len(s.held)-1))
	for i := range s.held {
		n := s.held[i].closes
		closes += n
		if i == 0 {
			continue
		}
		if listed.drops(i) {
			left++
			continue
		}
		tw.Hosts = append(tw.Hosts, HostPopulation{
			Host:       netip.AddrFrom16(s.held[i].ip).Unmap(),
			Population: f.hosts[i].population(f.last, first, length, n),
		})
	}
	slices.SortFunc(tw.Hosts, func(x, y HostPopulation) int {
		return cmp.Or(cmp.Compare(y.Peak, x.Peak), x.Host.Compare(y.Host))
	})
	tw.Population = f.all.population(f.last, first, length, closes)
	tw.PerfectPool = f.withoutSpared.peak
	return left
}

// quantiles measures the requests per connection.
func (s *totals) quantiles() Quantiles {
	counts := make([]int64, 0, len(s.perConnection))
	var conns, requests int64
	for n, k := range s.perConnection {
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
		seen += s.perConnection[n]
		if q.P50 == Unknown && seen*100 >= conns*50 {
			q.P50 = n
		}
		if q.P90 == Unknown && seen*100 >= conns*90 {
			q.P90 = n
		}
		q.bucket(n, s.perConnection[n])
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

// serverSummaries sums up by server, those that are listed, and adds the others to left.
func (s *totals) serverSummaries(listed numbers, left *LeftOut) (all []ServerSummary) {
	toldTimes := s.pools.toldTimes()
	for i := range uint32(s.pools.servers.Len()) {
		x := s.pools.servers.At(i)
		if x.connections == 0 {
			continue
		}
		if listed.drops(int(i)) {
			left.add(x.connections, x.requests, x.twClient+x.twServer+x.twBoth)
			continue
		}
		times, timed := toldTimes[x.times]
		if !timed {
			times = noTimes
		}
		all = append(all, ServerSummary{
			Num: i, Software: x.software,
			Server: x.addr.AddrPort(), Clients: x.clients, Connections: x.connections, Requests: counted(x.requests, x.requests, x.opaque),
			ReusedRequests: counted(x.requests-x.withRequests, x.requests, x.opaque),
			ReuseRatio:     ratio(x.requests-x.withRequests, x.requests-x.first),
			ClosedFirst:    x.closed, SettledClosers: x.closed, TimeWaitClient: x.twClient, TimeWaitServer: x.twServer, TimeWaitBoth: x.twBoth,
			Estimated:         x.estimated.of(x.requests, x.withRequests, x.first),
			TimeWaitPeak:      counted(s.folded.servers[i].peak, x.twClient+x.twServer+x.twBoth, x.twUnknown),
			Streams:           x.streams,
			LossUnknown:       x.lossUnknown(),
			AdvertisedTimeout: x.advTimeout, AdvertisedMax: x.advMax,
			ByClass: classesKnown(x.byClass, x.requests == 0 && x.opaque > 0 || x.lossUnknown()),
			Times:   times, TimesLost: !timed && (x.times != 0 || x.timesLost),
		})
	}
	slices.SortStableFunc(all, func(x, y ServerSummary) int {
		return cmp.Or(cmp.Compare(y.Connections, x.Connections), x.Server.Compare(y.Server))
	})
	return all
}

// pairSummaries sums up by client address and server; budget tells of a client's
// ports, if it is set. Pairs that are not listed are added to left.
func (s *totals) pairSummaries(listed numbers, left *LeftOut, budget func(netip.Addr) int64) (all []Pair) {
	rows := make([]uint32, 0, s.pools.pairs.Len()) // which are sorted, as they are small
	for i := range uint32(s.pools.pairs.Len()) {
		p := s.pools.pairs.At(i)
		switch {
		case p.connections == 0:
			continue
		case i == 0: // how many there are is counted
			left.Connections += p.connections
			left.Requests += p.requests
			left.TimeWait += p.timeWaits
			continue
		case listed.drops(int(i)):
			left.add(p.connections, p.requests, p.timeWaits)
			continue
		}
		rows = append(rows, i)
	}
	slices.SortFunc(rows, func(i, j uint32) int {
		x, y := s.pools.pairs.At(i), s.pools.pairs.At(j)
		return cmp.Or(cmp.Compare(y.connections, x.connections), x.key.clientAddr().Compare(y.key.clientAddr()),
			x.key.server.AddrPort().Compare(y.key.server.AddrPort()), cmp.Compare(i, j))
	})
	all = make([]Pair, 0, len(rows))
	for _, i := range rows {
		p := s.pools.pairs.At(i)
		all = append(all, Pair{
			Num: i, ServerNum: p.server, Agent: p.agent, Proxied: p.proxied, HTTP10: p.http10, CloseInHTTP10: p.closeInHTTP10,
			ReusedAfterBody: p.reusedAfterBody, ReusedAfterNone: p.reusedAfterNone,
			Client: p.key.clientAddr(), Server: p.key.server.AddrPort(),
			Connections: p.connections, Requests: counted(p.requests, p.requests, p.opaque),
			ReuseRatio:           ratio(p.requests-p.withRequests, p.requests-p.first),
			PoolNeed:             counted(p.need(), p.requests, p.opaque),
			AvoidableConnections: counted(p.withRequests-p.need(), p.requests, p.opaque),
			AvoidableHandshake:   counted(s.folded.sparedHandshakes[i], p.requests, p.opaque),
			Estimated:            s.estimatesOf(i),
			StreamsAtOnce:        int64(max(p.streams.peak, p.streams.open)),
			PortsInUse:           s.folded.ports[i].peak,
			PortBudget:           PortBudget,
		})
		if x := &all[len(all)-1]; budget != nil {
			x.PortBudget = cmp.Or(budget(x.Client), PortBudget)
		}
	}
	return all
}

// series cuts the time of the capture into steps.
func (s *totals) series(first, last int64) Series {
	if s.sum.Connections == 0 {
		return Series{}
	}
	start := first - mod(first, 1e9)
	last = max(first, last)
	step := max(stepFor(last-start), s.connections.width, s.requests.width, s.folded.curve.width)
	steps := int((last-start)/1e9/step) + 1
	return Series{
		Step: step, Start: start,
		NewConnections: s.connections.steps(start, step, steps),
		Requests:       s.requests.steps(start, step, steps),
		Reused:         s.reused.steps(start, step, steps),
		TimeWait:       s.folded.curve.steps(start, step, steps),
	}
}
