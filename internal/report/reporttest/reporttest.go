// Package reporttest builds reports for the tests of formats, and compares what
// they write.
package reporttest

import (
	"math"
	"net/netip"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/gate"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// HandMade is connections and exchanges that no capture holds.
type HandMade struct {
	Conns   []analyze.Connection
	Exch    []analyze.Exchange
	example uint64
	Why     string
}

func (h *HandMade) Len() int { return len(h.Conns) }

func (h *HandMade) Connection(i int, c *analyze.Connection) { *c = h.Conns[i] }

// Numbers implements [report.Facts].
func (h *HandMade) Numbers(i int, c *analyze.Connection) { *c = h.Conns[i] }

func (h *HandMade) Exchanges() []analyze.Exchange { return h.Exch }

func (h *HandMade) Example() (uint64, string, bool) { return h.example, h.Why, h.example != 0 }

// Noon is when the hand-made captures begin, a little after it.
const Noon = 1795176800_000000000 // 2026-11-20T12:13:20Z

// Ms is a millisecond in ns.
const Ms = int64(1e6)

// Conn returns a connection of n requests that the server closes.
func Conn(id uint64, start, n int64) analyze.Connection {
	return analyze.Connection{
		ID: id, Stream: int64(id) - 1,
		Client: netip.AddrPortFrom(netip.MustParseAddr("10.20.0.1"), uint16(40000+id)),
		Server: netip.MustParseAddrPort("10.20.0.2:8080"),
		Start:  start, End: start + 1000*Ms,
		PacketsClient: 6, PacketsServer: 5, BytesClient: 70 * uint64(n), BytesServer: 300 * uint64(n),
		Handshake: flows.HandshakeComplete, RTT: 2*Ms + 123456, ConnectTime: 2*Ms + 123456,
		Protocol: analyze.HTTP11, Requests: n, Responses: n,
		ClientProbes: noProbes, ServerProbes: noProbes, RequestsEstimated: analyze.Unknown,
		IdleP50: analyze.Unknown, IdleMax: 1000 * Ms, IdleLast: 1000 * Ms,
		Close: analyze.Close{Kind: flows.CloseFIN, Began: analyze.Server, FirstFIN: analyze.Server,
			TimeWait: analyze.TimeWaitServer, At: start + 999*Ms, Packet: id * 11},
	}
}

var noProbes = analyze.Probes{Idle: analyze.Unknown, Interval: analyze.Unknown}

// OpenConn returns a connection that is still open, with probes.
func OpenConn(id uint64, start int64) analyze.Connection {
	c := Conn(id, start, 1)
	c.Server = netip.MustParseAddrPort("[2001:db8::2]:443")
	c.Client = netip.MustParseAddrPort("[2001:db8:0:1:aaaa:bbbb:cccc:dddd]:50000")
	c.Protocol, c.HTTPUnknown, c.Requests, c.Responses = analyze.TLS, true, analyze.Unknown, analyze.Unknown
	c.ClientProbes = analyze.Probes{Sent: 7, Answered: 6, Idle: 15000 * Ms, Interval: 15001 * Ms}
	c.IdleLast = analyze.Unknown
	c.Close = analyze.Close{At: analyze.Unknown}
	return c
}

// RefusedConn returns a connection that never came to be.
func RefusedConn(id uint64, start int64) analyze.Connection {
	c := Conn(id, start, 0)
	c.Handshake, c.RTT, c.ConnectTime, c.SYNRetransmissions = flows.HandshakeRefused, analyze.Unknown, analyze.Unknown, 2
	c.Protocol, c.IdleMax, c.IdleLast = analyze.NoProtocol, analyze.Unknown, analyze.Unknown
	c.Close = analyze.Close{Kind: flows.CloseReset, Began: analyze.Server, RSTBy: analyze.Server,
		ResetShape: flows.ResetRefused, At: start, Packet: 8}
	return c
}

// Exchanges returns two exchanges of connection 1.
func Exchanges() []analyze.Exchange {
	first := analyze.Exchange{
		Connection: 1, N: 1, Method: httpparse.GET, MethodName: "GET", Target: "/login?token=secret", Host: "example.com", Status: 200,
		RequestAt: Noon + 3*Ms, RequestDone: Noon + 3*Ms, FirstByteAt: Noon + 53*Ms, DoneAt: Noon + 60*Ms,
		ConnectTime: 2*Ms + 123456, RequestPacket: 4, ResponsePacket: 6,
	}
	second := first
	second.N, second.Target, second.ConnectTime, second.RequestPacket = 2, "http://me:pw@example.com/\x1b[31m", 0, 8
	second.Status, second.FirstByteAt, second.DoneAt, second.ResponsePacket = 0, analyze.Unknown, analyze.Unknown, 0
	return []analyze.Exchange{first, second}
}

// Incident is a capture of a server that closes idle connections, with a
// little of everything else.
func Incident() *report.Report {
	dropped := uint64(3)
	h := &HandMade{Exch: Exchanges(), example: 2, Why: "closed by the server after one request, like 2 others"}
	h.Conns = append(h.Conns, Conn(1, Noon, 12), Conn(2, Noon+400*Ms, 1), Conn(3, Noon+500*Ms, 1),
		OpenConn(4, Noon+600*Ms), RefusedConn(5, Noon+700*Ms))
	return diagnosed(&report.Report{
		Version: "v0.1.0",
		Meta: report.Meta{
			Sources: []report.Source{{Name: "incident.pcapng", Format: "pcapng", Size: 418_000_123, Packets: 3_804_600,
				SHA256: "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c"}},
			Format: "pcapng", LinkTypes: []string{"EN10MB"}, Packets: 3_804_600, TCPPackets: 3_804_500, Bytes: 1_418_000_000,
			First: Noon, Last: Noon + 120_000*Ms, KernelDropped: &dropped, CutPackets: 4, UndecodedPackets: 1,
			CommandLine: []string{"kaanalyze", "incident.pcapng", "tcp port 8080"}, Filter: "tcp port 8080",
			Damage: &report.Damage{Source: "incident.pcapng", Packet: 3_804_601, Offset: 418_000_100, Reason: "record is cut off"},
		},
		Result:  &analyze.Result{Totals: incidentTotals(), Servers: incidentServers(), Pairs: incidentPairs(), Series: incidentSeries()},
		Options: report.Options{Exchanges: true},
		Facts:   h,
	})
}

// diagnosed adds the diagnosis of hand-made connections.
func diagnosed(r *report.Report) *report.Report {
	d := cause.NewCollector(1)
	r.Result.First, r.Result.Last = r.Meta.First, r.Meta.Last
	for i := range r.Facts.(*HandMade).Conns {
		c := &r.Facts.(*HandMade).Conns[i]
		e := &c.Evidence
		for _, p := range r.Result.Pairs {
			if p.Client == c.Client.Addr() && p.Server == c.Server {
				e.Pair, e.Server = p.Num, p.ServerNum
			}
		}
		e.LastDone = analyze.Unknown
		if m := (analyze.Mark{At: c.Close.At, Packet: c.Close.Packet}); c.Close.FirstFIN == analyze.Server {
			e.ServerFIN, e.LastDone = m, c.Close.At-1000*Ms
		}
		d.Add(c, r.Meta.Last)
	}
	r.Diagnosis = rules.Diagnose(d, r.Result)
	return r
}

func incidentTotals() analyze.Totals {
	t := analyze.Totals{
		Connections: 5, HandshakesComplete: 4, Refused: 1, SYN: 7, SYNACK: 4, FIN: 6, RST: 3,
		Requests: 14, Responses: 14, Interim: 1, ByClass: [analyze.StatusClasses]int64{1, 12, 0, 1, 1}, HTTPUnknown: 1, ConnectionsWithRequests: 3, SingleRequestConnections: 2,
		ReusedRequests: 11, ReuseRatio: 11.0 / 14,
		PerConnection: analyze.Quantiles{Mean: 14.0 / 3, P50: 1, P90: 12, Max: 12,
			Histogram: []analyze.Bucket{{From: 1, To: 1, Connections: 2}, {From: 8, To: 15, Connections: 1}}},
		PoolNeed: 2, AvoidableConnections: 1, AvoidableHandshake: 2*Ms + 123456,
		Probes: 7, ProbesAnswered: 6, Retransmissions: 2, MissingBytes: 512, Unfinished: 1, DuplicatePackets: 9, IgnoredRSTs: 2,
		ClosedFirst: analyze.Closers{Server: 4, None: 1},
		TimeWait: analyze.TimeWaitTotals{
			Closes: 3, Server: 3, None: 1,
			Population: analyze.Population{Peak: 3, PeakAt: Noon + 1499*Ms, AtEnd: 0, SteadyState: math.NaN()},
			Hosts: []analyze.HostPopulation{{Host: netip.MustParseAddr("10.20.0.2"),
				Population: analyze.Population{Peak: 3, PeakAt: Noon + 1499*Ms, AtEnd: 0, SteadyState: 12.5}}},
			PerfectPool: 2,
		},
	}
	t.CloseKinds[flows.CloseFIN], t.CloseKinds[flows.CloseReset], t.CloseKinds[flows.CloseOpen] = 3, 1, 1
	return t
}

func incidentServers() []analyze.ServerSummary {
	return []analyze.ServerSummary{
		{Num: 1, Server: netip.MustParseAddrPort("10.20.0.2:8080"), Clients: 1, Connections: 4, Requests: 14, ReuseRatio: 11.0 / 14,
			ClosedFirst: analyze.Closers{Server: 4}, TimeWaitServer: 3, TimeWaitPeak: 3,
			AdvertisedTimeout: 5, AdvertisedMax: 100, ByClass: [analyze.StatusClasses]int64{1, 12, 0, 1, 1},
			Times: analyze.ServerTimes{Count: 14, P50: 50 * Ms, P90: 51 * Ms, P95: 51 * Ms, P99: 1_200 * Ms, Max: 1_200 * Ms}},
		{Num: 2, Server: netip.MustParseAddrPort("[2001:db8::2]:443"), Clients: 1, Connections: 1, ReuseRatio: math.NaN(),
			ClosedFirst: analyze.Closers{None: 1},
			ByClass:     unreadable, Times: noTimes,
			AdvertisedTimeout: analyze.Unknown, AdvertisedMax: analyze.Unknown},
	}
}

func incidentPairs() []analyze.Pair {
	return []analyze.Pair{
		{Num: 1, ServerNum: 1, Client: netip.MustParseAddr("10.20.0.1"), Server: netip.MustParseAddrPort("10.20.0.2:8080"), Connections: 4, Requests: 14,
			ReuseRatio: 11.0 / 14, PoolNeed: 2, AvoidableConnections: 1, AvoidableHandshake: 2*Ms + 123456, PortsInUse: 4, PortBudget: analyze.PortBudget},
		{Num: 2, ServerNum: 2, Client: netip.MustParseAddr("2001:db8:0:1:aaaa:bbbb:cccc:dddd"), Server: netip.MustParseAddrPort("[2001:db8::2]:443"),
			Connections: 1, ReuseRatio: math.NaN(), PortsInUse: 1, PortBudget: analyze.PortBudget},
	}
}

func incidentSeries() analyze.Series {
	s := analyze.Series{Step: 1, Start: Noon, NewConnections: make([]int64, 121), Requests: make([]int64, 121), Reused: make([]int64, 121), TimeWait: make([]int64, 121)}
	s.NewConnections[0], s.Requests[0], s.Requests[5], s.Requests[77] = 5, 3, 1, 10
	s.Reused[5], s.Reused[77] = 1, 10
	for i := 1; i < 62; i++ {
		s.TimeWait[i] = 3
	}
	return s
}

// NoTCP is of a capture without TCP.
func NoTCP() *report.Report {
	r := &report.Report{
		Version: "v0.1.0",
		Meta: report.Meta{Sources: []report.Source{{Name: "dns.pcap", Format: "pcap", Size: -1, Packets: 12}}, Format: "pcap", LinkTypes: []string{"RAW"},
			Packets: 12, Bytes: 1200, First: Noon, Last: Noon + 40*Ms, CommandLine: []string{"kaanalyze", "dns.pcap"}},
		Result: &analyze.Result{}, Facts: &HandMade{},
	}
	t := &r.Result.Totals
	t.ReuseRatio, t.TimeWait.SteadyState, t.TimeWait.PeakAt = math.NaN(), math.NaN(), analyze.Unknown
	return diagnosed(r)
}

// TLS is of a capture with encrypted connections alone.
func TLS() *report.Report {
	r := NoTCP()
	r.Meta.TCPPackets = 12
	r.Facts = &HandMade{Conns: []analyze.Connection{OpenConn(1, Noon), OpenConn(2, Noon+Ms)}}
	t := &r.Result.Totals
	t.Connections, t.HTTPUnknown, t.Unfinished, t.HandshakesComplete = 2, 2, 2, 2
	t.CloseKinds[flows.CloseOpen], t.ClosedFirst.None = 2, 2
	for _, n := range httpTotals(t) {
		*n = analyze.Unknown
	}
	c := &r.Facts.(*HandMade).Conns[0]
	r.Result.Servers = []analyze.ServerSummary{{Num: 1, Server: c.Server, Connections: 2, ReuseRatio: math.NaN(), ByClass: unreadable, Times: noTimes,
		AdvertisedTimeout: analyze.Unknown, AdvertisedMax: analyze.Unknown}}
	r.Result.Pairs = []analyze.Pair{{Num: 1, ServerNum: 1, Client: c.Client.Addr(), Server: c.Server, Connections: 2, ReuseRatio: math.NaN(), PortBudget: analyze.PortBudget}}
	return diagnosed(r)
}

// unreadable and noTimes are what a server has none of whose responses can be read.
var (
	unreadable = [analyze.StatusClasses]int64{analyze.Unknown, analyze.Unknown, analyze.Unknown, analyze.Unknown, analyze.Unknown}
	noTimes    = analyze.ServerTimes{P50: analyze.Unknown, P90: analyze.Unknown, P95: analyze.Unknown, P99: analyze.Unknown, Max: analyze.Unknown}
)

// httpTotals are the counts that need readable connections.
func httpTotals(t *analyze.Totals) []*int64 {
	return []*int64{&t.Requests, &t.Responses, &t.Interim, &t.Unmatched, &t.ConnectionsWithRequests, &t.SingleRequestConnections,
		&t.ReusedRequests, &t.PoolNeed, &t.AvoidableConnections, &t.ByClass[0], &t.ByClass[1], &t.ByClass[2], &t.ByClass[3], &t.ByClass[4]}
}

// NoHTTP is of a capture with connections that carry something else.
func NoHTTP() *report.Report {
	r := TLS()
	h := r.Facts.(*HandMade)
	for i := range h.Conns {
		c := &h.Conns[i]
		c.Protocol, c.HTTPUnknown, c.Requests, c.Responses = analyze.Other, false, 0, 0
	}
	r.Result.Totals.HTTPUnknown = 0
	for _, n := range httpTotals(&r.Result.Totals) {
		*n = 0
	}
	return diagnosed(r)
}

// Story is an account of the incident's first connection.
func Story() *report.Story {
	c := Conn(1, Noon, 2)
	return &report.Story{Connection: &c, Truncated: 3, Lines: []report.StoryLine{
		{Num: 1, Time: Noon, Rel: 0, FromClient: true, Flags: "S", Window: 64240, Means: []string{"SYN"}},
		{Num: 2, Time: Noon + 2*Ms, Rel: 2 * Ms, Flags: "S.", Ack: 1, Window: 65160, Means: []string{"SYN-ACK"}},
		{Num: 3, Time: Noon + 2*Ms + 123456, Rel: 2*Ms + 123456, FromClient: true, Flags: ".", Seq: 1, Ack: 1, Window: 502},
		{Num: 4, Time: Noon + 3*Ms, Rel: 3 * Ms, FromClient: true, Flags: "P.", Seq: 1, Ack: 1, Len: 70, Window: 502,
			Means: []string{"request 1: GET /login?token=secret"}},
		{Num: 8, Time: Noon + 70*Ms, Rel: 70 * Ms, FromClient: true, Flags: "P.", Seq: 71, Ack: 301, Len: 70, Window: 502,
			Means: []string{"request 2: GET http://me:pw@example.com/\x1b[31m", "second transmission of what the capture shows twice"}},
		{Num: 11, Time: Noon + 999*Ms, Rel: 999 * Ms, Flags: "F.", Seq: 301, Ack: 141, Window: 502,
			Means: []string{"FIN, server closes first, will hold TIME_WAIT"}},
	}}
}

// Hosted is an incident with what the kernel said.
func Hosted() *report.Report {
	r := Incident()
	server := netip.MustParseAddrPort("10.1.0.5:8080")
	r.Host = &report.Host{
		Sockets:  report.HostSockets{Established: 14, TimeWait: 1180, InUse: analyze.Unknown, Orphaned: 0},
		Settings: report.HostSettings{FirstPort: 32768, LastPort: 60999, TWReuse: 2, MaxTWBuckets: 131072, FINTimeoutSeconds: 60, KeepaliveSeconds: 7200},
		Counters: []report.HostCounter{{Name: "ListenOverflows", Total: 12, New: 3}, {Name: "TW", Total: 99}},
		Compared: []report.HostComparison{
			{State: "time_wait", Packets: 1177, Kernel: 1100, Unseen: 80, Note: "the kernel dropped 77 of them early"},
			{State: "established", Packets: 12, Kernel: 12, Unseen: 2, Agree: true},
		},
		Ends: []report.HostEnd{
			{Server: server, Connections: 2000, Processes: []report.HostProcess{{PID: 4321, Name: "evil\x1b[31m\"name"}, {PID: 4322, Name: "nginx"}}},
			{Server: server, Client: netip.MustParseAddr("10.1.0.7"), Connections: 3},
		},
	}
	return r
}

// Everything is an incident with all that may stand beside it: a baseline, gates,
// evidence, what the kernel says, and every limit to trust.
func Everything() *report.Report {
	r := Hosted()
	r.Meta.Format, r.Meta.InterfaceDropped, r.Meta.Interrupted, r.Meta.Damage = "live", 2, true, nil
	r.Meta.Sources = append(r.Meta.Sources, report.Source{Name: "second one.pcap", Size: -1, Packets: 1})
	r.Meta.Narrowed = report.Narrowed{Until: Noon + 70_000*Ms}
	r.NotKept = 1
	t := &r.Result.Totals
	t.Midstream, t.TimeBack, t.TimeWait.Pending, t.TimeWait.Unknown = 4, 3_600e9, 1, 2
	t.TimeWait.Hosts = append(t.TimeWait.Hosts, analyze.HostPopulation{Host: netip.MustParseAddr("10.20.0.1"),
		Population: analyze.Population{Peak: 12, PeakAt: Noon + 900*Ms, AtEnd: 2, SteadyState: 40}})
	r.Result.Pairs[1].PortBudget = 1000
	h := r.Facts.(*HandMade)
	silent := RefusedConn(6, Noon+800*Ms)
	silent.Handshake, silent.SYNRetransmissions = flows.HandshakeUnanswered, 6
	probing := Conn(7, Noon+900*Ms, 1)
	probing.ServerProbes = analyze.Probes{Sent: 3, Answered: 3, Idle: 15000 * Ms, Interval: 15000 * Ms}
	h.Conns = append(h.Conns, silent, probing)
	diagnosed(r)
	first := &r.Diagnosis.Findings[0].Examples[0]
	first.Packets = []uint64{22, 24}
	r.Evidence = &report.Evidence{
		Name: "evidence.pcap", Bytes: 1234, Connections: []report.EvidenceConnection{{ID: first.Connection, Stream: 0}},
		Packets: first.Packets[:1], LeftOut: 5, Verdict: rules.Verdict{Level: rules.CannotTell, Text: "too little"},
	}
	r.OtherSide = otherSide()
	r.Diagnosis.Corrected = []cause.Corrected{{From: cause.Refused, To: cause.MiddleboxReset, Connections: 1}, {To: cause.MiddleboxReset, Connections: 2}}
	for _, text := range []string{"reuse_ratio<0.9", "time_wait.steady_state>1", "rst>100"} {
		g, err := gate.Parse(text)
		if err != nil {
			panic(err)
		}
		r.Gates = append(r.Gates, g.Judge(r.Result, r.Diagnosis))
	}
	r.Baseline = &report.Baseline{
		Source: "before.json", Duration: 30, Numbers: map[string]float64{"connections": 1, "requests": 20, "reuse_ratio": 0.95, "time_wait.peak": 3},
		Verdict:  rules.Verdict{Level: rules.OK, Text: "connections are reused"},
		Findings: []report.BaselineFinding{{Rule: "KA7777", Severity: "low", Title: "a rule that is no more", Subject: "10.9.0.9:1"}},
		Judged:   map[string]bool{}, Subjects: map[string]bool{},
	}
	return r
}

// Samples are reports of every shape.
func Samples() map[string]*report.Report {
	told := Incident()
	told.Story = Story()
	stdin := NoTCP()
	stdin.Meta = report.Meta{Sources: []report.Source{{Name: "-", Size: -1}}}
	part := Incident()
	part.Meta.Narrowed = report.Narrowed{Since: Noon + 10_000*Ms, Until: Noon + 70_000*Ms + 1, Count: 5000, Filter: part.Meta.Filter,
		Server: netip.MustParseAddrPort("10.20.0.2:8080")}
	part.Result.First, part.Result.Last = Noon+10_000*Ms, Noon+70_000*Ms+1
	unnamed := NoTCP()
	unnamed.Meta.Anonymized, unnamed.Meta.Filter, unnamed.Meta.CommandLine = true, "(withheld)", nil
	return map[string]*report.Report{
		"everything": Everything(), "anonymized": unnamed, "incident": Incident(), "narrowed": part, "host": Hosted(), "story": told, "no-tcp": NoTCP(), "no-packet": stdin, "tls": TLS(), "no-http": NoHTTP(), "multiplexed": Multiplexed(),
	}
}

// Many returns a report with n connections.
func Many(n int) *report.Report {
	r := Incident()
	h := &HandMade{Conns: make([]analyze.Connection, n)}
	for i := range h.Conns {
		h.Conns[i] = Conn(uint64(i+1), Noon+int64(i)*Ms, 1)
	}
	r.Facts = h
	return r
}
