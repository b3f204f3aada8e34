package report

import (
	"bytes"
	"flag"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares got with testdata/golden/name.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(got), string(want)); diff != "" {
		t.Errorf("%s differs (-got +want); `make golden` rewrites it:\n%s", file, diff)
	}
}

// handMade is connections and exchanges that no capture holds.
type handMade struct {
	connections []analyze.Connection
	exchanges   []analyze.Exchange
	example     uint64
	why         string
}

func (h *handMade) Len() int                                { return len(h.connections) }
func (h *handMade) Connection(i int, c *analyze.Connection) { *c = h.connections[i] }
func (h *handMade) Exchanges() []analyze.Exchange           { return h.exchanges }
func (h *handMade) Example() (uint64, string, bool)         { return h.example, h.why, h.example != 0 }

// noon is when the hand-made captures begin, a little after it.
const noon = 1795176800_000000000 // 2026-11-20T12:13:20Z

// ms is a millisecond in ns.
const ms = int64(1e6)

// conn returns a connection of n requests that the server closes.
func conn(id uint64, start, n int64) analyze.Connection {
	return analyze.Connection{
		ID: id, Stream: int64(id) - 1,
		Client: netip.AddrPortFrom(netip.MustParseAddr("10.20.0.1"), uint16(40000+id)),
		Server: netip.MustParseAddrPort("10.20.0.2:8080"),
		Start:  start, End: start + 1000*ms,
		PacketsClient: 6, PacketsServer: 5, BytesClient: 70 * uint64(n), BytesServer: 300 * uint64(n),
		Handshake: flows.HandshakeComplete, RTT: 2*ms + 123456, ConnectTime: 2*ms + 123456,
		Protocol: analyze.HTTP11, Requests: n, Responses: n,
		ClientProbes: noProbes, ServerProbes: noProbes,
		IdleP50: analyze.Unknown, IdleMax: 1000 * ms, IdleLast: 1000 * ms,
		Close: analyze.Close{Kind: flows.CloseFIN, Began: analyze.Server, FirstFIN: analyze.Server,
			TimeWait: analyze.TimeWaitServer, At: start + 999*ms, Packet: id * 11},
	}
}

var noProbes = analyze.Probes{Idle: analyze.Unknown, Interval: analyze.Unknown}

// openConn returns a connection that is still open, with probes.
func openConn(id uint64, start int64) analyze.Connection {
	c := conn(id, start, 1)
	c.Server = netip.MustParseAddrPort("[2001:db8::2]:443")
	c.Client = netip.MustParseAddrPort("[2001:db8:0:1:aaaa:bbbb:cccc:dddd]:50000")
	c.Protocol, c.HTTPUnknown, c.Requests, c.Responses = analyze.TLS, true, analyze.Unknown, analyze.Unknown
	c.ClientProbes = analyze.Probes{Sent: 7, Answered: 6, Idle: 15000 * ms, Interval: 15001 * ms}
	c.IdleLast = analyze.Unknown
	c.Close = analyze.Close{At: analyze.Unknown}
	return c
}

// refusedConn returns a connection that never came to be.
func refusedConn(id uint64, start int64) analyze.Connection {
	c := conn(id, start, 0)
	c.Handshake, c.RTT, c.ConnectTime, c.SYNRetransmissions = flows.HandshakeRefused, analyze.Unknown, analyze.Unknown, 2
	c.Protocol, c.IdleMax, c.IdleLast = analyze.NoProtocol, analyze.Unknown, analyze.Unknown
	c.Close = analyze.Close{Kind: flows.CloseReset, Began: analyze.Server, RSTBy: analyze.Server,
		ResetShape: flows.ResetRefused, At: start, Packet: 8}
	return c
}

// exchangesOfConn returns two exchanges of connection 1.
func exchangesOfConn() []analyze.Exchange {
	first := analyze.Exchange{
		Connection: 1, N: 1, Method: httpparse.GET, MethodName: "GET", Target: "/login?token=secret", Host: "example.com", Status: 200,
		RequestAt: noon + 3*ms, RequestDone: noon + 3*ms, FirstByteAt: noon + 53*ms, DoneAt: noon + 60*ms,
		ConnectTime: 2*ms + 123456, RequestPacket: 4, ResponsePacket: 6,
	}
	second := first
	second.N, second.Target, second.ConnectTime, second.RequestPacket = 2, "http://me:pw@example.com/\x1b[31m", 0, 8
	second.Status, second.FirstByteAt, second.DoneAt, second.ResponsePacket = 0, analyze.Unknown, analyze.Unknown, 0
	return []analyze.Exchange{first, second}
}

// incident is a capture of a server that closes idle connections, with a
// little of everything else.
func incident() *Report {
	dropped := uint64(3)
	h := &handMade{exchanges: exchangesOfConn(), example: 2, why: "closed by the server after one request, like 2 others"}
	h.connections = append(h.connections, conn(1, noon, 12), conn(2, noon+400*ms, 1), conn(3, noon+500*ms, 1),
		openConn(4, noon+600*ms), refusedConn(5, noon+700*ms))
	return diagnosed(&Report{
		Version: "v0.1.0",
		Meta: Meta{
			Sources: []Source{{Name: "incident.pcapng", Format: "pcapng", Size: 418_000_123, Packets: 3_804_600,
				SHA256: "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c"}},
			Format: "pcapng", LinkTypes: []string{"EN10MB"}, Packets: 3_804_600, TCPPackets: 3_804_500, Bytes: 1_418_000_000,
			First: noon, Last: noon + 120_000*ms, KernelDropped: &dropped, CutPackets: 4, UndecodedPackets: 1,
			CommandLine: []string{"kaanalyze", "incident.pcapng", "tcp port 8080"}, Filter: "tcp port 8080",
			Damage: &Damage{Source: "incident.pcapng", Packet: 3_804_601, Offset: 418_000_100, Reason: "record is cut off"},
		},
		Result:  &analyze.Result{Totals: incidentTotals(), Servers: incidentServers(), Pairs: incidentPairs(), Series: incidentSeries()},
		Options: Options{Exchanges: true},
		Facts:   h,
	})
}

// diagnosed adds the diagnosis of hand-made connections.
func diagnosed(r *Report) *Report {
	d := cause.NewCollector(1)
	r.Result.First, r.Result.Last = r.Meta.First, r.Meta.Last
	for i := range r.Facts.(*handMade).connections {
		c := &r.Facts.(*handMade).connections[i]
		e := &c.Evidence
		for _, p := range r.Result.Pairs {
			if p.Client == c.Client.Addr() && p.Server == c.Server {
				e.Pair, e.Server = p.Num, p.ServerNum
			}
		}
		e.LastDone = analyze.Unknown
		if m := (analyze.Mark{At: c.Close.At, Packet: c.Close.Packet}); c.Close.FirstFIN == analyze.Server {
			e.ServerFIN, e.LastDone = m, c.Close.At-1000*ms
		}
		d.Add(c, r.Meta.Last)
	}
	r.Diagnosis = rules.Diagnose(d, r.Result)
	return r
}

func incidentTotals() analyze.Totals {
	t := analyze.Totals{
		Connections: 5, HandshakesComplete: 4, Refused: 1, SYN: 7, SYNACK: 4, FIN: 6, RST: 3,
		Requests: 14, Responses: 14, Interim: 1, HTTPUnknown: 1, ConnectionsWithRequests: 3, SingleRequestConnections: 2,
		ReusedRequests: 11, ReuseRatio: 11.0 / 14,
		PerConnection: analyze.Quantiles{Mean: 14.0 / 3, P50: 1, P90: 12, Max: 12,
			Histogram: []analyze.Bucket{{From: 1, To: 1, Connections: 2}, {From: 8, To: 15, Connections: 1}}},
		PoolNeed: 2, AvoidableConnections: 1, AvoidableHandshake: 2*ms + 123456,
		Probes: 7, ProbesAnswered: 6, Retransmissions: 2, MissingBytes: 512, Unfinished: 1, DuplicatePackets: 9, IgnoredRSTs: 2,
		ClosedFirst: analyze.Closers{Server: 4, None: 1},
		TimeWait: analyze.TimeWaitTotals{
			Closes: 3, Server: 3, None: 1,
			Population: analyze.Population{Peak: 3, PeakAt: noon + 1499*ms, AtEnd: 0, SteadyState: math.NaN()},
			Hosts: []analyze.HostPopulation{{Host: netip.MustParseAddr("10.20.0.2"),
				Population: analyze.Population{Peak: 3, PeakAt: noon + 1499*ms, AtEnd: 0, SteadyState: 12.5}}},
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
			AdvertisedTimeout: 5, AdvertisedMax: 100},
		{Num: 2, Server: netip.MustParseAddrPort("[2001:db8::2]:443"), Clients: 1, Connections: 1, ReuseRatio: math.NaN(),
			ClosedFirst:       analyze.Closers{None: 1},
			AdvertisedTimeout: analyze.Unknown, AdvertisedMax: analyze.Unknown},
	}
}

func incidentPairs() []analyze.Pair {
	return []analyze.Pair{
		{Num: 1, ServerNum: 1, Client: netip.MustParseAddr("10.20.0.1"), Server: netip.MustParseAddrPort("10.20.0.2:8080"), Connections: 4, Requests: 14,
			ReuseRatio: 11.0 / 14, PoolNeed: 2, AvoidableConnections: 1, AvoidableHandshake: 2*ms + 123456, PortsInUse: 4, PortBudget: analyze.PortBudget},
		{Num: 2, ServerNum: 2, Client: netip.MustParseAddr("2001:db8:0:1:aaaa:bbbb:cccc:dddd"), Server: netip.MustParseAddrPort("[2001:db8::2]:443"),
			Connections: 1, ReuseRatio: math.NaN(), PortsInUse: 1, PortBudget: analyze.PortBudget},
	}
}

func incidentSeries() analyze.Series {
	s := analyze.Series{Step: 1, Start: noon, NewConnections: make([]int64, 121), Requests: make([]int64, 121), Reused: make([]int64, 121), TimeWait: make([]int64, 121)}
	s.NewConnections[0], s.Requests[0], s.Requests[5], s.Requests[77] = 5, 3, 1, 10
	s.Reused[5], s.Reused[77] = 1, 10
	for i := 1; i < 62; i++ {
		s.TimeWait[i] = 3
	}
	return s
}

// emptyReport is of a capture without TCP.
func emptyReport() *Report {
	r := &Report{
		Version: "v0.1.0",
		Meta: Meta{Sources: []Source{{Name: "dns.pcap", Format: "pcap", Size: -1, Packets: 12}}, Format: "pcap", LinkTypes: []string{"RAW"},
			Packets: 12, Bytes: 1200, First: noon, Last: noon + 40*ms, CommandLine: []string{"kaanalyze", "dns.pcap"}},
		Result: &analyze.Result{}, Facts: &handMade{},
	}
	t := &r.Result.Totals
	t.ReuseRatio, t.TimeWait.SteadyState, t.TimeWait.PeakAt = math.NaN(), math.NaN(), analyze.Unknown
	return diagnosed(r)
}

// tlsReport is of a capture with encrypted connections alone.
func tlsReport() *Report {
	r := emptyReport()
	r.Meta.TCPPackets = 12
	r.Facts = &handMade{connections: []analyze.Connection{openConn(1, noon), openConn(2, noon+ms)}}
	t := &r.Result.Totals
	t.Connections, t.HTTPUnknown, t.Unfinished, t.HandshakesComplete = 2, 2, 2, 2
	t.CloseKinds[flows.CloseOpen], t.ClosedFirst.None = 2, 2
	for _, n := range httpTotals(t) {
		*n = analyze.Unknown
	}
	c := &r.Facts.(*handMade).connections[0]
	r.Result.Servers = []analyze.ServerSummary{{Num: 1, Server: c.Server, Connections: 2, ReuseRatio: math.NaN(),
		AdvertisedTimeout: analyze.Unknown, AdvertisedMax: analyze.Unknown}}
	r.Result.Pairs = []analyze.Pair{{Num: 1, ServerNum: 1, Client: c.Client.Addr(), Server: c.Server, Connections: 2, ReuseRatio: math.NaN(), PortBudget: analyze.PortBudget}}
	return diagnosed(r)
}

// httpTotals are the counts that need readable connections.
func httpTotals(t *analyze.Totals) []*int64 {
	return []*int64{&t.Requests, &t.Responses, &t.Interim, &t.ConnectionsWithRequests, &t.SingleRequestConnections,
		&t.ReusedRequests, &t.PoolNeed, &t.AvoidableConnections}
}

// noHTTPReport is of a capture with connections that carry something else.
func noHTTPReport() *Report {
	r := tlsReport()
	h := r.Facts.(*handMade)
	for i := range h.connections {
		c := &h.connections[i]
		c.Protocol, c.HTTPUnknown, c.Requests, c.Responses = analyze.Other, false, 0, 0
	}
	r.Result.Totals.HTTPUnknown = 0
	for _, n := range httpTotals(&r.Result.Totals) {
		*n = 0
	}
	return diagnosed(r)
}

// render writes r in the format called name.
func render(t *testing.T, name string, r *Report) []byte {
	t.Helper()
	f, ok := ByName(name)
	if !ok {
		t.Fatalf("no format %q", name)
	}
	var b bytes.Buffer
	if err := f.Write(&b, r); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return b.Bytes()
}

// story is an account of the incident's first connection.
func story() *Story {
	c := conn(1, noon, 2)
	return &Story{Connection: &c, Truncated: 3, Lines: []StoryLine{
		{Num: 1, Time: noon, Rel: 0, FromClient: true, Flags: "S", Window: 64240, Means: []string{"SYN"}},
		{Num: 2, Time: noon + 2*ms, Rel: 2 * ms, Flags: "S.", Ack: 1, Window: 65160, Means: []string{"SYN-ACK"}},
		{Num: 3, Time: noon + 2*ms + 123456, Rel: 2*ms + 123456, FromClient: true, Flags: ".", Seq: 1, Ack: 1, Window: 502},
		{Num: 4, Time: noon + 3*ms, Rel: 3 * ms, FromClient: true, Flags: "P.", Seq: 1, Ack: 1, Len: 70, Window: 502,
			Means: []string{"request 1: GET /login?token=secret"}},
		{Num: 8, Time: noon + 70*ms, Rel: 70 * ms, FromClient: true, Flags: "P.", Seq: 71, Ack: 301, Len: 70, Window: 502,
			Means: []string{"request 2: GET http://me:pw@example.com/\x1b[31m", "second transmission of what the capture shows twice"}},
		{Num: 11, Time: noon + 999*ms, Rel: 999 * ms, Flags: "F.", Seq: 301, Ack: 141, Window: 502,
			Means: []string{"FIN, server closes first, will hold TIME_WAIT"}},
	}}
}
