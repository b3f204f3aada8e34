package cause

import (
	"net/netip"
	"slices"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/compact"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

// Group holds connections that have something in common, in order of ID. Records
// must not be changed.
type Group struct {
	Records []*Record

	classes          classSet // which there are; 0 if that is not known
	recordsToCollect int      // how many it gets one by one, those that it shares included
	causes           uint64   // which there are, a bit each; set when all are decided
}

var _ [64 - causeCount]struct{} // there is a bit for each cause

// Seen returns how many connections of the group were judged.
func (g *Group) Seen() int64 { return int64(len(g.Records)) }

// Having returns the records with one of these causes. It looks at none if the
// group has no such cause.
func (g *Group) Having(causes []Cause) []*Record {
	if !g.Has(causes) {
		return nil
	}
	return Having(g.Records, causes)
}

// Has reports whether a record has one of these causes.
func (g *Group) Has(causes []Cause) bool {
	for _, c := range causes {
		if g.causes&(1<<c) != 0 {
			return true
		}
	}
	return false
}

// expect says that the group gets n of all records, and returns for how many it needs
// room: a group of all of them shares them.
func (g *Group) expect(n int, all []*Record) int {
	if g.recordsToCollect = n; n == len(all) {
		g.Records = all
		return 0
	}
	return n
}

// reserve takes the room that the group needs, and returns what is left of it.
func (g *Group) reserve(room []*Record) (left []*Record) {
	if len(g.Records) == g.recordsToCollect {
		return room
	}
	g.Records = room[:0:g.recordsToCollect]
	return room[g.recordsToCollect:]
}

// collect adds a record if the group does not share those that it has.
func (g *Group) collect(r *Record) {
	g.classes |= 1 << r.class
	if len(g.Records) < g.recordsToCollect {
		g.Records = append(g.Records, r)
	}
}

// Server is a server with its connections.
type Server struct {
	*analyze.ServerSummary
	Group
	Name  string // its address and port
	Pairs []*Pair
}

// Pair is a client address and a server with their connections.
type Pair struct {
	*analyze.Pair
	Group
	Name string // of the client: its address
	To   *Server
	// Program is what the client is: Unknown where it may have handed on what others
	// say they are, unlike Agent.
	Program products.ID
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

// Gather returns the records that of finds in each pair, in order of ID.
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

// groups are the connections by who made them. Servers and pairs are in the
// order of the report, hosts in that of their first pair.
type groups struct {
	servers []*Server
	pairs   []*Pair
	hosts   []*Host
	byPair  []*Pair // by number

	// leftOut stands for pairs that have no row. It is in no list, and has no records:
	// they have nothing in common.
	leftOut *Pair
}

// pair returns the pair with that number.
func (g *groups) pair(num uint32) *Pair {
	if int(num) < len(g.byPair) && g.byPair[num] != nil {
		return g.byPair[num]
	}
	return g.leftOut
}

// listed reports whether the pair of a record has a row.
func (g *groups) listed(r *Record) bool { return g.pair(r.Pair) != g.leftOut }

// group puts the records, in order of ID, into their groups.
func group(records []*Record, r *analyze.Result) *groups {
	g := &groups{leftOut: &Pair{Pair: &analyze.Pair{}, To: &Server{ServerSummary: &analyze.ServerSummary{}}}}
	g.leftOut.To.Pairs = []*Pair{g.leftOut}
	servers := make(map[uint32]*Server, len(r.Servers))
	g.servers = make([]*Server, 0, len(r.Servers))
	for i := range r.Servers {
		s := &Server{ServerSummary: &r.Servers[i], Name: r.Servers[i].Server.String()}
		servers[s.Num] = s
		g.servers = append(g.servers, s)
	}
	var hosts compact.Index // of places in g.hosts, from 1
	var room []Host
	last := uint32(0)
	for i := range r.Pairs {
		last = max(last, r.Pairs[i].Num)
	}
	g.byPair = make([]*Pair, last+1)
	pairs := make([]Pair, len(r.Pairs)) // there may be hundreds of thousands
	g.pairs = make([]*Pair, 0, len(r.Pairs))
	for i := range r.Pairs {
		p := &pairs[i]
		*p = Pair{Pair: &r.Pairs[i], Name: r.Pairs[i].Client.String(), To: servers[r.Pairs[i].ServerNum]}
		g.byPair[p.Num] = p
		g.pairs = append(g.pairs, p)
		p.To.Pairs = append(p.To.Pairs, p)
		ip := p.Client.As16()
		hash := uint32(flows.HashEndpoint(&ip, 0))
		n := hosts.Find(hash, func(n uint32) bool { return g.hosts[n-1].Addr == p.Client })
		if n == 0 {
			if len(room) == 0 {
				room = make([]Host, min(1<<10, len(r.Pairs)-i))
			}
			room[0] = Host{Addr: p.Client, Pairs: g.pairs[i : i : i+1]} // most have one: the place is taken already
			g.hosts, room = append(g.hosts, &room[0]), room[1:]
			n = uint32(len(g.hosts))
			hosts.Add(hash, n)
		}
		h := g.hosts[n-1]
		h.Pairs = append(h.Pairs, p)
	}
	g.identifyClients()
	g.fill(records)
	return g
}

// identifyClients finds out what each client is. A proxy hands on the User-Agent
// field of its own clients: that requests were forwarded shows it, or that a client
// names the program that others name when they ask it.
func (g *groups) identifyClients() {
	type name struct {
		host netip.Addr // that was asked
		says products.ID
	}
	asked := map[name]bool{}
	for _, p := range g.pairs {
		asked[name{p.Server.Addr(), p.Agent}] = true
	}
	for _, p := range g.pairs {
		if !p.Proxied && (p.Client == p.Server.Addr() || !asked[name{p.Client, p.Agent}]) {
			p.Program = p.Agent
		}
		if p.CloseInHTTP10 {
			p.Program = products.Nginx
		}
	}
}

// fill hands the records to the groups. A server with one client shares the list of
// that pair, and a group of all connections shares the list of all.
func (g *groups) fill(records []*Record) {
	n := make([]int, len(g.byPair))
	for _, r := range records {
		if !g.listed(r) {
			r.Pair = 0
			continue
		}
		n[r.Pair]++
	}
	toTake := 0 // by groups that do not share the list of all
	for _, p := range g.pairs {
		toTake += p.expect(n[p.Num], records)
	}
	for _, s := range g.servers {
		if len(s.Pairs) > 1 {
			sum := 0
			for _, p := range s.Pairs {
				sum += n[p.Num]
			}
			toTake += s.expect(sum, records)
		}
	}
	room := make([]*Record, toTake)
	for _, p := range g.pairs {
		room = p.reserve(room)
	}
	for _, s := range g.servers {
		room = s.reserve(room)
	}
	for _, r := range records {
		if !g.listed(r) {
			continue
		}
		p := g.byPair[r.Pair]
		p.collect(r)
		p.To.collect(r)
	}
	for _, p := range g.pairs {
		if len(p.To.Pairs) == 1 {
			p.To.Records, p.To.classes = p.Records, p.classes
		}
	}
}

// noteCauses notes the causes of each group, when all are decided.
func (g *groups) noteCauses() {
	for _, p := range g.pairs {
		for _, r := range p.Records {
			p.causes |= 1<<r.Cause | 1<<r.Why()
		}
		p.To.causes |= p.causes
	}
}
