// Package httpparse finds the boundaries of HTTP/1.x messages in one direction
// of a connection, as RFC 9112 draws them. It says where a head begins and
// ends, what its fields mean for the framing and the persistence of the
// connection, and where the body ends; body bytes are counted and, but for
// chunk framing, never looked at.
//
// [Detect] tells by the first bytes of a direction whether it is HTTP/1.x at
// all. A [Parser], one for each direction of a connection, then takes the bytes
// as they arrive:
//
//  1. [Parser.Next] takes the bytes in order and answers with an [Event].
//  2. After [HeadDone], [Parser.Head] returns the [Head], and [Parser.Frame] must
//     be told which request a response answers: that decides how the body ends.
//  3. [Parser.Skip] says how many bytes are missing where the capture has a gap,
//     [Parser.SegmentStart] where a parser that lost its place may find it again,
//     and [Parser.Tunnel] that the other side has agreed to leave HTTP/1.x.
//  4. [Parser.Close] ends the direction, and says in what it ended.
//
// Heads that straddle segments lie in [Buffers], which the parsers of one engine
// share.
//
// [ScanHead] reads a head that lies whole in memory and needs no state; so does
// [Scan], which is for the packet path, and a [Scanner] is faster where heads
// repeat. A caller that knows a head from one of them passes it to
// [Parser.TakeHead] and saves the second look. Whoever finds a head, it is a
// [Head]: three words that say all that is needed of it.
//
// Every byte is hostile: wrong input is an event, never a panic, and memory is
// bounded by [MaxHead] for a head and by [MaxBuffered] for all of them. A
// Parser, a Buffers and a Scanner are not safe for concurrent use; the functions
// and the methods of a Head are.
package httpparse
