package report

import (
	"fmt"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// SocketWords says what the frames of a WebSocket show, nothing without one, as HTTP2Words
// does.
func SocketWords(c *analyze.Connection, clock func(ns int64) string) []string {
	x := c.WebSocket
	if x == nil {
		return nil
	}
	where := ""
	if x.Stream != 0 {
		where = fmt.Sprintf("in stream %d ", x.Stream)
	}
	said := []string{fmt.Sprintf("WebSocket: "+where+"for %s; %s of the client, %s of the server", cause.Duration(x.Open(c)),
		cause.Plural(x.ClientMessages, "message", "messages"), cause.Plural(x.ServerMessages, "message", "messages"))}
	for _, side := range []struct {
		by analyze.Party
		p  *analyze.SocketPings
	}{{analyze.Client, &x.ClientPings}, {analyze.Server, &x.ServerPings}} {
		if side.p.Sent == 0 {
			continue
		}
		s := fmt.Sprintf("Ping: %s by the %s", cause.Plural(side.p.Sent, "frame", "frames"), side.by)
		if side.p.Interval != analyze.Unknown {
			s += ", one every " + cause.Duration(side.p.Interval)
		}
		said = append(said, s)
	}
	if x.Close.By != analyze.Nobody {
		said = append(said, fmt.Sprintf("Close: by the %s at %s (packet %d), %s", x.Close.By, clock(x.Close.Mark.At), x.Close.Mark.Packet,
			analyze.SocketCode(x.Close.Code)))
	} else if silence := x.Silence(c); silence != analyze.Unknown {
		said = append(said, "Close: none before it ended, "+cause.Duration(silence)+" after the last frame")
	}
	if x.Lost {
		said = append(said, "frames: not found again after bytes that are missing, so there may have been more")
	}
	return said
}
