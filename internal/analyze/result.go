package analyze

import (
	"math"
	"net/netip"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

// Unknown stands for a duration, time or count that the capture does not tell.
// Reports show it as null or "unknown", never as zero.
const Unknown = math.MinInt64

// Result is what a capture tells. It is not changed any more; its methods are
// safe for concurrent use.
type Result struct {
	First, Last int64 // of the capture's packets, ns since the epoch
	Narrowed    bool  // less than all of the capture was asked for
	// Undecoded says which packets could not be decoded, and what to do, if those are
	// half of all or more; whoever read the capture sets it.
	Undecoded string
	Totals    Totals
	// CopiesMissed are packets, since CopiesMissedSince (ns since the epoch), of which
	// a copy may count as another packet: too many came at once to remember all.
	CopiesMissed, CopiesMissedSince int64
	Settled                         Totals          // Totals over the connections alone that do not change any more: they never go down
	Servers                         []ServerSummary // most connections first
	Pairs                           []Pair          // most connections first
	Series                          Series
	Repeats                         []Repeat // of requests that were lost, in order; the last 8,192

	Keys KeyUse // of the key log

	PairsLeftOut, ServersLeftOut LeftOut // those that have no row
	HostsLeftOut                 int64   // hosts with TIME_WAIT that have none

	GivenUp         []GivenUp // so that memory stays bounded
	AtLeast, AtMost []string  // names of totals, as in JSON, that are bounds

	analyzer *Analyzer
	ids      []uint64 // of the connections kept, nil if all are
	count    int
	example  example
	story    Story

	avoidable idSet
}

// Quantiles are of the requests per connection, over connections with one.
type Quantiles struct {
	Mean          float64
	P50, P90, Max int64
	Histogram     []Bucket // ascending, without empty ones
}

// Bucket counts the connections with From to To requests, both inclusive.
type Bucket struct {
	From, To    int64
	Connections int64
}

// Population is how many TIME_WAIT entries there are over time.
type Population struct {
	Peak        int64
	PeakAt      int64   // ns since the epoch, Unknown if Peak is 0
	AtEnd       int64   // at the capture's last packet
	SteadyState float64 // entries that it is heading for; NaN if the capture is long enough to show it
}

// HostPopulation is the Population that one address holds.
type HostPopulation struct {
	Host netip.Addr
	Population
}

// TimeWaitTotals count closes by who holds TIME_WAIT after them.
type TimeWaitTotals struct {
	Closes                                       int64 // Client + Server + Both
	Client, Server, Both, None, Pending, Unknown int64
	Population
	Hosts       []HostPopulation // most first
	PerfectPool int64            // the peak if only each pair's first connections were made
}

// Totals are over the whole capture.
type Totals struct {
	Connections, HandshakesComplete, Refused, Unanswered, Midstream int64
	SYN, SYNACK, FIN, RST                                           int64 // packets
	BareACK                                                         bool  // there is a packet with an ACK alone

	Requests, Responses, Interim  int64
	ByClass                       [StatusClasses]int64 // responses by their status, interim ones too: 1xx to 5xx
	Unmatched                     int64                // responses to no request that was seen
	SurplusBytes                  int64                // that follow responses beyond their end
	HTTPUnknown                   int64                // connections whose requests cannot be counted
	TLSLost                       int64                // of these, those that were seen from their beginning, and whose records cannot be followed
	ConnectionsWithRequests       int64
	SingleRequestConnections      int64
	ReusedRequests                int64
	ReuseRatio                    float64 // NaN if nothing can be divided
	PerConnection                 Quantiles
	PoolNeed                      int64
	AvoidableConnections          int64
	AvoidableHandshake            int64 // ns
	Estimated                     Estimates
	Streams                       StreamCount
	Probes, ProbesAnswered        int64
	ClientProbes, ServerProbes    ProbeCount // the same by who sent them
	Retransmissions               int64
	MissingBytes                  int64 // payload that the capture does not hold
	Unfinished                    int64 // connections still open at the end
	DuplicatePackets, IgnoredRSTs int64
	TimeBack                      int64 // ns, the most that a packet was captured earlier than one before it
	CloseKinds                    [flows.CloseKinds]int64
	ClosedFirst                   Closers
	TimeWait                      TimeWaitTotals
	CloseWait, FINWait2           HalfClosedTotals
}

// LossUnknown reports whether no connection shows what became of its requests: none can
// be read, or no response of those that can.
func (t *Totals) LossUnknown() bool {
	return t.Requests == Unknown || t.Requests > 0 && t.Responses == Unknown
}

// ProbeCount counts the keep-alive probes of one side.
type ProbeCount struct {
	Sent, Answered int64
}

// Closers count connections by who closed first: sent the FIN that does not
// acknowledge the other's, or the RST.
type Closers struct {
	Client, Server, Both, None int64
	Unknown                    int64 // closed, but of one side nothing was captured
}

// ServerSummary is what one server's connections have in common.
type ServerSummary struct {
	Num                   uint32 // as in [Evidence.Server]
	Server                netip.AddrPort
	Software              products.ID // by its Server field
	Clients               int64
	Connections, Requests int64
	ReusedRequests        int64   // as in [Totals]; Unknown as Requests are
	ReuseRatio            float64 // NaN if nothing can be divided
	Estimated             Estimates
	Streams               StreamCount
	ClosedFirst           Closers
	SettledClosers        Closers // of connections alone that do not change any more
	TimeWaitClient        int64   // closes
	TimeWaitServer        int64
	TimeWaitBoth          int64
	TimeWaitPeak          int64                // entries that the server itself holds at once; Unknown if who holds any is not known
	LossUnknown           bool                 // no response was captured that could tell what became of its requests
	AdvertisedTimeout     int64                // seconds in Keep-Alive; Unknown without
	AdvertisedMax         int64                // requests in Keep-Alive, the largest seen; Unknown without
	ByClass               [StatusClasses]int64 // as in [Totals]
	Times                 ServerTimes
	TimesLost             bool // not known, for other servers have more responses
}

// Pair is a client address and a server that it talks to.
type Pair struct {
	Num, ServerNum        uint32 // as in [Evidence]
	Client                netip.Addr
	Server                netip.AddrPort
	Connections, Requests int64
	ReuseRatio            float64 // NaN if nothing can be divided
	PoolNeed              int64
	AvoidableConnections  int64
	AvoidableHandshake    int64 // ns
	Estimated             Estimates
	StreamsAtOnce         int64       // peak of open streams of HTTP/2, of all its connections
	PortsInUse            int64       // peak of client ports in use or in TIME_WAIT at the client
	PortBudget            int64       // how many there are, as far as is known
	Agent                 products.ID // of the client, by its User-Agent field; products.Other if there are several
	Proxied               bool        // its requests were forwarded: the client is a proxy
	HTTP10                bool        // its first requests are HTTP/1.0
	CloseInHTTP10         bool        // its first requests are HTTP/1.0 and say close, as nginx asks its upstream servers
	ReusedAfterBody       int64       // requests that followed a response with a body on their connection
	ReusedAfterNone       int64       // and that followed one without
}

// PortBudget is how many ports Linux's default ip_local_port_range offers per
// client address, server address and port: 32768 to 60999.
const PortBudget = 28232

// Series is the shape over time. Slices have the same length.
type Series struct {
	Step           int64 // seconds
	Start          int64 // ns since the epoch
	NewConnections []int64
	Requests       []int64
	Reused         []int64 // requests that were not the first on their connection
	TimeWait       []int64 // the highest population within the step
}

// Story is one connection packet by packet.
type Story struct {
	Events []StoryEvent
	More   uint64 // packets beyond those that are told
}

// StoryEvent is one packet of a Story.
type StoryEvent struct {
	Num        uint64 // frame number
	Time       int64  // ns since the epoch
	FromClient bool
	Flags      flows.Flags
	Seq, Ack   uint32   // relative to each side's first sequence number, as in Wireshark
	Len        uint32   // payload as on the wire
	Window     uint16   // as in the header
	Means      []string // what it did, each in a few words
}
