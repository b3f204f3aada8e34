package analyze

import (
	"net/netip"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse"
)

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
	H2 // over TLS
	H2C
	TLS
	WebSocket
	Connect // an HTTP CONNECT tunnel
	Other
)

// String returns the protocol as reports name it; "" without data.
func (p Protocol) String() string {
	return [...]string{"", "http/1.0", "http/1.1", "h2", "h2c", "tls", "websocket", "connect", "other"}[p]
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
	Proxied        *Proxied // nil without a PROXY protocol header

	PacketsClient, PacketsServer uint64 // by who sent them
	BytesClient, BytesServer     uint64 // payload as on the wire

	Handshake          flows.Handshake
	RTT                int64 // ACK of the SYN-ACK after the last SYN; or Unknown
	ConnectTime        int64 // the same after the first SYN; or Unknown
	SYNRetransmissions uint32

	Protocol                     Protocol
	TLS                          *TLSInfo    // nil without
	HTTP2                        *HTTP2      // nil without
	WebSocket                    *SocketInfo // nil without
	HTTPUnknown                  bool        // requests cannot be counted: encrypted, heads cut or not captured
	Requests, Responses, Interim int64       // Unknown where they cannot be counted
	RequestsEstimated            int64       // of TLS without keys, by its records; else Unknown

	ClientProbes, ServerProbes Probes

	IdleP50, IdleMax, IdleLast int64 // idle gaps; Unknown without; IdleLast only when closed

	RetransmissionsClient, RetransmissionsServer uint32
	MissingClient, MissingServer                 uint64 // payload bytes missing from the capture

	Close    Close
	Evidence Evidence
}

// Carried returns how many requests the connection carried, counted or else estimated, or
// Unknown; Answered how many final responses.
func (c *Connection) Carried() int64 {
	if c.HTTPUnknown && c.RequestsEstimated != Unknown {
		return c.RequestsEstimated
	}
	return c.Requests
}

// Answered is Carried for responses.
func (c *Connection) Answered() int64 {
	if c.HTTPUnknown && c.RequestsEstimated != Unknown {
		return c.Evidence.ResponsesEstimated
	}
	return c.Responses
}

// Opaque reports whether its requests can neither be counted nor estimated.
func (c *Connection) Opaque() bool { return c.HTTPUnknown && c.RequestsEstimated == Unknown }

// Estimated reports whether what is known of its requests is an estimate.
func (c *Connection) Estimated() bool { return c.HTTPUnknown && c.RequestsEstimated != Unknown }

// Exchange is a request and its final response. Times are Unknown where they
// did not happen or were not seen.
type Exchange struct {
	Connection uint64
	N          uint32 // from 1 within the connection
	Stream     uint32 // of HTTP/2, 0 of others
	Refused    bool   // the server did not look at it
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
