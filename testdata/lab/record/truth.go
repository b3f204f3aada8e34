//go:build linux

package main

import (
	"fmt"
	"net"
	"strconv"
	"time"
)

// event is a line of a program's output; see client/main.go.
type event struct {
	Event   string  `json:"event"`
	Local   string  `json:"local"`
	Remote  string  `json:"remote"`
	Reused  bool    `json:"reused"`
	Connect float64 `json:"connect_seconds"`
	TLS     float64 `json:"tls_seconds"`
	Server  float64 `json:"server_seconds"`
	Body    float64 `json:"transfer_seconds"`
	Error   string  `json:"error"`
	Agreed  *agreed `json:"tls"`

	at time.Time // when it was read
}

// truth is what the programs and ss said of a recording.
type truth struct {
	Case       string `json:"case"`
	What       string `json:"what"`
	CapturedAt string `json:"captured_at"` // client or server
	ClientIP   string `json:"client_ip"`
	Server     string `json:"server"`

	Connects   int `json:"connects"` // connections that the clients opened
	Refused    int `json:"refused,omitempty"`
	Unanswered int `json:"unanswered,omitempty"`
	Requests   int `json:"requests"`         // written, retries too
	Reused     int `json:"reused"`           // of them, not the first on their connection
	Failed     int `json:"failed,omitempty"` // exchanges that the client gave up

	GRPCFailed int `json:"grpc_failed,omitempty"` // calls that the server answered with a status other than OK

	CausesWithKeys map[string][2]int `json:"causes_with_keys,omitempty"` // the same, where what is encrypted tells more

	Causes map[string][2]int `json:"causes"` // connections that the case was built to produce, at least and at most

	TLS       bool `json:"tls,omitempty"`       // requests cannot be counted without keys
	Healthy   bool `json:"healthy,omitempty"`   // nothing is wrong
	NotHTTP1  bool `json:"not_http1,omitempty"` // nor estimated: it is not HTTP for long
	Pipelined bool `json:"pipelined,omitempty"` // and what is estimated is too low

	Connections    []connection `json:"connections"`
	TimeWaitClient int          `json:"time_wait_client"` // entries that ss lists
	TimeWaitServer int          `json:"time_wait_server"`
	Probes         *probes      `json:"probes,omitempty"`
	ProbesServer   *probes      `json:"probes_server,omitempty"`
	Exchanges      []exchange   `json:"exchanges,omitempty"`
}

// connection is one that a client opened. They are in the order in which the
// programs said so.
type connection struct {
	ClientPort  int     `json:"client_port"`
	ClientIP    string  `json:"client_ip,omitempty"` // if not the recording's
	Server      string  `json:"server,omitempty"`    // if not the recording's
	Requests    int     `json:"requests"`
	GRPCFailed  int     `json:"grpc_failed,omitempty"`
	TimeWait    string  `json:"time_wait"`              // client, server, both or none
	ClientState string  `json:"client_state,omitempty"` // as ss says, if it knows the connection
	ServerState string  `json:"server_state,omitempty"`
	TLS         *agreed `json:"tls,omitempty"` // as a program says
}

// probes is what a side was told about keep-alive probes, and how many of them
// a connection of the recording shows at least.
type probes struct {
	Side     string  `json:"side"`
	Idle     float64 `json:"idle_seconds"`
	Interval float64 `json:"interval_seconds"`
	CountMin int     `json:"count_min"`
}

// exchange is the client's own measure of one.
type exchange struct {
	ClientPort int     `json:"client_port"`
	Reused     bool    `json:"reused"`
	Connect    float64 `json:"connect_seconds"`
	TLS        float64 `json:"tls_seconds"`
	Server     float64 `json:"server_seconds"`
	Body       float64 `json:"transfer_seconds"`
}

// look is what ss said at an instant.
type look struct {
	at time.Time
	sockets
}

// life is one use of a tuple: its place in the truth, when it was opened.
type life struct {
	at    time.Time
	index int
}

// newTruth joins what was said. The looks are in order of time, and the last
// one is the end. Where a tuple has several lives, an earlier one is what ss
// said of it last before the next, and no look in between is an error. Requests before
// the capture began are not counted.
func newTruth(c labCase, events []event, looks []look, captured time.Time) (*truth, error) {
	end := looks[len(looks)-1]
	t := &truth{
		Case: c.name, What: c.what, CapturedAt: c.capturedAt(),
		ClientIP: clientIP, Server: c.servers[0].address(),
		Probes: c.probes, ProbesServer: c.probesServer,
		Causes: c.causes, CausesWithKeys: c.keyed, Connections: []connection{},
		TLS: c.tls, Healthy: c.healthy, NotHTTP1: c.notHTTP1, Pipelined: c.pipelined,
	}
	if c.farClients {
		t.ClientIP = farIP
	}
	var addresses []string
	for _, p := range c.servers {
		addresses = append(addresses, p.address())
	}
	t.TimeWaitClient, t.TimeWaitServer = end.timeWaits(addresses)
	lives := map[tuple]life{}
	for _, e := range events {
		key := tuple{e.Local, e.Remote}
		was, used := lives[key]
		if e.Event == "served" { // by a program that says requests alone
			if !used {
				was = life{e.at, len(t.Connections)}
				lives[key] = was
				t.Connections = append(t.Connections, newConnection(t, key))
			}
			e.Event, e.Reused, used = "request", used, true
		}
		switch e.Event {
		case "connect":
			if used {
				seen := lookBetween(looks, was.at, e.at)
				if seen == nil {
					return nil, fmt.Errorf("the client's port %s was used twice; record again", e.Local)
				}
				t.Connections[was.index].judge(seen.of(key))
			}
			lives[key] = life{e.at, len(t.Connections)}
			t.Connections = append(t.Connections, newConnection(t, key))
		case "request":
			if c.late > 0 && e.at.Before(captured) {
				break
			}
			if !used {
				return nil, fmt.Errorf("a request on %s, which was not opened", e.Local)
			}
			t.request(&t.Connections[was.index], e, c.late > 0)
		case "refused":
			t.Refused++
		case "unanswered":
			t.Unanswered++
		case "failed":
			t.Failed++
		case "call_failed":
			t.GRPCFailed++
			t.Connections[was.index].GRPCFailed++
		case "exchange":
			if c.exchanges {
				t.Exchanges = append(t.Exchanges, newExchange(e))
			}
		}
	}
	for key, l := range lives {
		t.Connections[l.index].judge(end.of(key))
	}
	t.Connects = len(t.Connections)
	return t, t.checkCauses()
}

// request counts a request on a connection. Of a capture that began late, the first one that
// it has is taken for the connection's first.
func (t *truth) request(c *connection, e event, late bool) {
	if c.Requests++; late {
		e.Reused = c.Requests > 1
	}
	if e.Agreed != nil {
		c.TLS = e.Agreed
	}
	t.Requests++
	if e.Reused {
		t.Reused++
	}
}

// lookBetween returns the last look between two instants.
func lookBetween(looks []look, from, to time.Time) *look {
	for i := len(looks) - 1; i >= 0; i-- {
		if at := looks[i].at; at.After(from) && at.Before(to) {
			return &looks[i]
		}
	}
	return nil
}

// checkCauses finds a case that did not go as it was built to: every
// connection has one cause.
func (t *truth) checkCauses() error {
	least, most := 0, 0
	for _, n := range t.Causes {
		least += n[0]
		most += n[1]
	}
	if n := t.Connects + t.Refused + t.Unanswered; n < least || n > most {
		return fmt.Errorf("%d connections, but causes for %d to %d; record again", n, least, most)
	}
	return nil
}

func newConnection(t *truth, key tuple) connection {
	host, port := split(key.client)
	c := connection{ClientPort: port}
	if host != t.ClientIP {
		c.ClientIP = host
	}
	if key.server != t.Server {
		c.Server = key.server
	}
	return c
}

// judge notes the states that ss lists.
func (c *connection) judge(client, server string) {
	c.TimeWait, c.ClientState, c.ServerState = holder(client, server), client, server
}

func newExchange(e event) exchange {
	_, port := split(e.Local)
	return exchange{port, e.Reused, e.Connect, e.TLS, e.Server, e.Body}
}

// holder says who holds TIME_WAIT.
func holder(client, server string) string {
	switch c, s := client == "TIME-WAIT", server == "TIME-WAIT"; {
	case c && s:
		return "both"
	case c:
		return "client"
	case s:
		return "server"
	}
	return "none"
}

// split parts an address that a program printed.
func split(addr string) (host string, port int) {
	host, p, err := net.SplitHostPort(addr)
	if err != nil {
		return addr, 0
	}
	port, err = strconv.Atoi(p)
	if err != nil {
		return addr, 0
	}
	return host, port
}
