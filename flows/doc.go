// Package flows follows TCP as an observer on the wire sees it: which packets
// belong to one connection, how it was opened and closed, who holds TIME_WAIT
// afterwards, and what was a keep-alive probe, a retransmission or a copy.
//
// An [Engine] takes [Segment] values in the order of the capture and keeps a
// [Conn] for each connection. It hands payload in sequence to a [Consumer],
// with the bytes that the capture does not hold told as gaps. A Conn keeps
// facts; what they mean ([Conn.Handshake], [Conn.CloseKind], [Conn.Holders])
// is derived from them when asked.
//
// The packet path neither allocates per packet nor locks; an Engine and its
// Conns belong to one goroutine at a time. Memory is bounded but for the
// connections themselves: payload out of order is held up to [Options].
package flows
