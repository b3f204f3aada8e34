//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// labCase is one recording: who runs, what happens to them, what was set.
type labCase struct {
	name, what string
	at         string        // where tcpdump runs: client, unless said
	delay      time.Duration // of the line, one way; half a millisecond, unless said
	retries    int           // the client's tcp_retries2, if not 0

	servers []program
	clients [][]string    // arguments of the lab's client
	actions []action      // in order of time
	after   time.Duration // from the clients' last exchange to the end

	probes, probesServer *probes
	exchanges            bool // write down the client's own measures
}

func (c labCase) capturedAt() string {
	if c.at == "" {
		return "client"
	}
	return c.at
}

func (c labCase) oneWay() time.Duration {
	if c.delay == 0 {
		return 500 * time.Microsecond
	}
	return c.delay
}

// program is a server: its kind, its port and, for the lab's own, its flags.
type program struct {
	kind string // server, nginx, python or node
	port int
	args []string
}

func (p program) address() string { return serverIP + ":" + strconv.Itoa(p.port) }

// command returns what to run; what it needs is put into dir.
func (p program) command(where places, dir string) (string, []string, error) {
	port := strconv.Itoa(p.port)
	switch p.kind {
	case "server":
		return filepath.Join(where.bin, "server"), append([]string{"-listen", p.address()}, p.args...), nil
	case "node":
		return "node", []string{filepath.Join(where.lab, "node.js"), serverIP, port}, nil
	}
	page := strings.Repeat(".", 299) + "\n"
	if err := os.WriteFile(filepath.Join(dir, "x"), []byte(page), 0o644); err != nil {
		return "", nil, err
	}
	if p.kind == "python" {
		return "python3", []string{"-m", "http.server", "--bind", serverIP, "--directory", dir, port}, nil
	}
	config, err := os.ReadFile(filepath.Join(where.lab, "nginx.conf"))
	if err != nil {
		return "", nil, fmt.Errorf("read the configuration: %w", err)
	}
	text := strings.NewReplacer("@DIR@", dir, "@IP@", serverIP).Replace(string(config))
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return "", nil, err
	}
	return "nginx", []string{"-p", dir, "-c", file}, nil
}

// action is something done to a running case.
type action struct {
	at time.Duration // from the start of the clients
	do func(*recording) error
}

func cutLine(r *recording) error    { return r.cut() }
func killServer(r *recording) error { return r.servers[0].Process.Kill() }
func killClient(r *recording) error { return r.clients[0].Process.Kill() }

// goServer is the lab's server on port 8080.
func goServer(args ...string) []program { return []program{{"server", 8080, args}} }

// client is one client; the last word of its line is the path on port 8080,
// or :PORT and the path.
func client(line string) []string {
	args := strings.Fields(line)
	for i, a := range args {
		switch {
		case strings.HasPrefix(a, "/"):
			args[i] = "http://" + serverIP + ":8080" + a
		case strings.HasPrefix(a, ":"):
			args[i] = "http://" + serverIP + a
		}
	}
	return args
}

func one(line string) [][]string { return [][]string{client(line)} }

var cases = []labCase{
	{
		name: "demo", what: "a mix of two clients and four servers: unread bodies, a server that closes after 1 s, an overflowing pool, healthy reuse",
		servers: []program{
			{"server", 8080, []string{"-read-timeout", "1s"}},
			{"server", 8081, nil}, {"server", 8082, nil}, {"server", 8083, nil},
		},
		clients: [][]string{
			client("-bursts 5 -parallel 3 -max-idle 10 -pause 1400ms /orders?size=200&wait=5ms"),
			client("-bursts 7 -parallel 7 -pause 900ms :8081/search?size=200&wait=20ms"),
			client("-from " + secondIP + " -bursts 18 -body close -pause 350ms :8082/ping?size=200"),
			client("-from " + secondIP + " -bursts 25 -parallel 2 -pause 250ms :8083/items?size=300&wait=5ms"),
		},
		after: 1500 * time.Millisecond,
	},
	{
		name: "go-probes-dialer-2s", what: "Dialer.KeepAlive 2 s: the first probe after 2 s, the next ones 15 s apart",
		servers: goServer("-probes", "-1s"), clients: one("-keepalive 2s /x"), after: 20 * time.Second,
		probes: &probes{"client", 2, 15, 2},
	},
	{
		name: "go-probes-default", what: "Go's defaults on both ends: both sides probe after 15 s",
		servers: goServer(), clients: one("/x"), after: 18 * time.Second,
		probes: &probes{"client", 15, 15, 1}, probesServer: &probes{"server", 15, 15, 1},
	},
	{
		name: "cut-data", what: "the line is cut before a request on a reused connection: retransmissions, then nothing, and a new SYN unanswered",
		servers: goServer("-probes", "-1s"), clients: one("-keepalive -1s -bursts 2 -pause 1s /x"), retries: 4,
		actions: []action{{500 * time.Millisecond, cutLine}}, after: time.Second,
	},
	{
		name: "cut-idle", what: "the line is cut while a connection is idle: probes unanswered, then RST",
		servers: goServer("-probes", "-1s"), clients: one("-parallel 2 -probe-idle 1s -probe-interval 1s -probe-count 3 /x?wait=20ms"),
		actions: []action{{1500 * time.Millisecond, cutLine}}, after: 5 * time.Second,
		probes: &probes{"client", 1, 1, 3},
	},
	{
		name: "go-reuse", what: "bodies read and closed: one connection carries every request",
		servers: goServer(), clients: one("-bursts 5 -pause 100ms /x"),
	},
	{
		name: "go-probes-dialer", what: "KeepAliveConfig 1 s, 1 s: answered probes on an idle connection",
		servers: goServer("-probes", "-1s"), clients: one("-probe-idle 1s -probe-interval 1s -probe-count 3 /x"), after: 4500 * time.Millisecond,
		probes: &probes{"client", 1, 1, 4},
	},
	{
		name: "go-unread-small", what: "small bodies closed unread: the client sends FIN and opens another connection",
		servers: goServer(), clients: one("-bursts 4 -body close -pause 100ms /x"),
	},
	{
		name: "go-unread-big", what: "big bodies closed unread: RST in the response",
		servers: goServer(), clients: one("-bursts 3 -body close -pause 200ms /x?size=200000"),
	},
	{
		name: "go-notclosed", what: "bodies neither read nor closed: the connections leak and stay open",
		servers: goServer(), clients: one("-bursts 4 -body leave -pause 100ms /x"), after: time.Second,
	},
	{
		name: "python-http10", what: "python3 -m http.server: HTTP/1.0, the server ends every connection",
		servers: []program{{"python", 8080, nil}}, clients: one("-bursts 4 -pause 100ms /x"),
	},
	{
		name: "nginx-keepalive-off", what: "nginx with keepalive_timeout 0: Connection: close in every response",
		servers: []program{{"nginx", 8081, nil}}, clients: one("-bursts 4 -pause 100ms :8081/x"),
	},
	{
		name: "nginx-keepalive-requests", what: "nginx with keepalive_requests 3: every third response closes",
		servers: []program{{"nginx", 8082, nil}}, clients: one("-bursts 10 -pause 50ms :8082/x"),
	},
	{
		name: "node-keepalive", what: "Node advertises a timeout of 1 s and closes after 2 s",
		servers: []program{{"node", 8080, nil}}, clients: one("-bursts 2 -parallel 3 -max-idle 10 -pause 2300ms /x"),
		after: 2500 * time.Millisecond,
	},
	{
		name: "go-readtimeout", what: "Server.ReadTimeout 1 s without IdleTimeout: FIN 1 s after the response",
		at: "server", servers: goServer("-read-timeout", "1s"),
		clients: one("-bursts 4 -parallel 3 -max-idle 10 -pause 1300ms /x?wait=10ms"), after: 1300 * time.Millisecond,
	},
	{
		name: "go-writetimeout", what: "Server.WriteTimeout 200 ms: empty responses and cut ones, on connections in turn",
		servers: goServer("-write-timeout", "200ms"),
		clients: one("-bursts 6 -pause 100ms /late?wait=400ms /cut?size=12000&pieces=6&gap=80ms"),
	},
	{
		name: "pool-default", what: "bursts of 8 with MaxIdleConnsPerHost 2: the client closes 6 after each",
		servers: goServer(), clients: one("-bursts 5 -parallel 8 -pause 200ms /x?size=300&wait=20ms"),
	},
	{
		name: "pool-large", what: "bursts of 8 with MaxIdleConnsPerHost 100: 8 connections",
		servers: goServer(), clients: one("-bursts 5 -parallel 8 -max-idle 100 -pause 200ms /x?size=300&wait=20ms"),
	},
	{
		name: "pool-unread", what: "bursts of 8 with MaxIdleConnsPerHost 100 but bodies unread: 40 connections",
		servers: goServer(), clients: one("-bursts 5 -parallel 8 -max-idle 100 -body close -pause 200ms /x?size=300&wait=20ms"),
	},
	{
		name: "go-server-noreuse", what: "SetKeepAlivesEnabled(false): Connection: close in every response",
		servers: goServer("-no-reuse"), clients: one("-bursts 6 -pause 50ms /x"),
	},
	{
		name: "go-client-disablekeepalives", what: "DisableKeepAlives: Connection: close in every request",
		servers: goServer(), clients: one("-bursts 6 -disable-keepalives -pause 50ms /x"),
	},
	{
		name: "go-idleconntimeout", what: "probes every second, then the client closes after IdleConnTimeout 3.5 s",
		servers: goServer("-probes", "-1s"),
		clients: one("-parallel 3 -max-idle 10 -idle-timeout 3500ms -probe-idle 1s -probe-interval 1s /x?wait=20ms"), after: 4 * time.Second,
		probes: &probes{"client", 1, 1, 3},
	},
	{
		name: "kill-server", what: "the server is killed: FINs at once on 5 idle connections, then refusals",
		servers: goServer(), clients: one("-bursts 2 -parallel 5 -max-idle 10 -pause 1500ms /x?wait=20ms"),
		actions: []action{{700 * time.Millisecond, killServer}},
	},
	{
		name: "kill-client", what: "the client is killed: FINs at once on 5 idle connections",
		servers: goServer(), clients: one("-parallel 5 -max-idle 10 /x?wait=20ms"),
		actions: []action{{700 * time.Millisecond, killClient}},
	},
	{
		name: "timing", what: "10 ms round trip, 50 ms in the handler, a body of 60 ms; no connect on reuse",
		delay: 5 * time.Millisecond, servers: goServer(), exchanges: true,
		clients: one("-bursts 3 -parallel 2 -pause 100ms /x?size=8000&wait=50ms&pieces=4&gap=20ms"),
	},
	{
		name: "timing-tls", what: "the same over TLS 1.3, with its key log",
		delay: 5 * time.Millisecond, servers: goServer("-tls"), exchanges: true,
		clients: one("-keylog @DIR@/keylog -bursts 3 -parallel 2 -pause 100ms https://" + serverIP + ":8080/x?size=2000&wait=50ms&pieces=4&gap=20ms"),
	},
}
