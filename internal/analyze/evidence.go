package analyze

// EndReason is how a message ended the persistence of its connection (RFC 9112, 9.3).
type EndReason uint8

// The reasons.
const (
	NotEnded              EndReason = iota // no message did
	EndedByRequestClose                    // Connection: close in a request
	EndedByRequestHTTP10                   // a request in HTTP/1.0 that does not ask to keep the connection
	EndedByResponseClose                   // Connection: close in a response
	EndedByResponseHTTP10                  // a response in HTTP/1.0 that does not keep the connection
	EndedByCloseDelimited                  // a response whose body only the close ends (RFC 9112, 6.3)
)

// byServer reports whether a response ended the persistence.
func (r EndReason) byServer() bool { return r >= EndedByResponseClose }

// Mark is a packet and its time. The zero Mark is none.
type Mark struct {
	At     int64 // ns since the epoch
	Packet uint64
}

// OK reports whether there is such a packet.
func (m Mark) OK() bool { return m.Packet != 0 }

// TimeWaitSpan is when a side is in TIME_WAIT, ns since the epoch. The zero
// TimeWaitSpan is none.
type TimeWaitSpan struct{ From, To int64 }

// Evidence is what tells why a connection carried no further request: the facts
// that its numbers leave out. Times are ns since the epoch, durations ns.
type Evidence struct {
	Pair, Server uint32 // numbers of its pair and its server, as in [Pair.Num] and [ServerSummary.Num]

	EndReason    EndReason // how a message ended the persistence; the first one that did counts
	EndMark      Mark      // that message
	EndN         int64     // its number among the requests, or the responses, of the connection; from 1
	PreviousDone int64     // last byte of the response before it; Unknown without

	LastDone       int64  // last byte of the last response; Unknown without, or while one is under way
	LastStatus     uint16 // of the last final response, 0 without
	LastHadBody    bool   // the last response that began has a body
	EarlyResponse  bool   // the last final response was complete before its request
	EarlyStatus    uint16 // the status of that response
	UploadCut      bool   // and that request never became whole
	UploadOutlasts bool   // a request that had its response became whole only after the server's FIN
	KeptAfterError bool   // a response with a status of 400 or more was followed by another
	Idle408        bool   // a 408 came that answers no request
	Switched       bool   // a 101 or a CONNECT ended HTTP/1 on it
	HeadStarted    bool   // a request has begun whose head is not whole
	Superseded     bool   // its 4-tuple was used anew before its end was seen

	Outstanding   int64 // requests without a complete response
	AlertAnswer   bool  // these bytes begin an alert of TLS
	Malformed     bool  // bytes came in answer to a request that are no HTTP/1.x response
	HeadCut       bool  // the response to the first outstanding request has begun, but its head is not whole
	Surplus       int64 // bytes, up to 65,535, that follow a response beyond its end
	Lacks         int64 // bytes that the response to it lacks of the length that it says, capped at 4 GiB; known once the server has ended
	ResponseBegun bool  // the response to the first outstanding request has begun
	EventStream   bool  // and it is a stream of events, which has no end of its own
	Request       Mark  // the first packet of the first outstanding request, else of the last request
	RequestDone   int64 // last byte of that request; Unknown if it is not complete
	FirstByteAt   int64 // first byte of the response to it; Unknown without

	IdleBefore       int64 // other connections of the pair that were idle when this one was opened
	IdleOthers       int64 // other connections of the pair that were idle when this one began to close
	SurvivedSameIdle bool  // it was used again after an idle time as long as the one before its close: no timeout ended it

	ClientISN, ServerISN           int64 // the sequence number of its SYN; Unknown if that was not captured
	ClientFIN, ServerFIN           Mark
	ClientRST, ServerRST           Mark
	ClientTimeWait, ServerTimeWait TimeWaitSpan
	Quiet                          int64 // silence, but for probes, before the first FIN or RST

	ClientNotify, ServerNotify int64 // when its close_notify came, of TLS; 0 without
	FarewellAt                 int64 // when the server sent what may be GOAWAY, which ended Quiet; 0 without
	Data, Used, ServerLast     bool  // of TLS: there is data; the client sent some; the last that may be of a message is the server's
	NotifiesCrossed            bool  // the server announced its end after the client did, and before it had that
	ResponsesEstimated         int64 // where requests are estimated

	ServerFINCrossedData bool // the server's FIN crossed data of the client: neither had the other's
	ClientSentAfterFIN   bool // the client sent data though it had the server's FIN
	ServerSentAfterFIN   bool // the server sent data after the client's FIN
	ClientFINCrossedData bool // the client's FIN crossed data of the server

	UnansweredClient, UnansweredServer uint32 // probes and retransmissions without any answer, to the end
	UnackedClient, UnackedServer       bool   // data or a FIN is not acknowledged at the end
	RequestUnacked, ResponseUnacked    bool   // data is among that, of the client, of the server

	OnlyFullLost Party // who sent a full segment or more that was not acknowledged, while less than that was

	AnswersLost Party // whose timestamps show that answers did not reach it
	Remote      Party // who is not the capturing host, if the TTLs show it
	ServerAcked int64 // the highest acknowledgement number of the server, raw; Unknown without
	ForeignRST  Party // whose RST has another TTL than its other packets
	Stall       int64 // how long a window was closed, at the longest
	StallBy     Party // whose window that was

	Challenged            bool  // the SYN was answered by a bare ACK (RFC 9293, 3.10.7.4)
	Recycled              Party // who took over a TIME_WAIT of this 4-tuple
	SYNACKRetransmissions uint32
	SYNACKAfterACK        bool // one of these came when the client's ACK had had time to arrive
}
