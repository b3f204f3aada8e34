package machine

import "github.com/kaanalyze/kaanalyze/internal/analyze"

// socket appends what the frames of a WebSocket show, nothing without one.
func (e *encoder) socket(c *analyze.Connection) {
	x := c.WebSocket
	if x == nil {
		return
	}
	e.open("websocket")
	e.raw(`"stream":`)
	if x.Stream == 0 {
		e.null()
	} else {
		e.int(x.Stream)
	}
	e.raw(`,"opened":`)
	e.time(x.Opened)
	e.raw(`,"open_seconds":`)
	e.seconds(x.Open(c))
	e.raw(`,"messages":{`)
	e.raw(`"client":`)
	e.int(x.ClientMessages)
	e.raw(`,"server":`)
	e.int(x.ServerMessages)
	e.raw(`},"pings":{"client":`)
	e.socketPings(&x.ClientPings)
	e.raw(`,"server":`)
	e.socketPings(&x.ServerPings)
	e.raw(`},"close":`)
	if x.Close.By == analyze.Nobody {
		e.null()
	} else {
		e.raw(`{"by":`)
		e.word(x.Close.By.String())
		e.raw(`,"code":`)
		e.int(int64(x.Close.Code))
		e.raw(`,"at":`)
		e.time(x.Close.Mark.At)
		e.raw(`,"packet":`)
		e.packet(x.Close.Mark.Packet)
		e.raw(`}`)
	}
	e.raw(`,"silence_seconds":`)
	e.seconds(x.Silence(c))
	e.raw(`,"lost":`)
	e.bool(x.Lost)
	e.close()
}

// socketPings appends the Pings of one side.
func (e *encoder) socketPings(p *analyze.SocketPings) {
	e.raw(`{"sent":`)
	e.int(p.Sent)
	e.raw(`,"interval_seconds":`)
	e.seconds(p.Interval)
	e.raw(`}`)
}
