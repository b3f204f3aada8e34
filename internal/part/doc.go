// Package part writes what an analysis of one capture point comes to, and joins what several
// come to: a part is what there is before totals are added up and causes are decided, so that
// the report of parts is that of one analysis of all their captures, as long as no client and
// server were seen at two points.
//
// [Write] writes a [Part], [Read] reads one, and [Join] makes a [Joined] of them, in any
// order. A part is a line that names its format, compressed frames of rows coded by package
// fields (see there), and a checksum in a frame that decompressors skip. It holds no payload:
// addresses, times and counts, names that TLS shows and the debug text of GOAWAY.
//
// The files stand in this order: join.go above shared.go and ids.go, part.go above meta.go and
// frame.go.
package part
