package cause

import (
	"net/netip"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

// Server is a server with its connections, in order of ID.
type Server struct {
	*analyze.ServerSummary
	Name string
	Group
	Pairs []*Pair
}

// Pair is a client address and a server with their connections, in order of ID.
type Pair struct {
	*analyze.Pair
	Name    string      // of the client
	Program products.ID // what the client is; unknown where it may have handed on what others say they are
	To      *Server
	Group
}

// Title names the pair.
func (p *Pair) Title() string { return PairSubject(p.Name, p.To.Name) }

// PairSubject is the subject of a finding about a client and a server.
func PairSubject(client, server string) string { return client + " to " + server }

// Host is a client address. It holds no connections of its own: with hundreds of
// thousands, each list of them takes megabytes.
type Host struct {
	Addr  netip.Addr
	Pairs []*Pair
}

// Gather returns what of finds in each pair, in order of ID.
func Gather(pairs []*Pair, of func(p *Pair) []*Record) []*Record {
	var lists [][]*Record
	for _, p := range pairs {
		if in := of(p); len(in) > 0 {
			lists = append(lists, in)
		}
	}
	if len(lists) == 1 {
		return lists[0]
	}
	all := slices.Concat(lists...)
	slices.SortFunc(all, ByID)
	return all
}

// Group are the connections of a group.
type Group struct {
	Records          []*Record
	recordsToCollect int    // how many it gets one by one, those that it shares included
	causes           uint64 // which there are, a bit each; set when all are decided
}

var _ [64 - causeCount]struct{} // there is a bit for each cause

// Seen returns how many connections of the group were judged.
func (m *Group) Seen() int64 { return int64(len(m.Records)) }

// Having returns the records with one of these causes.
func (m *Group) Having(causes []Cause) []*Record {
	if !slices.ContainsFunc(causes, func(c Cause) bool { return m.causes&(1<<c) != 0 }) {
		return nil
	}
	return Having(m.Records, causes)
}

// groups are the connections by who made them. Servers and pairs are in the
// order of the report, hosts in that of their first pair.
type groups struct {
	servers []*Server
	pairs   []*Pair
	hosts   []*Host
	byPair  []*Pair // by number
}

// group puts the records, in order of ID, into their groups.
func group(records []*Record, r *analyze.Result) *groups {
	g := &groups{}
	servers := map[uint32]*Server{}
	for i := range r.Servers {
		s := &Server{ServerSummary: &r.Servers[i], Name: r.Servers[i].Server.String()}
		servers[s.Num] = s
		g.servers = append(g.servers, s)
	}
	hosts := map[netip.Addr]*Host{}
	last := uint32(0)
	for i := range r.Pairs {
		last = max(last, r.Pairs[i].Num)
	}
	g.byPair = make([]*Pair, last+1)
	for i := range r.Pairs {
		p := &Pair{Pair: &r.Pairs[i], Name: r.Pairs[i].Client.String(), To: servers[r.Pairs[i].ServerNum]}
		g.byPair[p.Num] = p
		g.pairs = append(g.pairs, p)
		p.To.Pairs = append(p.To.Pairs, p)
		h := hosts[p.Client]
		if h == nil {
			h = &Host{Addr: p.Client}
			hosts[p.Client] = h
			g.hosts = append(g.hosts, h)
		}
		h.Pairs = append(h.Pairs, p)
	}
	g.identifyClients()
	g.fill(records)
	return g
}

// name notes what each client is. The User-Agent field of a proxy is that of its
// own clients: forwarded requests tell that it is one, or that a host asks for
// others by the name that they ask it by.
func (g *groups) identifyClients() {
	type asked struct {
		host netip.Addr
		by   products.ID
	}
	by := map[asked]bool{}
	for _, p := range g.pairs {
		by[asked{p.Server.Addr(), p.Agent}] = true
	}
	for _, p := range g.pairs {
		if !p.Proxied && (p.Client == p.Server.Addr() || !by[asked{p.Client, p.Agent}]) {
			p.Program = p.Agent
		}
		if p.CloseInHTTP10 {
			p.Program = products.Nginx
		}
	}
}

// fill hands the records to the groups.
func (g *groups) fill(records []*Record) {
	n := make([]int, len(g.byPair))
	for _, r := range records {
		n[r.Pair]++
	}
	for _, p := range g.pairs {
		p.reserve(n[p.Num], records)
	}
	for _, s := range g.servers {
		if len(s.Pairs) > 1 {
			sum := 0
			for _, p := range s.Pairs {
				sum += n[p.Num]
			}
			s.reserve(sum, records)
		}
	}
	for _, r := range records {
		p := g.byPair[r.Pair]
		p.collect(r)
		p.To.collect(r)
	}
	for _, p := range g.pairs {
		if len(p.To.Pairs) == 1 {
			p.To.Records = p.Records
		}
	}
}

// reserve makes room for n of all records; who has all of them shares them.
func (m *Group) reserve(n int, all []*Record) {
	if m.recordsToCollect = n; n == len(all) {
		m.Records = all
	} else {
		m.Records = make([]*Record, 0, n)
	}
}

// collect adds a record if one is still wanted.
func (m *Group) collect(r *Record) {
	if len(m.Records) < m.recordsToCollect {
		m.Records = append(m.Records, r)
	}
}

// noteCauses notes the causes of each group, when all are decided.
func (g *groups) noteCauses() {
	for _, p := range g.pairs {
		for _, r := range p.Records {
			p.causes |= 1 << r.Cause
		}
		p.To.causes |= p.causes
	}
}

// waiting returns the records that are not decided yet and have one of the
// classes.
func waiting(records []*Record, classes ...class) []*Record {
	var out []*Record
	for _, r := range records {
		if r.Cause == Undecided && slices.Contains(classes, r.class) {
			out = append(out, r)
		}
	}
	return out
}

// settle gives records their cause.
func settle(records []*Record, cause Cause, by analyze.Party, how Confidence) {
	for _, r := range records {
		r.Cause, r.By, r.Confidence = cause, by, how
	}
}

// Where returns the records for which is holds.
func Where(records []*Record, is func(*Record) bool) (yes []*Record) {
	for _, r := range records {
		if is(r) {
			yes = append(yes, r)
		}
	}
	return yes
}

// split returns the records for which is holds, and the others.
func split(records []*Record, is func(*Record) bool) (yes, no []*Record) {
	for _, r := range records {
		if is(r) {
			yes = append(yes, r)
		} else {
			no = append(no, r)
		}
	}
	return yes, no
}

func Having(records []*Record, causes []Cause) []*Record {
	is := func(r *Record) bool { return slices.Contains(causes, r.Cause) }
	n := 0
	for _, r := range records {
		if is(r) {
			n++
		}
	}
	if n == len(records) {
		return records
	}
	in := make([]*Record, 0, n)
	for _, r := range records {
		if is(r) {
			in = append(in, r)
		}
	}
	return in
}
