package analyze

import (
	"math"
	"net/netip"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

// Unknown stands for a duration, time or count that the capture does not tell.
// Reports show it as null or "unknown", never as zero.
const Unknown = math.MinInt64

// Party is who did something.
type Party uint8

// The parties.
const (
	Nobody  Party = iota // nobody did, or it has not happened
	Client               // the side that opened the connection
	Server               // the side that answered
	Both                 // each of the two
	Network              // something between them
)

// String returns the party as reports name it; "" for Nobody.
func (p Party) String() string {
	return [...]string{"", "client", "server", "both", "network"}[p]
}

// TimeWait says who holds TIME_WAIT after a close, as Linux does it.
type TimeWait uint8

// The holders.
const (
	TimeWaitNull    TimeWait = iota // still open, or never opened
	TimeWaitClient                  // the client does
	TimeWaitServer                  // the server does
	TimeWaitBoth                    // both do, after a simultaneous close
	TimeWaitNone                    // an RST removed it or kept it from coming
	TimeWaitPending                 // one FIN so far
	TimeWaitUnknown                 // a FIN was not captured and is not proved
)

// String returns the holder as reports name it; "" for TimeWaitNull.
func (t TimeWait) String() string {
	return [...]string{"", "client", "server", "both", "none", "pending", "unknown"}[t]
}

// Protocol is what a connection carried.
type Protocol uint8

// The protocols.
const (
	NoProtocol Protocol = iota // no data
	HTTP10
	HTTP11
	H2C
	TLS
	WebSocket
	Connect // an HTTP CONNECT tunnel
	Other
)

// String returns the protocol as reports name it; "" without data.
func (p Protocol) String() string {
	return [...]string{"", "http/1.0", "http/1.1", "h2c", "tls", "websocket", "connect", "other"}[p]
}

// Probes are the keep-alive probes that one side sent, and what their timing
// tells of its settings.
type Probes struct {
	Sent, Answered uint32
	Idle           int64 // ns from the last segment to the first probe of a run; Unknown without
	Interval       int64 // ns between probes of a run; Unknown with fewer than two
}

// Close is how a connection ended.
type Close struct {
	Kind       flows.CloseKind
	Began      Party
	FirstFIN   Party // by time
	RSTBy      Party
	ResetShape flows.ResetShape
	TimeWait   TimeWait
	Inferred   bool   // a FIN was not captured; acknowledgements prove it
	At         int64  // of the first FIN or RST, ns since the epoch; Unknown while open
	Packet     uint64 // its frame number, 0 while open
}

// Connection is one life of a 4-tuple with what TCP and HTTP tell of it.
// Times are nanoseconds since the Unix epoch, durations nanoseconds.
type Connection struct {
	ID     uint64
	Stream int64 // tshark's tcp.stream, Unknown if the capture was filtered

	Client, Server netip.AddrPort
	Start, End     int64 // first and last packet
	Midstream      bool

	PacketsClient, PacketsServer uint64 // by who sent them
	BytesClient, BytesServer     uint64 // payload as on the wire

	Handshake          flows.Handshake
	RTT                int64 // ACK of the SYN-ACK after the last SYN; or Unknown
	ConnectTime        int64 // the same after the first SYN; or Unknown
	SYNRetransmissions uint32

	Protocol                     Protocol
	HTTPUnknown                  bool  // requests cannot be counted: encrypted, HTTP/2, heads cut or not captured
	Requests, Responses, Interim int64 // Unknown where they cannot be counted

	ClientProbes, ServerProbes Probes

	IdleP50, IdleMax, IdleLast int64 // idle gaps; Unknown without; IdleLast only when closed

	RetransmissionsClient, RetransmissionsServer uint32
	MissingClient, MissingServer                 uint64 // payload bytes that the capture does not hold

	Close    Close
	Evidence Evidence
}

// Exchange is a request and its final response. Times are Unknown where they
// did not happen or were not seen.
type Exchange struct {
	Connection uint64
	N          uint32 // from 1 within the connection
	Method     httpparse.Method
	MethodName string // as sent
	Target     string // as sent, with the query
	Host       string
	Status     uint16 // 0 without a final response

	RequestAt   int64 // first byte of the request
	RequestDone int64 // last byte of it
	FirstByteAt int64 // first byte of the final response
	DoneAt      int64 // last byte of it

	ConnectTime int64 // 0 on reuse
	TLSTime     int64 // 0 on reuse

	RequestPacket, ResponsePacket uint64 // frame numbers of the two first bytes, 0 if none
}

// ServerTime returns the time from the last byte of the request to the first
// byte of the final response.
func (e *Exchange) ServerTime() int64 { return span(e.RequestDone, e.FirstByteAt) }

// TransferTime returns the time from the first to the last byte of the final
// response.
func (e *Exchange) TransferTime() int64 { return span(e.FirstByteAt, e.DoneAt) }

// span returns to - from, never below 0; Unknown if either is.
func span(from, to int64) int64 {
	if from == Unknown || to == Unknown {
		return Unknown
	}
	return max(0, to-from)
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

	Requests, Responses, Interim  int64
	HTTPUnknown                   int64 // connections whose requests cannot be counted
	ConnectionsWithRequests       int64
	SingleRequestConnections      int64
	ReusedRequests                int64
	ReuseRatio                    float64 // NaN if nothing can be divided
	PerConnection                 Quantiles
	PoolNeed                      int64
	AvoidableConnections          int64
	AvoidableHandshake            int64 // ns
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
}

// ProbeCount counts the keep-alive probes of one side.
type ProbeCount struct {
	Sent, Answered int64
}

// Closers count connections by who closed first: sent the FIN that does not
// acknowledge the other's, or the RST.
type Closers struct {
	Client, Server, Both, None int64
}

// ServerSummary is what one server's connections have in common.
type ServerSummary struct {
	Num                   uint32 // as in [Evidence.Server]
	Server                netip.AddrPort
	Software              products.ID // by its Server field
	Clients               int64
	Connections, Requests int64
	ReuseRatio            float64 // NaN if nothing can be divided
	ClosedFirst           Closers
	TimeWaitClient        int64 // closes
	TimeWaitServer        int64
	TimeWaitBoth          int64
	TimeWaitPeak          int64 // entries that the server itself holds at once
	AdvertisedTimeout     int64 // seconds in Keep-Alive; Unknown without
	AdvertisedMax         int64 // requests in Keep-Alive, the largest seen; Unknown without
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
	AvoidableHandshake    int64       // ns
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
