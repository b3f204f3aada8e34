package flows

// Consumer is told what an Engine finds, in the order of the capture and on the
// goroutine that calls the Engine. It must not keep a *Conn, a *Data or a
// payload beyond the call, nor give the Engine a segment or have it sweep,
// finish or list its connections. What it remembers of a connection goes by
// [Conn.ID], or by a number of its own in [Conn.User]. A panic in one of its
// methods reaches whoever called the Engine.
type Consumer interface {
	// Open is called for the first packet of a connection, before anything
	// else is told of it.
	Open(c *Conn)
	// Data hands over payload of one side, in sequence and each byte once.
	Data(c *Conn, from Side, d *Data)
	// Gap says that n bytes of one side, which would come next, are missing
	// from the capture.
	Gap(c *Conn, from Side, n uint64)
	// End says that nothing more comes from one side, and the time and frame of
	// the segment that ended it: its FIN, once all before it was handed over;
	// the ACK that proves that FIN; or the RST that ended both sides. num is 0
	// if only the next life of the tuple shows that the side has ended, or if
	// the connection is evicted. After an RST, Data and another End may follow,
	// if the side goes on to send.
	End(c *Conn, from Side, at int64, num uint64)
	// Evict is the last call for c, whose memory is then used again. Only with
	// [Options.Evict].
	Evict(c *Conn)
}

// Data is a run of payload. The Cut bytes that follow Payload were sent too, but
// the capture has cut them off.
type Data struct {
	Payload []byte // valid only during the call
	Cut     uint32
	Seq     uint32 // sequence number of the first byte
	Time    int64  // of the packet that brought it, ns since the epoch
	Num     uint64 // the frame number of that packet
	Now     int64  // when it is in sequence: later than Time if it had to wait for others
	Note    Note   // as in Segment, if Payload is the payload of a whole segment
}

// discard is the Consumer of an Engine without one.
type discard struct{}

func (discard) Open(*Conn)                     {}
func (discard) Data(*Conn, Side, *Data)        {}
func (discard) Gap(*Conn, Side, uint64)        {}
func (discard) End(*Conn, Side, int64, uint64) {}
func (discard) Evict(*Conn)                    {}
