//go:build linux

package main

import (
	"fmt"
	"net"
	"slices"
	"strconv"
)

// event is a line of the client's output; see client/main.go.
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

	Connections    []connection `json:"connections"`
	TimeWaitClient int          `json:"time_wait_client"`
	TimeWaitServer int          `json:"time_wait_server"`
	Probes         *probes      `json:"probes,omitempty"`
	ProbesServer   *probes      `json:"probes_server,omitempty"`
	Exchanges      []exchange   `json:"exchanges,omitempty"`
}

// connection is one that a client opened. They are in the order in which the
// clients said so.
type connection struct {
	ClientPort  int    `json:"client_port"`
	ClientIP    string `json:"client_ip,omitempty"` // if not the recording's
	Server      string `json:"server,omitempty"`    // if not the recording's
	Requests    int    `json:"requests"`
	TimeWait    string `json:"time_wait"`              // client, server, both or none
	ClientState string `json:"client_state,omitempty"` // as ss says, if it knows the connection
	ServerState string `json:"server_state,omitempty"`
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

// newTruth joins what was said. A client port that was used twice would make
// ss's answer ambiguous, so it is an error.
func newTruth(c labCase, events []event, client, server sockets) (*truth, error) {
	t := &truth{
		Case: c.name, What: c.what, CapturedAt: c.capturedAt(),
		ClientIP: clientIP, Server: c.servers[0].address(),
		TimeWaitClient: client.timeWaits(), TimeWaitServer: server.timeWaits(),
		Probes: c.probes, ProbesServer: c.probesServer,
		Connections: []connection{},
	}
	var order []tuple
	for _, e := range events {
		key := tuple{e.Local, e.Remote}
		switch e.Event {
		case "connect":
			if slices.Contains(order, key) {
				return nil, fmt.Errorf("the client's port %s was used twice; record again", e.Local)
			}
			order = append(order, key)
			t.Connections = append(t.Connections, newConnection(t, key, client[key], server[key]))
		case "request":
			i := slices.Index(order, key)
			if i < 0 {
				return nil, fmt.Errorf("a request on %s, which was not opened", e.Local)
			}
			t.Connections[i].Requests++
			t.Requests++
			if e.Reused {
				t.Reused++
			}
		case "refused":
			t.Refused++
		case "unanswered":
			t.Unanswered++
		case "failed":
			t.Failed++
		case "exchange":
			if c.exchanges {
				t.Exchanges = append(t.Exchanges, newExchange(e))
			}
		}
	}
	t.Connects = len(order)
	return t, nil
}

func newConnection(t *truth, key tuple, client, server string) connection {
	host, port := split(key.client)
	c := connection{ClientPort: port, TimeWait: holder(client, server), ClientState: client, ServerState: server}
	if host != t.ClientIP {
		c.ClientIP = host
	}
	if key.server != t.Server {
		c.Server = key.server
	}
	return c
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
