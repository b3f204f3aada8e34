// Package http2 reads the frames of HTTP/2 (RFC 9113) in one direction of a
// connection, as an observer sees them: bytes may be missing, and the beginning
// of the connection may be.
//
// A [Reader], one for each direction, takes the bytes as they arrive:
//
//  1. [Reader.Next] takes bytes in order and says when a frame is whole, which
//     [Reader.Frame] then tells. A header block counts as one frame, with its
//     CONTINUATION frames.
//  2. [Reader.Fields] returns what a header block says, as far as the dynamic
//     table of its compression (RFC 7541) is known. Where it is not, frames are
//     counted all the same.
//  3. [Reader.Gap] says how many bytes are missing. Unless they lie within the
//     payload of DATA, the place is lost: the next bytes are searched for frames
//     that follow each other as frames do.
//  4. [Reader.AllowTable] passes on SETTINGS_HEADER_TABLE_SIZE of the other
//     direction.
//
// Payload of DATA is skipped by arithmetic, whatever its length. Every byte is
// hostile: wrong input is a lost place, never a panic. What a Reader keeps is
// bounded by [MaxTable], [MaxString] and [MaxDebug]. It is not safe for
// concurrent use.
package http2
