package diagnose

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// server is a server with its connections, in order of ID.
type server struct {
	*analyze.ServerSummary
	name string
	members
	pairs []*pair
}

// pair is a client address and a server with their connections, in order of ID.
type pair struct {
	*analyze.Pair
	name   string           // of the client
	agent  analyze.Software // what the client is; unknown where it may have handed on what others say they are
	server *server
	members
}

// title names the pair.
func (p *pair) title() string { return PairSubject(p.name, p.server.name) }

// PairSubject is the subject of a finding about a client and a server.
func PairSubject(client, server string) string { return client + " to " + server }

// host is a client address. It holds no connections of its own: with hundreds of
// thousands, each list of them takes megabytes.
type host struct {
	addr  netip.Addr
	pairs []*pair
}

// gather returns what of finds in each pair, in order of ID.
func gather(pairs []*pair, of func(p *pair) []*record) []*record {
	var lists [][]*record
	for _, p := range pairs {
		if in := of(p); len(in) > 0 {
			lists = append(lists, in)
		}
	}
	if len(lists) == 1 {
		return lists[0]
	}
	all := slices.Concat(lists...)
	slices.SortFunc(all, byID)
	return all
}

func byID(x, y *record) int { return cmp.Compare(x.id, y.id) }

// members are the connections of a group.
type members struct {
	records []*record
	wanted  int    // how many it gets one by one, those that it shares included
	causes  uint64 // which there are, a bit each; set when all are decided
}

var _ [64 - causeCount]struct{} // there is a bit for each cause

// seen returns how many connections of the group were judged.
func (m *members) seen() int64 { return int64(len(m.records)) }

// having returns the records with one of these causes.
func (m *members) having(causes []Cause) []*record {
	if !slices.ContainsFunc(causes, func(c Cause) bool { return m.causes&(1<<c) != 0 }) {
		return nil
	}
	return having(m.records, causes)
}

// groups are the connections by who made them. Servers and pairs are in the
// order of the report, hosts in that of their first pair.
type groups struct {
	servers []*server
	pairs   []*pair
	hosts   []*host
	byPair  []*pair // by number
}

// group puts the records, in order of ID, into their groups.
func group(records []*record, r *analyze.Result) *groups {
	g := &groups{}
	servers := map[uint32]*server{}
	for i := range r.Servers {
		s := &server{ServerSummary: &r.Servers[i], name: r.Servers[i].Server.String()}
		servers[s.Num] = s
		g.servers = append(g.servers, s)
	}
	hosts := map[netip.Addr]*host{}
	last := uint32(0)
	for i := range r.Pairs {
		last = max(last, r.Pairs[i].Num)
	}
	g.byPair = make([]*pair, last+1)
	for i := range r.Pairs {
		p := &pair{Pair: &r.Pairs[i], name: r.Pairs[i].Client.String(), server: servers[r.Pairs[i].ServerNum]}
		g.byPair[p.Num] = p
		g.pairs = append(g.pairs, p)
		p.server.pairs = append(p.server.pairs, p)
		h := hosts[p.Client]
		if h == nil {
			h = &host{addr: p.Client}
			hosts[p.Client] = h
			g.hosts = append(g.hosts, h)
		}
		h.pairs = append(h.pairs, p)
	}
	g.name()
	g.fill(records)
	return g
}

// name notes what each client is. The User-Agent field of a proxy is that of its
// own clients: forwarded requests tell that it is one, or that a host asks for
// others by the name that they ask it by.
func (g *groups) name() {
	type asked struct {
		host netip.Addr
		by   analyze.Software
	}
	by := map[asked]bool{}
	for _, p := range g.pairs {
		by[asked{p.Server.Addr(), p.Agent}] = true
	}
	for _, p := range g.pairs {
		if !p.Proxied && (p.Client == p.Server.Addr() || !by[asked{p.Client, p.Agent}]) {
			p.agent = p.Agent
		}
		if p.CloseInHTTP10 {
			p.agent = analyze.Nginx
		}
	}
}

// fill hands the records to the groups.
func (g *groups) fill(records []*record) {
	n := make([]int, len(g.byPair))
	for _, r := range records {
		n[r.pair]++
	}
	for _, p := range g.pairs {
		p.room(n[p.Num], records)
	}
	for _, s := range g.servers {
		if len(s.pairs) > 1 {
			sum := 0
			for _, p := range s.pairs {
				sum += n[p.Num]
			}
			s.room(sum, records)
		}
	}
	for _, r := range records {
		p := g.byPair[r.pair]
		p.add(r)
		p.server.add(r)
	}
	for _, p := range g.pairs {
		if len(p.server.pairs) == 1 {
			p.server.records = p.records
		}
	}
}

// room makes room for n of all records; who has all of them shares them.
func (m *members) room(n int, all []*record) {
	if m.wanted = n; n == len(all) {
		m.records = all
	} else {
		m.records = make([]*record, 0, n)
	}
}

// add adds a record if one is still wanted.
func (m *members) add(r *record) {
	if len(m.records) < m.wanted {
		m.records = append(m.records, r)
	}
}

// note notes the causes of each group, when all are decided.
func (g *groups) note() {
	for _, p := range g.pairs {
		for _, r := range p.records {
			p.causes |= 1 << r.cause
		}
		p.server.causes |= p.causes
	}
}

// waiting returns the records that are not decided yet and have one of the
// classes.
func waiting(records []*record, classes ...class) []*record {
	var out []*record
	for _, r := range records {
		if r.cause == Undecided && slices.Contains(classes, r.class) {
			out = append(out, r)
		}
	}
	return out
}

// settle gives records their cause.
func settle(records []*record, cause Cause, by analyze.Party, how Confidence) {
	for _, r := range records {
		r.cause, r.by, r.confidence = cause, by, how
	}
}

// where returns the records for which is holds.
func where(records []*record, is func(*record) bool) (yes []*record) {
	for _, r := range records {
		if is(r) {
			yes = append(yes, r)
		}
	}
	return yes
}

// split returns the records for which is holds, and the others.
func split(records []*record, is func(*record) bool) (yes, no []*record) {
	for _, r := range records {
		if is(r) {
			yes = append(yes, r)
		} else {
			no = append(no, r)
		}
	}
	return yes, no
}

// values returns one number of each record.
func values(records []*record, of func(*record) int64) []int64 {
	out := make([]int64, len(records))
	for i, r := range records {
		out[i] = of(r)
	}
	return out
}

// measured is the duration of a record's fact, in ns.
func measured(r *record) int64 { return r.fact.d }

// instant is how far apart what happens at one moment may be.
const instant = 100e6

// bursts cuts records into runs that ended at one moment each, in order of time.
func bursts(records []*record) [][]*record {
	byTime := slices.Clone(records)
	slices.SortStableFunc(byTime, func(x, y *record) int { return cmp.Compare(x.ended, y.ended) })
	var out [][]*record
	for i, r := range byTime {
		if i > 0 {
			run := &out[len(out)-1]
			if r.ended-(*run)[0].ended <= instant {
				*run = append(*run, r)
				continue
			}
		}
		out = append(out, []*record{r})
	}
	return out
}

// spread returns how far apart the least and the greatest of values are.
func spread(v []int64) int64 { return slices.Max(v) - slices.Min(v) }

// timed reports whether the records of a burst ended by timers of their own,
// each as long after its last message as the others, rather than together:
// the ends are then as far apart as these messages. Most of them were not used
// before after pauses as long.
func timed(run []*record) bool {
	d := values(run, measured)
	lo, hi := slices.Min(d), slices.Max(d)
	outlived := where(run, func(r *record) bool { return r.has(isOutlived) })
	if lo < minIdle || hi-lo > max(hi*agreement/100, 2e6) || len(outlived)*2 > len(run) {
		return false
	}
	ends, dev := spread(values(run, func(r *record) int64 { return r.ended })), hi-lo
	switch {
	case max(ends, dev) < jitter: // neither says anything
	case ends > 2*dev:
		return true
	case dev > 2*ends:
		return false
	}
	return round(d[len(d)/2])
}

// pauses returns how long records were idle, as samples of a timeout: those that
// ended together, though their pauses differ, are one sample, not several.
func pauses(records []*record) (out []int64) {
	for _, run := range bursts(records) {
		d := values(run, measured)
		if dev := spread(d); dev > 2e6 && dev > 2*spread(values(run, func(r *record) int64 { return r.ended })) {
			d = []int64{typical(d)}
		}
		out = append(out, d...)
	}
	return out
}

// age is how old a connection was when it ended.
func (r *record) age() int64 { return r.ended - r.start }

// ages returns the ages at which records ended, as samples of a limit: those
// that were opened and ended together are one sample.
func ages(records []*record) (out []int64) {
	for _, run := range bursts(records) {
		if spread(values(run, func(r *record) int64 { return r.start })) <= instant {
			run = run[:1]
		}
		out = append(out, values(run, (*record).age)...)
	}
	return out
}

// jitter is how late a timer of a program may run.
const jitter = 2e6

// round reports whether ns is about what people set: whole tenths of a second.
func round(ns int64) bool {
	const step, near = 100e6, 5e6
	off := ns % step
	return min(off, step-off) <= near
}

// minIdle tells what ended after a pause from what ended right after a response.
const minIdle = 50e6
