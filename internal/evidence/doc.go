// Package evidence makes a small capture of a large one: connections that prove
// what a report says, with all their packets, and no more of the payload than what
// HTTP/1 messages begin with.
//
// [NewRecorder] makes a [Recorder] for the IDs of these connections. It is an
// [analyze.Observer]: while the capture is analyzed once more it keeps their packets,
// and [Recorder.Write] writes them, with [Comments] where the file has room for these. Each packet
// is an IP packet without what carried it (link layer, tunnels, IP options), so that
// captures of any kind give one kind of file.
package evidence

import "github.com/kaanalyze/kaanalyze/internal/analyze"

var _ analyze.Observer = (*Recorder)(nil)
