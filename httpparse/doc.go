// Package httpparse finds the boundaries of HTTP/1.x messages in one direction
// of a connection, as RFC 9112 draws them. It says where a head begins and
// ends, what its fields mean for the framing and the persistence of the
// connection, and where the body ends; body bytes are counted and, but for
// chunk framing, never looked at.
//
// [Scan] and [ScanHead] read a head that lies whole in a segment and need no
// state; any number of goroutines may call them. A [Scanner] is faster where
// heads repeat. A [Parser] follows one
// direction of one connection: [Parser.Next] takes the bytes in order and
// answers with events, [Parser.Frame] is asked after each head how the body is
// delimited, [Parser.Skip] says how many bytes are missing, and [Parser.Close]
// ends the direction. Heads that straddle segments lie in [Buffers], which the
// parsers of one engine share. A caller that knows a head from Scan passes it
// to [Parser.TakeHead] and saves the second look.
//
// Every byte is hostile: wrong input is an event, never a panic, and memory is
// bounded by [MaxHead] for a head and by [MaxBuffered] for all of them.
package httpparse
