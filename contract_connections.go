package kaanalyze

import (
	"net/netip"
	"time"
)

// Connection is one connection. A field that is a [Sides] tells what each side did
// or sent.
type Connection struct {
	ID                uint64         `json:"id"`     // from 1, in order of first packet
	Stream            *int64         `json:"stream"` // Wireshark's tcp.stream, nil if a filter hides it
	Client            netip.AddrPort `json:"client"` // sent the first SYN; midstream: sends requests
	Server            netip.AddrPort `json:"server"`
	Start             time.Time      `json:"start"` // first packet
	End               time.Time      `json:"end"`   // last packet
	Midstream         bool           `json:"midstream"`
	Proxied           *Proxied       `json:"proxied,omitempty"` // what a PROXY protocol header says, nil without one
	Packets           Sides          `json:"packets"`
	Bytes             Sides          `json:"bytes"` // payload on the wire
	Handshake         Handshake      `json:"handshake"`
	Protocol          *string        `json:"protocol"`      // as http/1.1
	TLS               *TLS           `json:"tls,omitempty"` // what TLS shows without keys, nil without TLS
	Requests          *int64         `json:"requests"`      // nil if they cannot be counted, as the next two
	Responses         *int64         `json:"responses"`
	InterimResponses  *int64         `json:"interim_responses"`
	RequestsEstimated *int64         `json:"requests_estimated"`    // of TLS without keys, by its records; nil if counted, or if these do not tell
	HTTP2             *HTTP2         `json:"h2,omitempty"`          // what HTTP/2 shows, nil without
	WebSocket         *WebSocket     `json:"websocket,omitempty"`   // what the frames of a WebSocket show, nil without
	GRPCFailed        *int64         `json:"grpc_failed,omitempty"` // calls with another status than 0, nil without gRPC
	Probes            ProbesBySide   `json:"probes"`
	IdleGaps          IdleGaps       `json:"idle_gaps_seconds"`
	Retransmissions   Sides          `json:"retransmissions"`
	MissingBytes      Sides          `json:"missing_bytes"`
	Close             Close          `json:"close"`
	NotReused         *NotReused     `json:"not_reused"`

	// In NDJSON with --complete-rows alone.
	Point     string          `json:"point,omitempty"`     // where it was captured
	ISN       *ISNs           `json:"isn,omitempty"`       // initial sequence numbers
	Avoidable *bool           `json:"avoidable,omitempty"` // a pool that reuses connections would not have made it; nil if requests cannot be counted
	TimeWait  *TimeWaitBySide `json:"time_wait,omitempty"`
}

// ISNs are the initial sequence numbers of both sides, nil where no SYN was captured.
type ISNs struct {
	Client *uint32 `json:"client"`
	Server *uint32 `json:"server"`
}

// TimeWaitBySide is when each side is in TIME_WAIT, nil for never.
type TimeWaitBySide struct {
	Client *Span `json:"client"`
	Server *Span `json:"server"`
}

// Span is from one time on, up to another.
type Span struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Proxied is who speaks through a connection, as a PROXY protocol header says. Both are
// nil if it does not say.
type Proxied struct {
	Client *netip.AddrPort `json:"client"`
	Server *netip.AddrPort `json:"server"` // at which the client reached the proxy
}

// Sides holds a number for each side of a connection.
type Sides struct {
	Client int64 `json:"client"`
	Server int64 `json:"server"`
}

// Handshake is how a connection was opened.
type Handshake struct {
	State              string   `json:"state"`           // complete, refused, unanswered, midstream, incomplete, simultaneous or split
	RTT                *float64 `json:"rtt_seconds"`     // from the last SYN to the ACK of the SYN-ACK
	Connect            *float64 `json:"connect_seconds"` // from the first SYN
	SYNRetransmissions int64    `json:"syn_retransmissions"`
}

// TLS is what the TLS of a connection shows without keys. What is not known is nil.
type TLS struct {
	Version           *string  `json:"version"`            // chosen by the server: 1.3, 1.2 ...
	ServerName        *string  `json:"sni"`                // as the client sent it
	Protocol          *string  `json:"alpn"`               // chosen by the server; nil also if it chose none
	Offered           []string `json:"alpn_offered"`       // by the client
	ResumptionOffered *bool    `json:"resumption_offered"` // by the client
	Resumed           *bool    `json:"resumed"`            // a session, by the server
	Handshake         *float64 `json:"handshake_seconds"`  // to the last Finished; to the alert or the close if it failed
	Alert             *string  `json:"alert"`              // the first that is not encrypted, such as unknown_ca
}

// HTTP2 is what HTTP/2 shows of a connection. Requests are the streams that were opened
// and not refused.
type HTTP2 struct {
	StreamsOpened  int64   `json:"streams_opened"`
	StreamsRefused int64   `json:"streams_refused"` // the server did not look at them
	MostAtOnce     int64   `json:"most_at_once"`    // open streams
	MaxConcurrent  *int64  `json:"max_concurrent_streams"`
	Lasting        int64   `json:"streams_lasting"` // streams of events or of gRPC whose response went on for 1 s or longer
	GoAway         *GoAway `json:"goaway"`          // nil without one
	Pings          Pings   `json:"pings"`
	Stalls         *Stalls `json:"stalls"`     // nil where windows are not known
	Settings       int64   `json:"settings"`   // frames of both sides, without answers
	OddFrames      int64   `json:"odd_frames"` // that RFC 9113 does not allow, or that cannot be decoded
	Lost           bool    `json:"lost"`       // bytes are missing, and the frames after them were not found again
}

// GoAway is the first GOAWAY of a connection, with what later ones of the same side say.
type GoAway struct {
	By         string    `json:"by"`          // client or server
	LastStream int64     `json:"last_stream"` // 2147483647 leaves it open
	Code       string    `json:"code"`        // as RFC 9113 names it
	Debug      *string   `json:"debug"`       // shortened
	At         time.Time `json:"at"`
	Packet     uint64    `json:"packet"`
}

// Pings counts PING frames of both sides, without answers.
type Pings struct {
	KeepAlive int64 `json:"keep_alive"` // after silence
	Other     int64 `json:"other"`
	Cancel    int64 `json:"cancel"` // of the other ones: with the reset of a stream
	BDP       int64 `json:"bdp"`    // of the other ones: as DATA came, to measure how much may be under way
}

// Stalls are how often, and for how long in all, each side could not send because a window
// of flow control was used up.
type Stalls struct {
	Client StallsBySide `json:"client"`
	Server StallsBySide `json:"server"`
}

// StallsBySide are those of one side, by whose window was used up. The times of streams
// that stalled at once add up.
type StallsBySide struct {
	Stream            int64   `json:"stream"`
	StreamSeconds     float64 `json:"stream_seconds"`
	Connection        int64   `json:"connection"`
	ConnectionSeconds float64 `json:"connection_seconds"`
}

// WebSocket is what the frames of a WebSocket show that a 101 began.
type WebSocket struct {
	Stream   *int64       `json:"stream"`       // of HTTP/2, nil if it is the whole connection
	Opened   time.Time    `json:"opened"`       // when the 101 came, or the response to the CONNECT
	Open     float64      `json:"open_seconds"` // to the end of the stream, the first FIN or RST, or the last packet
	Messages Sides        `json:"messages"`     // that were whole
	Pings    SocketPings  `json:"pings"`
	Close    *SocketClose `json:"close"`           // the first one, nil without
	Silence  *float64     `json:"silence_seconds"` // from the last frame to that end, nil while it is open
	Lost     bool         `json:"lost"`            // bytes are missing, so there may have been more frames
}

// SocketPings holds the Ping frames of a WebSocket by who sent them.
type SocketPings struct {
	Client PingsOfSide `json:"client"`
	Server PingsOfSide `json:"server"`
}

// PingsOfSide are the Ping frames of one side of a WebSocket.
type PingsOfSide struct {
	Sent     int64    `json:"sent"`
	Interval *float64 `json:"interval_seconds"` // from one to the next, the mean; nil with fewer than two
}

// SocketClose is the first Close frame of a WebSocket.
type SocketClose struct {
	By     string    `json:"by"`   // client or server
	Code   int64     `json:"code"` // 1005 for none
	At     time.Time `json:"at"`
	Packet uint64    `json:"packet"`
}

// ProbesBySide holds the TCP keep-alive probes by who sent them.
type ProbesBySide struct {
	Client Probes `json:"client"`
	Server Probes `json:"server"`
}

// Probes are the TCP keep-alive probes of one side.
type Probes struct {
	Sent     int64    `json:"sent"`
	Answered int64    `json:"answered"`
	Idle     *float64 `json:"idle_seconds"`     // before the first one
	Interval *float64 `json:"interval_seconds"` // between them
}

// IdleGaps are the times in seconds from the last byte of a response to the next
// request, or to the close.
type IdleGaps struct {
	P50  *float64 `json:"p50"`
	Max  *float64 `json:"max"`
	Last *float64 `json:"last"` // to the close
}

// Close is how a connection ended.
type Close struct {
	Kind       string     `json:"kind"`        // fin, simultaneous, half_closed, reset, fin_then_reset, silent or open
	Began      *string    `json:"began"`       // who began it: client, server, both or network
	FirstFIN   *string    `json:"first_fin"`   // who sent a FIN first by time
	RSTBy      *string    `json:"rst_by"`      // who sent an RST that counts
	ResetShape *string    `json:"reset_shape"` // abort, no_socket or refused
	TimeWait   *string    `json:"time_wait"`   // who holds it: client, server, both, none, pending or unknown
	Inferred   bool       `json:"inferred"`    // a FIN was not captured; acknowledgements prove it
	At         *time.Time `json:"at"`          // of the first FIN or RST, nil while open
	Packet     *uint64    `json:"packet"`      // its frame number
}

// NotReused is why a connection carried no further request.
type NotReused struct {
	Cause      string `json:"cause"` // as [Cause].Cause
	By         string `json:"by"`
	Observed   string `json:"observed"`   // what the capture shows of it
	Confidence string `json:"confidence"` // high, medium or low
}

// Exchange is a request and its final response. Times that are zero on a reused
// connection are so because nothing was waited for.
type Exchange struct {
	Connection     uint64     `json:"connection"`
	N              int64      `json:"n"`                   // from 1 within the connection
	H2Stream       int64      `json:"h2_stream,omitempty"` // of HTTP/2
	Method         string     `json:"method"`
	Target         *string    `json:"target"` // without query unless Options.ShowSecrets
	Host           *string    `json:"host"`
	Status         *int64     `json:"status"`
	RequestAt      *time.Time `json:"request_at"`
	FirstByteAt    *time.Time `json:"first_byte_at"` // of the final response
	DoneAt         *time.Time `json:"done_at"`
	Connect        *float64   `json:"connect_seconds"`
	TLS            *float64   `json:"tls_seconds"`
	ServerTime     *float64   `json:"server_seconds"` // last byte of the request to first byte of the response
	Transfer       *float64   `json:"transfer_seconds"`
	RequestPacket  *uint64    `json:"request_packet"`
	ResponsePacket *uint64    `json:"response_packet"`
}
