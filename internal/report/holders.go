package report

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// MaxHolders is how many hosts have a line of their own in a chart.
const MaxHolders = 5

// Holder is a host that holds TIME_WAIT entries.
type Holder struct {
	Host netip.Addr
	Most []int64 // the most at once within each step of the series
}

// Peak returns the most at once.
func (h *Holder) Peak() int64 { return largest(h.Most) }

// Holders returns the hosts that hold most TIME_WAIT entries, at most [MaxHolders];
// nil if some connections are counted, but not kept one by one.
func (r *Report) Holders() []Holder {
	if r.NotKept > 0 {
		return nil
	}
	hosts := r.Result.Totals.TimeWait.Hosts
	hosts = hosts[:min(len(hosts), MaxHolders)]
	changes := map[netip.Addr][]growth{}
	for _, h := range hosts {
		changes[h.Host] = []growth{}
	}
	add := func(host netip.Addr, w analyze.TimeWaitSpan) {
		if list, ok := changes[host]; ok && w.To > w.From {
			changes[host] = append(list, growth{w.From, 1}, growth{w.To, -1})
		}
	}
	var c analyze.Connection
	for i := range r.Records().Len() {
		r.Records().Connection(i, &c)
		add(c.Client.Addr(), c.Evidence.ClientTimeWait)
		add(c.Server.Addr(), c.Evidence.ServerTimeWait)
	}
	var list []Holder
	for _, h := range hosts {
		list = append(list, Holder{h.Host, highest(changes[h.Host], &r.Result.Series)})
	}
	return list
}

// growth is when a population grows by n, or shrinks.
type growth struct {
	at int64
	n  int64
}

// highest returns the highest population within each step of s.
func highest(changes []growth, s *analyze.Series) []int64 {
	slices.SortFunc(changes, func(x, y growth) int { return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.n, y.n)) })
	out := make([]int64, len(s.NewConnections))
	now, next := int64(0), 0
	for i := range out {
		// What ends as a step begins was not there within it.
		begin := s.Start + int64(i)*s.Step*1e9
		for ; next < len(changes) && changes[next].at == begin && changes[next].n < 0; next++ {
			now--
		}
		out[i] = now
		for ; next < len(changes) && changes[next].at < begin+s.Step*1e9; next++ {
			now += changes[next].n
			out[i] = max(out[i], now)
		}
	}
	return out
}
