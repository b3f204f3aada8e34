// Package flows follows TCP as an observer on the wire sees it: which packets
// belong to one connection, how it was opened and closed, who holds TIME_WAIT
// afterwards, and which packets were keep-alive probes, retransmissions or
// duplicates that the capture recorded twice.
//
// # Use
//
// An [Engine] takes [Segment] values in the order of the capture and keeps a
// [Conn] for each connection. It hands payload in sequence to a [Consumer], and
// reports bytes missing from the capture as gaps. A Conn keeps the facts
// that were seen; what they mean ([Conn.Handshake], [Conn.CloseKind],
// [Conn.Holders]) is derived from them when asked:
//
//	e := flows.NewEngine(flows.Options{}, nil)
//	for _, s := range segments {
//		e.Segment(&s)
//	}
//	e.Finish()
//	e.Each(func(c *flows.Conn) { fmt.Println(c.Endpoint(flows.Initiator), c.CloseKind()) })
//
// Segments come from package capture, or from [NewSegment].
//
// # Units, order and memory
//
// All times are int64 nanoseconds: points in time since the Unix epoch, as the
// capture recorded them, and durations. The engine never asks the clock. Frame
// numbers count from 1, as in Wireshark; 0 stands for no frame.
//
// The packet path neither allocates per packet nor locks. An Engine and its
// Conns belong to one goroutine at a time. Memory is bounded but for the
// connections themselves, see [Options]: payload out of order is held up to a
// limit, and with [Options.Evict] connections are forgotten once they are over.
//
// # An observer's doubts
//
// A capture may begin in the middle of a connection, miss packets, hold them
// twice or in another order than the hosts saw them, and hold packets that
// their receiver drops. So the sequence and acknowledgement numbers decide, not
// the order of capture: what a segment acknowledges proves what came before it,
// for which it waits up to a millisecond, and an RST counts only if its receiver
// accepts it.
package flows
