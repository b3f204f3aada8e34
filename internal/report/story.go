package report

import (
	"fmt"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// Story is one connection told packet by packet.
type Story struct {
	Connection *analyze.Connection
	Lines      []StoryLine // in the order of the capture
	Truncated  int         // packets that are left out at the end
}

// StoryLine is one packet of a connection.
type StoryLine struct {
	Num        uint64 // frame number as Wireshark counts
	Time       int64  // ns since the epoch
	Rel        int64  // ns since the connection's first packet
	FromClient bool
	Flags      string // as tcpdump writes them
	Seq, Ack   uint32 // relative to the side's first
	Len        uint32 // payload bytes
	Window     uint32
	Means      []string // what it means, may hold text from the packet
}

// By returns who sent the packet, "client" or "server".
func (l *StoryLine) By() string {
	if l.FromClient {
		return "client"
	}
	return "server"
}

// Seconds returns the time since the connection's first packet, in seconds with
// microseconds.
func (l *StoryLine) Seconds() string { return relativeSeconds(l.Rel) }

// relativeSeconds writes ns as seconds with microseconds.
func relativeSeconds(ns int64) string {
	sign := ""
	if ns < 0 {
		sign, ns = "-", -ns
	}
	return fmt.Sprintf("%s%d.%06d", sign, ns/1e9, ns%1e9/1e3)
}
