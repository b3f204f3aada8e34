package analyze

import (
	"fmt"
	"strings"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse/http2"
)

// maxTold is how many frames of one packet are told.
const maxTold = 16

// tellFrame tells a frame of HTTP/2 in the story.
func (a *Analyzer) tellFrame(c *flows.Conn, f *http2.Frame, fields *http2.Fields, byClient bool) {
	y := &a.story
	say := y.say
	if f.Stream == 0 {
		switch {
		case f.Type == http2.GoAway:
			say("GOAWAY: last stream %d, %v", f.Last, f.Code)
		case (f.Type == http2.Settings || f.Type == http2.Ping) && !f.Has(http2.Ack):
			say("%v", f.Type)
		}
		return
	}
	if e := a.exchangeOn(c.ID, f.Stream); e != nil { // else it is not a request that was seen
		e.tellFrame(f, fields, byClient, say)
	}
}

// say tells something of a frame.
func (y *story) say(format string, args ...any) {
	switch n := len(y.frames); {
	case n < maxTold:
		y.frames = append(y.frames, fmt.Sprintf(format, args...))
	case n == maxTold:
		y.frames = append(y.frames, "and more frames")
	}
}

// tellFrame tells a frame of its stream.
func (e *Exchange) tellFrame(f *http2.Frame, fields *http2.Fields, byClient bool, say func(string, ...any)) {
	ends := f.Has(http2.EndStream) && (f.Type == http2.Headers || f.Type == http2.Data)
	switch {
	case f.Type == http2.RSTStream:
		say("request %d reset: %v", e.N, f.Code)
	case byClient && f.Type == http2.Headers && e.RequestPacket == f.Num && fields.Request():
		path, _, _ := strings.Cut(e.Target, "?") // the exchange of a stream that is refused is not there to say what is to be hidden
		say("request %d: %s %s", e.N, e.MethodName, path)
	case !byClient && f.Type == http2.Headers && fields.Status != 0:
		say("response %d: %d", e.N, fields.Status)
	}
	if ends && !byClient {
		say("response %d complete", e.N)
	}
}

// exchangeOn returns the exchange of a stream, nil if it is not kept.
func (a *Analyzer) exchangeOn(id uint64, stream uint32) *Exchange {
	if stream == 0 {
		return nil
	}
	for i := len(a.exchanges) - 1; i >= 0; i-- {
		if e := &a.exchanges[i]; e.Connection == id && e.Stream == stream {
			return e
		}
	}
	return nil
}
