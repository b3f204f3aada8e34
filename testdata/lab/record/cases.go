//go:build linux

package main

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// labCase is one recording: who runs, what happens to them, what was set.
type labCase struct {
	name, what string
	at         string        // where tcpdump runs: client, unless said
	delay      time.Duration // of the line, one way; half a millisecond, unless said

	loss float64       // of the line, the share of frames that are lost
	late time.Duration // the capture begins that long after the clients; before them, unless said

	clientSet, serverSet []string // settings below /proc/sys/net, KEY=VALUE

	servers    []program
	clients    [][]string    // command lines; client and raw are the lab's, see client and raw
	farClients bool          // they run on the servers' side: the first server is a proxy on the other
	actions    []action      // in order of time
	after      time.Duration // from the clients' last exchange to the end

	causes               causes
	keyed                causes // what they are with keys, where they tell more
	probes, probesServer *probes
	exchanges            bool // write down the client's own measures

	needs     []string // of needs, beside what its commands name
	certified bool     // its programs read the recorder's certificates
	tls       bool     // requests cannot be counted without keys
	healthy   bool     // nothing is wrong
	notHTTP1  bool     // requests over TLS cannot be estimated: it is not HTTP for long
	pipelined bool     // nor are they exact
}

// causes says why the case's connections carried no further request: for each
// cause how many connections, at least and at most. It follows from what the
// programs are told to do, in the order of causes that the analyzer keeps to.
type causes map[string][2]int

// missing returns what the case needs and this machine has not, or "".
func (c labCase) missing(where places) string {
	for _, p := range c.servers {
		if tool := tools[p.kind]; tool[0] != "" {
			if _, err := exec.LookPath(where.replace(tool[0])); err != nil {
				return tool[0] + " (Debian: apt-get install " + tool[1] + ")"
			}
		}
		if name := where.replace(programs[p.kind]); name != "" {
			if _, err := exec.LookPath(name); err != nil {
				return p.kind
			}
		}
	}
	for _, line := range c.clients {
		name := where.program(line[0])
		if _, err := exec.LookPath(name); err != nil {
			return name
		}
	}
	for _, name := range c.needs {
		n := needs[name]
		if exec.Command(where.replace(n.check[0]), replaceAll(n.check[1:], where.replace)...).Run() != nil {
			return n.what
		}
	}
	return ""
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

// action is something done to a running case.
type action struct {
	at time.Duration // from the start of the clients
	do func(context.Context, *recording) error
}

func cutLine(_ context.Context, r *recording) error    { return r.cut() }
func joinLine(_ context.Context, r *recording) error   { return r.join() }
func killServer(_ context.Context, r *recording) error { return r.servers[0].Process.Kill() }
func killClient(_ context.Context, r *recording) error { return r.clients[0].Process.Kill() }
func askNow(ctx context.Context, r *recording) error   { return r.look(ctx) }

// shutDown asks the lab's server for http.Server.Shutdown.
func shutDown(_ context.Context, r *recording) error {
	return r.servers[0].Process.Signal(syscall.SIGTERM)
}

// reload has the first server read its configuration anew.
func reload(_ context.Context, r *recording) error {
	return r.servers[0].Process.Signal(syscall.SIGHUP)
}

// stopSoftly asks HAProxy to end once its connections have.
func stopSoftly(_ context.Context, r *recording) error {
	return r.servers[0].Process.Signal(syscall.SIGUSR1)
}

// reboot makes the server's host forget its connections behind a cut line: the
// server is killed, its sockets are destroyed, and a new one is started.
func reboot(ctx context.Context, r *recording) error {
	if err := r.cut(); err != nil {
		return err
	}
	r.servers[0].Process.Kill()
	r.servers[0].Wait()
	// ss fails on what it cannot destroy, but the new server needs the port.
	r.in(ctx, r.line.server, "ss", "-K", "-t").Run()
	if err := pause(ctx, settle); err != nil {
		return err
	}
	cmd, err := r.startServer(ctx, r.labCase.servers[0])
	if cmd != nil {
		r.servers[0] = cmd
	}
	if err != nil {
		return err
	}
	return r.join()
}

// dropInput has the client's host drop what comes from the server.
func dropInput(ctx context.Context, r *recording) error {
	return r.in(ctx, r.line.client, "iptables", "-I", "INPUT", "-s", serverIP, "-j", "DROP").Run()
}

// goServer is the lab's server on port 8080.
func goServer(args ...string) []program { return []program{{kind: "server", port: 8080, args: args}} }

// client is one client; each word with a slash is a path on port 8080, or
// :PORT and a path. METHOD= may stand before it.
func client(line string) []string {
	args := strings.Fields(line)
	for i, a := range args {
		method, path := "", a
		if m, p, found := strings.Cut(a, "="); found && m == strings.ToUpper(m) && !strings.ContainsAny(m, "/-") {
			method, path = m+"=", p
		}
		switch {
		case strings.HasPrefix(path, "/"):
			args[i] = method + "http://" + serverIP + ":8080" + path
		case strings.HasPrefix(path, ":"):
			args[i] = method + "http://" + serverIP + path
		}
	}
	return append([]string{"client"}, args...)
}

// raw is one raw client of port 8080, rawAt of another.
func raw(line string) []string { return rawAt(8080, line) }

func rawAt(port int, line string) []string {
	return append([]string{"raw", "-server", fmt.Sprintf("%s:%d", serverIP, port)}, strings.Fields(line)...)
}

// curlUploads sends 1 MB several times with curl, which says what it did as
// the lab's client does.
func curlUploads(times, path string) []string {
	const ends = `"local":"%{local_ip}:%{local_port}","remote":"%{remote_ip}:%{remote_port}"}`
	const says = `{"event":"connect",` + ends + `{"event":"request",` + ends
	const script = `head -c 1000000 /dev/zero >upload
for i in $(seq "$1"); do curl -s -o /dev/null -H Expect: --data-binary @upload -w "$2" "$3"; sleep 0.1; done`
	return []string{"sh", "-c", script, "sh", times, says, "http://" + serverIP + path}
}

// proxied is nginx on a port of the clients' side, and its backend, which says
// what nginx asks for.
func proxied(port int) []program {
	return []program{
		{kind: "nginx", port: port, near: true},
		{kind: "server", port: 8080, args: []string{"-say"}},
	}
}

// These keep a receiver's window and a sender's buffer small, and so the
// recording.
var (
	smallWindow = []string{"ipv4/tcp_rmem=4096 8192 8192"}
	smallBuffer = []string{"ipv4/tcp_wmem=4096 8192 8192"}
)

// In the stale races the server's FIN leaves 1 s after its response did, so it
// reaches the client 1 s after that. A request that the first client sends
// 20 ms earlier crosses it; the second client's would be late.
var (
	staleRaceClients = [][]string{
		client("-bursts 5 -pause 980ms /x"),
		client("-from " + secondIP + " -bursts 4 -pause 1100ms /x"),
	}
	staleRace = causes{"stale_race": {2, 4}, "server_idle_timeout": {5, 7}}
)

func one(line string) [][]string { return [][]string{client(line)} }

var cases = slices.Concat(clearCases, tlsCases, h2Cases)

var clearCases = []labCase{
	{
		name: "demo", what: "a mix of two clients and four servers: unread bodies, a server that closes after 1 s, an overflowing pool, healthy reuse",
		servers: []program{
			{kind: "server", port: 8080, args: []string{"-read-timeout", "1s"}},
			{kind: "server", port: 8081}, {kind: "server", port: 8082}, {kind: "server", port: 8083},
		},
		clients: [][]string{
			client("-bursts 5 -parallel 3 -max-idle 10 -pause 1400ms /orders?size=200&wait=5ms"),
			client("-bursts 7 -parallel 7 -pause 900ms :8081/search?size=200&wait=20ms"),
			client("-from " + secondIP + " -bursts 18 -body close -pause 350ms :8082/ping?size=200"),
			client("-from " + secondIP + " -bursts 25 -parallel 2 -pause 250ms :8083/items?size=300&wait=5ms"),
		},
		after:  1500 * time.Millisecond,
		causes: causes{"server_idle_timeout": {15, 15}, "client_pool_overflow": {35, 35}, "client_closed_after_response": {18, 18}, "idle_at_end": {4, 4}},
	},
	{
		name: "go-probes-dialer-2s", what: "Dialer.KeepAlive 2 s: the first probe after 2 s, the next ones 15 s apart",
		servers: goServer("-probes", "-1s"), clients: one("-keepalive 2s /x"), after: 20 * time.Second,
		probes: &probes{"client", 2, 15, 2},
		causes: causes{"idle_at_end": {1, 1}},
	},
	{
		name: "go-probes-default", what: "Go's defaults on both ends: both sides probe after 15 s",
		servers: goServer(), clients: one("/x"), after: 18 * time.Second,
		probes: &probes{"client", 15, 15, 1}, probesServer: &probes{"server", 15, 15, 1},
		causes: causes{"idle_at_end": {1, 1}},
	},
	{
		name: "cut-data", what: "the line is cut before a request on a reused connection: retransmissions, then nothing, and a new SYN unanswered",
		servers: goServer("-probes", "-1s"), clients: one("-keepalive -1s -bursts 2 -pause 1s /x"), clientSet: []string{"ipv4/tcp_retries2=4"},
		actions: []action{{500 * time.Millisecond, cutLine}}, after: time.Second,
		causes: causes{"retransmission_timeout": {1, 1}, "unanswered": {1, 1}},
	},
	{
		name: "cut-idle", what: "the line is cut while a connection is idle: probes unanswered, then RST",
		servers: goServer("-probes", "-1s"), clients: one("-parallel 2 -probe-idle 1s -probe-interval 1s -probe-count 3 /x?wait=20ms"),
		actions: []action{{1500 * time.Millisecond, cutLine}}, after: 5 * time.Second,
		probes: &probes{"client", 1, 1, 3},
		causes: causes{"dead_peer": {2, 2}},
	},
	{
		name: "go-reuse", what: "bodies read and closed: one connection carries every request",
		servers: goServer(), clients: one("-bursts 5 -pause 100ms /x"),
		causes: causes{"idle_at_end": {1, 1}},
	},
	{
		name: "go-probes-dialer", what: "KeepAliveConfig 1 s, 1 s: answered probes on an idle connection",
		servers: goServer("-probes", "-1s"), clients: one("-probe-idle 1s -probe-interval 1s -probe-count 3 /x"), after: 4500 * time.Millisecond,
		probes: &probes{"client", 1, 1, 4},
		causes: causes{"idle_at_end": {1, 1}},
	},
	{
		name: "go-unread-small", what: "small bodies closed unread: the client sends FIN and opens another connection",
		servers: goServer(), clients: one("-bursts 4 -body close -pause 100ms /x"),
		causes: causes{"client_closed_after_response": {4, 4}},
	},
	{
		name: "go-unread-big", what: "big bodies closed unread: RST in the response",
		servers: goServer(), clients: one("-bursts 3 -body close -pause 200ms /x?size=200000"),
		causes: causes{"client_unread_body": {3, 3}},
	},
	{
		name: "go-notclosed", what: "bodies neither read nor closed: the connections leak and stay open",
		servers: goServer(), clients: one("-bursts 4 -body leave -pause 100ms /x"), after: time.Second,
		causes: causes{"leaked": {3, 3}, "idle_at_end": {1, 1}},
	},
	{
		name: "python-http10", what: "python3 -m http.server: HTTP/1.0, the server ends every connection",
		servers: []program{{kind: "python", port: 8080}}, clients: one("-bursts 4 -pause 100ms /x"),
		causes: causes{"http10": {4, 4}},
	},
	{
		name: "nginx-keepalive-off", what: "nginx with keepalive_timeout 0: Connection: close in every response",
		servers: []program{{kind: "nginx", port: 8081}}, clients: one("-bursts 4 -pause 100ms :8081/x"),
		causes: causes{"response_connection_close": {4, 4}},
	},
	{
		name: "nginx-keepalive-requests", what: "nginx with keepalive_requests 3: every third response closes",
		servers: []program{{kind: "nginx", port: 8082}}, clients: one("-bursts 10 -pause 50ms :8082/x"),
		causes: causes{"server_max_requests": {3, 3}, "idle_at_end": {1, 1}},
	},
	{
		name: "node-keepalive", what: "Node advertises a timeout of 1 s and closes after 2 s",
		servers: []program{{kind: "node", port: 8080, args: []string{"keepAliveTimeout=1000"}}}, clients: one("-bursts 2 -parallel 3 -max-idle 10 -pause 2300ms /x"),
		after:  2500 * time.Millisecond,
		causes: causes{"server_idle_timeout": {6, 6}},
	},
	{
		name: "go-readtimeout", what: "Server.ReadTimeout 1 s without IdleTimeout: FIN 1 s after the response",
		at: "server", servers: goServer("-read-timeout", "1s"),
		clients: one("-bursts 4 -parallel 3 -max-idle 10 -pause 1300ms /x?wait=10ms"), after: 1300 * time.Millisecond,
		causes: causes{"server_idle_timeout": {12, 12}},
	},
	{
		name: "go-writetimeout", what: "Server.WriteTimeout 200 ms: empty responses and cut ones, on connections in turn",
		servers: goServer("-write-timeout", "200ms"),
		clients: one("-bursts 6 -pause 100ms /late?wait=400ms /cut?size=12000&pieces=6&gap=80ms"),
		causes:  causes{"server_timeout_empty": {3, 3}, "server_timeout_cut": {3, 3}},
	},
	{
		name: "pool-default", what: "bursts of 8 with MaxIdleConnsPerHost 2: the client closes 6 after each",
		servers: goServer(), clients: one("-bursts 5 -parallel 8 -pause 200ms /x?size=300&wait=20ms"),
		causes: causes{"client_pool_overflow": {30, 30}, "idle_at_end": {2, 2}},
	},
	{
		name: "pool-large", what: "bursts of 8 with MaxIdleConnsPerHost 100: 8 connections",
		servers: goServer(), clients: one("-bursts 5 -parallel 8 -max-idle 100 -pause 200ms /x?size=300&wait=20ms"),
		causes: causes{"idle_at_end": {8, 8}},
	},
	{
		name: "pool-unread", what: "bursts of 8 with MaxIdleConnsPerHost 100 but bodies unread: 40 connections",
		servers: goServer(), clients: one("-bursts 5 -parallel 8 -max-idle 100 -body close -pause 200ms /x?size=300&wait=20ms"),
		causes: causes{"client_closed_after_response": {40, 40}},
	},
	{
		name: "go-server-noreuse", what: "SetKeepAlivesEnabled(false): Connection: close in every response",
		servers: goServer("-no-reuse"), clients: one("-bursts 6 -pause 50ms /x"),
		causes: causes{"response_connection_close": {6, 6}},
	},
	{
		name: "go-client-disablekeepalives", what: "DisableKeepAlives: Connection: close in every request",
		servers: goServer(), clients: one("-bursts 6 -disable-keepalives -pause 50ms /x"),
		causes: causes{"request_connection_close": {6, 6}},
	},
	{
		name: "go-idleconntimeout", what: "probes every second, then the client closes after IdleConnTimeout 3.5 s",
		servers: goServer("-probes", "-1s"),
		clients: one("-parallel 3 -max-idle 10 -idle-timeout 3500ms -probe-idle 1s -probe-interval 1s /x?wait=20ms"), after: 4 * time.Second,
		probes: &probes{"client", 1, 1, 3},
		causes: causes{"client_idle_timeout": {3, 3}},
	},
	{
		name: "kill-server", what: "the server is killed: FINs at once on 5 idle connections, then refusals",
		servers: goServer(), clients: one("-bursts 2 -parallel 5 -max-idle 10 -pause 1500ms /x?wait=20ms"),
		actions: []action{{700 * time.Millisecond, killServer}},
		causes:  causes{"server_exit": {5, 5}, "refused": {5, 5}},
	},
	{
		name: "kill-client", what: "the client is killed: FINs at once on 5 idle connections",
		servers: goServer(), clients: one("-parallel 5 -max-idle 10 /x?wait=20ms"),
		actions: []action{{700 * time.Millisecond, killClient}},
		causes:  causes{"client_exit": {5, 5}},
	},
	{
		name: "timing", what: "10 ms round trip, 50 ms in the handler, a body of 60 ms; no connect on reuse",
		delay: 5 * time.Millisecond, servers: goServer(), exchanges: true,
		clients: one("-bursts 3 -parallel 2 -pause 100ms /x?size=8000&wait=50ms&pieces=4&gap=20ms"),
		causes:  causes{"idle_at_end": {2, 2}},
	},
	{
		name: "timing-tls", what: "the same over TLS 1.3, with its key log",
		tls:   true,
		delay: 5 * time.Millisecond, servers: goServer("-tls"), exchanges: true,
		clients: one("-keylog @DIR@/keylog -bursts 3 -parallel 2 -pause 100ms https://" + serverIP + ":8080/x?size=2000&wait=50ms&pieces=4&gap=20ms"),
		causes:  causes{"idle_at_end": {2, 2}},
	},
	{
		name: "go-stale-race", what: "requests cross the FIN of a server with IdleTimeout 1 s on the line; others open a new connection in time",
		delay: 20 * time.Millisecond, servers: goServer("-idle-timeout", "1s"),
		clients: staleRaceClients, after: 1200 * time.Millisecond, causes: staleRace,
	},
	{
		name: "go-stale-race-server", what: "the stale races of go-stale-race, captured at the server",
		at: "server", delay: 20 * time.Millisecond, servers: goServer("-idle-timeout", "1s"),
		clients: staleRaceClients, after: 1200 * time.Millisecond, causes: staleRace,
	},
	{
		name: "go-used-after-close", what: "a client that ignores the server's FIN sends a request 100 ms later: RST",
		servers: goServer("-idle-timeout", "1s"), clients: [][]string{raw("-parallel 3 dial get=/x read sleep=1100ms get=/x read close")},
		causes: causes{"used_after_close": {3, 3}},
	},
	{
		name: "go-client-timeout", what: "Client.Timeout 300 ms, the handler takes 2 s: FIN before any byte of the response",
		servers: goServer(), clients: one("-bursts 4 -timeout 300ms -pause 100ms /x?wait=2s"), after: 2200 * time.Millisecond,
		causes: causes{"client_timeout": {4, 4}},
	},
	{
		name: "go-client-timeout-body", what: "Client.Timeout 300 ms ends while the body drips",
		servers: goServer(), clients: one("-bursts 4 -timeout 300ms -pause 100ms /x?size=6000&pieces=6&gap=100ms"), after: time.Second,
		causes: causes{"client_timeout": {4, 4}},
	},
	{
		name: "go-upload-413", what: "a Go server answers an upload of 1 MB with 413 and closes, the body unread: FIN, then RST",
		servers: goServer(), serverSet: smallWindow, clients: one("-bursts 3 -upload 1000000 -pause 100ms /x?limit=1000"), after: time.Second,
		causes: causes{"early_response": {3, 3}},
	},
	{
		name: "nginx-413", what: "nginx answers curl's upload of 1 MB with 413, the body unread",
		servers: []program{{kind: "nginx", port: 8087}}, clientSet: smallBuffer, serverSet: smallWindow,
		clients: [][]string{curlUploads("3", ":8087/x")}, after: time.Second,
		causes: causes{"early_response": {3, 3}},
	},
	{
		name: "kill-server-busy", what: "the server is killed with 3 connections idle, 3 waiting for a response and 1 in an upload that it has not read",
		servers: goServer(), clients: [][]string{
			client("-bursts 2 -parallel 3 -max-idle 10 -pause 1500ms /x?wait=20ms"),
			client("-from " + secondIP + " -parallel 3 /x?wait=3s"),
			client("-from " + secondIP + " -upload 30000 /x?wait=3s"),
		},
		actions: []action{{700 * time.Millisecond, killServer}},
		causes:  causes{"server_exit": {7, 7}, "refused": {3, 3}},
	},
	{
		name: "go-shutdown", what: "http.Server.Shutdown with 4 connections idle and 2 busy, then refusals",
		servers: goServer(), clients: [][]string{
			client("-bursts 2 -parallel 4 -max-idle 10 -pause 1500ms /x?wait=20ms"),
			client("-from " + secondIP + " -parallel 2 /x?wait=1s"),
		},
		actions: []action{{700 * time.Millisecond, shutDown}},
		causes:  causes{"server_drain": {6, 6}, "refused": {4, 4}},
	},
	{
		name: "accept-queue-full", what: "backlog 1 and nobody accepts: two connections whose requests stay unanswered, then SYNs dropped",
		servers: goServer("-stuck"), serverSet: []string{"core/somaxconn=1"},
		clients: [][]string{raw("-parallel 6 -stagger 100ms -dial-timeout 4s dial get=/x")},
		causes:  causes{"busy_at_end": {2, 2}, "accept_queue_full": {4, 4}},
	},
	{
		name: "accept-queue-overflow", what: "backlog 1, nobody accepts, 6 SYNs at once, answered by SYN cookies: there is no room at the last ACK of 4 handshakes, and their data is dropped",
		delay: 10 * time.Millisecond, servers: goServer("-stuck"), serverSet: []string{"core/somaxconn=1"},
		clients: [][]string{raw("-parallel 6 -dial-timeout 4s dial get=/x")}, after: 3 * time.Second,
		causes: causes{"busy_at_end": {2, 2}, "accept_queue_full": {0, 4}, "retransmission_timeout": {0, 4}},
	},
	{
		name: "accept-queue-overflow-nocookies", what: "backlog 4 with 2 taken, then 5 SYNs at once, no SYN cookies: the server repeats its SYN-ACK to the 2 that found no room",
		delay: 10 * time.Millisecond, servers: goServer("-stuck"), serverSet: []string{"core/somaxconn=4", "ipv4/tcp_syncookies=0"},
		clients: [][]string{raw("-parallel 2 dial get=/x"), raw("-parallel 5 sleep=200ms dial get=/x")}, after: 4 * time.Second,
		causes: causes{"busy_at_end": {5, 5}, "accept_queue_full": {2, 2}},
	},
	{
		name: "tw-recycle-server", what: "one client port, four connections: each SYN recycles the server's TIME_WAIT",
		servers: goServer("-idle-timeout", "400ms"), clients: [][]string{raw("-port 40000 " + strings.Repeat("dial get=/x read eof close sleep=600ms ", 4))},
		actions: []action{{700 * time.Millisecond, askNow}, {1700 * time.Millisecond, askNow}, {2700 * time.Millisecond, askNow}},
		causes:  causes{"server_idle_timeout": {4, 4}},
	},
	{
		name: "tw-recycle-client", what: "one client port, four connections: each connect recycles the client's own TIME_WAIT",
		servers: goServer(), clients: [][]string{raw("-port 40000 " + strings.Repeat("dial get=/x read close sleep=600ms ", 4))},
		actions: []action{{300 * time.Millisecond, askNow}, {900 * time.Millisecond, askNow}, {1500 * time.Millisecond, askNow}},
		causes:  causes{"client_closed_after_response": {4, 4}},
	},
	{
		name: "go-close-wait", what: "the server closes after 1 s idle, the client never does: CLOSE-WAIT",
		servers: goServer("-idle-timeout", "1s"), clients: [][]string{raw("-parallel 4 dial get=/x read")}, after: 2 * time.Second,
		causes: causes{"server_idle_timeout": {4, 4}},
	},
	{
		name: "go-new-client", what: "a new Transport for every request: connections leak, open and unused",
		servers: goServer(), clients: one("-bursts 5 -new-client -pause 200ms /x"), after: time.Second,
		causes: causes{"leaked": {4, 4}, "idle_at_end": {1, 1}},
	},
	{
		name: "go-new-client-closed", what: "a new Transport for every request and CloseIdleConnections after each",
		servers: goServer(), clients: one("-bursts 5 -new-client -close-idle -pause 200ms /x"),
		causes: causes{"client_closed_after_response": {5, 5}},
	},
	{
		name: "go-unread-small-fixed", what: "the load of go-unread-small with the bodies read",
		servers: goServer(), clients: one("-bursts 4 -pause 100ms /x"),
		causes: causes{"idle_at_end": {1, 1}},
	},
	{
		name: "go-readtimeout-fixed", what: "the load of go-readtimeout with IdleTimeout 30 s beside ReadTimeout 1 s",
		at: "server", servers: goServer("-read-timeout", "1s", "-idle-timeout", "30s"),
		clients: one("-bursts 4 -parallel 3 -max-idle 10 -pause 1300ms /x?wait=10ms"), after: 1300 * time.Millisecond,
		causes: causes{"idle_at_end": {3, 3}},
	},
	{
		name: "go-body-leak", what: "large bodies neither read nor closed: the responses stay unfinished, behind a full window",
		servers: goServer(), clientSet: smallWindow, clients: one("-bursts 3 -body leave -pause 100ms /x?size=300000"), after: time.Second,
		causes: causes{"busy_at_end": {3, 3}},
	},
	{
		name: "nginx-keepalive-timeout", what: "nginx with keepalive_timeout 1s",
		servers: []program{{kind: "nginx", port: 8083}},
		clients: one("-bursts 2 -parallel 4 -max-idle 10 -pause 1300ms :8083/x"), after: 1300 * time.Millisecond,
		causes: causes{"server_idle_timeout": {8, 8}},
	},
	{
		name: "nginx-keepalive-on", what: "the load of nginx-keepalive-off with nginx's default keepalive_timeout",
		servers: []program{{kind: "nginx", port: 8084}}, clients: one("-bursts 4 -pause 100ms :8084/x"),
		causes: causes{"idle_at_end": {1, 1}},
	},
	{
		name: "node-5s", what: "Node's default: it advertises 5 s and closes after 6 s, just before the client's next burst",
		servers: []program{{kind: "node", port: 8080}},
		clients: one("-bursts 2 -parallel 3 -max-idle 10 -pause 6500ms /x"),
		causes:  causes{"server_idle_timeout": {3, 3}, "idle_at_end": {3, 3}},
	},
	{
		name: "node-raised", what: "the load of node-5s with keepAliveTimeout 65 s and headersTimeout 66 s",
		servers: []program{{kind: "node", port: 8080, args: []string{"keepAliveTimeout=65000", "headersTimeout=66000"}}},
		clients: one("-bursts 2 -parallel 3 -max-idle 10 -pause 6500ms /x"),
		causes:  causes{"idle_at_end": {3, 3}},
	},
	{
		name: "nginx-proxy-http10", what: "nginx as a proxy with its old default: HTTP/1.0 and a new connection to the backend for each request",
		servers: proxied(8091), farClients: true,
		clients: one("-from " + farIP + " -bursts 4 -parallel 2 -pause 100ms http://" + clientIP + ":8091/x?wait=20ms"),
		causes:  causes{"request_connection_close": {8, 8}, "idle_at_end": {2, 2}},
	},
	{
		name: "nginx-proxy-keepalive", what: "the load of nginx-proxy-http10 with proxy_http_version 1.1, no Connection header and keepalive in the upstream",
		servers: proxied(8092), farClients: true,
		clients: one("-from " + farIP + " -bursts 4 -parallel 2 -pause 100ms http://" + clientIP + ":8092/x?wait=20ms"),
		causes:  causes{"idle_at_end": {4, 4}},
	},
	{
		name: "nginx-max-age", what: "nginx with keepalive_time 1s: the first response after that closes, whatever its number",
		servers: []program{{kind: "nginx", port: 8088}},
		clients: [][]string{
			client("-bursts 12 -pause 204ms :8088/x"), client("-bursts 10 -pause 255ms :8088/x"),
			client("-bursts 8 -pause 340ms :8088/x"), client("-bursts 6 -pause 510ms :8088/x"),
		},
		causes: causes{"server_max_age": {8, 8}},
	},
	{
		name: "apache-keepalive", what: "Apache with KeepAliveTimeout 2 and MaxKeepAliveRequests 4: some connections end by count, some by time",
		servers: []program{{kind: "apache", port: 8081}},
		clients: [][]string{
			client("-bursts 15 -pause 50ms :8081/x"),
			client("-from " + secondIP + " -bursts 2 -parallel 3 -max-idle 10 -pause 2300ms :8081/x"),
		},
		after:  2300 * time.Millisecond,
		causes: causes{"server_max_requests": {3, 3}, "server_idle_timeout": {6, 7}},
	},
	{
		name: "reset-linger", what: "the server closes with SO_LINGER 0 just after each response: RST",
		servers: goServer("-reset-after", "2ms"), clients: one("-bursts 5 -pause 100ms /x"),
		causes: causes{"server_reset": {5, 5}},
	},
	{
		name: "half-open", what: "the server's host forgets its connections while the line is cut: the next requests are answered by bare RSTs",
		servers: goServer(), clients: one("-bursts 2 -parallel 4 -max-idle 10 -pause 2s /x?wait=20ms"),
		actions: []action{{700 * time.Millisecond, reboot}},
		causes:  causes{"half_open_peer": {4, 4}, "idle_at_end": {4, 4}},
	},
	{
		name: "firewall-input-drop", what: "the client's own firewall drops what the server sends: probes are answered on the wire, yet the client resets",
		servers: goServer("-probes", "-1s"), clients: one("-parallel 3 -max-idle 10 -probe-idle 1s -probe-interval 1s -probe-count 3 /x?wait=20ms"),
		actions: []action{{1500 * time.Millisecond, dropInput}}, after: 5 * time.Second,
		probes: &probes{"client", 1, 1, 3},
		causes: causes{"local_drop": {3, 3}},
	},
	{
		name: "healthy-mixed", what: "nothing wrong: three clients and two servers with POST, HEAD, 304, chunked bodies and pauses",
		servers: []program{{kind: "server", port: 8080}, {kind: "nginx", port: 8084}},
		clients: [][]string{
			client("-bursts 6 -pause 300ms /x?chunked=1&pieces=3&gap=10ms HEAD=/x /x?size=3000"),
			client("-from " + secondIP + " -bursts 4 -pause 500ms -upload 2000 /x?limit=5000"),
			client("-from " + thirdIP + " -bursts 5 -parallel 2 -pause 400ms -if-none-match v1 /x?wait=10ms HEAD=:8084/x"),
		},
		after:  time.Second,
		causes: causes{"idle_at_end": {4, 4}},
	},
	{
		name: "zero-window", what: "a client that reads nothing for 1.5 s: its window closes, is probed, opens again, and the connection goes on",
		servers: goServer(), clients: [][]string{raw("-receive-buffer 4096 dial get=/x?size=50000 sleep=1500ms read sleep=300ms get=/x read")},
		causes: causes{"idle_at_end": {1, 1}},
	},
	{
		name: "syn-challenge", what: "a SYN from a port whose connection the server still has: a bare ACK, RST, and the SYN again",
		at: "server", servers: goServer("-probes", "-1s"),
		clients: [][]string{raw("-port 40000 dial get=/x read sleep=600ms reset sleep=600ms dial get=/x read")},
		actions: []action{{300 * time.Millisecond, cutLine}, {900 * time.Millisecond, joinLine}, {1000 * time.Millisecond, askNow}},
		causes:  causes{"client_reset": {0, 1}, "half_open_peer": {0, 1}, "idle_at_end": {1, 1}},
	},
	{
		name: "apache-408", what: "Apache with RequestReadTimeout 1 s: 408 to clients that send part of a request",
		servers: []program{{kind: "apache", port: 8082}},
		clients: [][]string{rawAt(8082, "-parallel 3 dial part eof close")},
		causes:  causes{"no_request": {3, 3}},
	},
	{
		name: "node-408", what: "Node with headersTimeout 1 s: 408 to clients that send part of a request",
		servers: []program{{kind: "node", port: 8080, args: []string{"headersTimeout=1000", "requestTimeout=1000", "connectionsCheckingInterval=200"}}},
		clients: [][]string{raw("-parallel 3 dial part eof close")},
		causes:  causes{"no_request": {3, 3}},
	},
	{
		name: "node-408-unasked", what: "Node with headersTimeout 1 s: 408 on connections opened ahead, whose clients then send a request and take it for the response; other clients send theirs at once",
		servers: []program{{kind: "node", port: 8080, args: []string{"headersTimeout=1000", "requestTimeout=1000", "connectionsCheckingInterval=200"}}},
		clients: [][]string{raw("-parallel 8 dial sleep=2s get=/x read close"), raw("-parallel 8 dial get=/x read close")},
		causes:  causes{"response_connection_close": {8, 8}, "client_closed_after_response": {8, 8}},
	},
	{
		name: "node-408-upload", what: "Node with requestTimeout 1 s: 408 without a length to uploads of which the first bytes came",
		servers: []program{{kind: "node", port: 8080, args: []string{"headersTimeout=1000", "requestTimeout=1000", "connectionsCheckingInterval=200", "whole=1"}}},
		clients: [][]string{raw("-parallel 6 dial upload=12000 read close")},
		causes:  causes{"early_response": {6, 6}},
	},
	{
		name: "node-400-after-close", what: "Node answers the head of an upload with 200, the client closes in its body, and Node says 400 to that",
		servers: []program{{kind: "node", port: 8080}},
		clients: [][]string{raw("-parallel 3 dial upload=12000 read close")},
		causes:  causes{"client_closed_after_response": {3, 3}},
	},
	{
		name: "node-400-431", what: "Node answers what is no request with 400, and a head of more than 16 KiB with 431, both without a length",
		servers: []program{{kind: "node", port: 8080}},
		clients: [][]string{raw("-parallel 2 dial text=hello read close"), raw("dial long=17000 read close")},
		causes:  causes{"response_connection_close": {3, 3}},
	},
	{
		name: "cut-data-pool", what: "the line is cut before three requests on idle connections: retransmissions until the client gives up, then SYNs unanswered",
		servers: goServer("-probes", "-1s"), clients: one("-keepalive -1s -bursts 2 -parallel 3 -max-idle 10 -pause 1s /x?wait=20ms"),
		clientSet: []string{"ipv4/tcp_retries2=4"}, actions: []action{{500 * time.Millisecond, cutLine}}, after: time.Second,
		causes: causes{"retransmission_timeout": {3, 3}, "unanswered": {3, 3}},
	},
	{
		name: "go-unused", what: "connections that are opened and closed without a request, beside one that is used",
		servers: goServer(), clients: [][]string{raw("-parallel 3 dial sleep=500ms close"), client("-from " + secondIP + " -bursts 3 -pause 200ms /x")},
		causes: causes{"no_request": {3, 3}, "idle_at_end": {1, 1}},
	},
	{
		name: "go-half-close", what: "the client shuts its side down after the request, and reads the response",
		servers: goServer(), clients: [][]string{raw("-parallel 3 dial get=/x?wait=200ms shut read eof close")},
		causes: causes{"half_close": {3, 3}},
	},
	{
		name: "go-upgrade", what: "101 Switching Protocols: what follows is not HTTP",
		servers: goServer(), clients: [][]string{raw("-parallel 2 dial get=/x read upgrade=/x read text=hello line sleep=200ms text=GET line close")},
		causes: causes{"upgraded": {2, 2}},
	},
	{
		name: "go-connect", what: "CONNECT, and two requests inside the tunnel",
		servers: goServer(), clients: [][]string{raw("-parallel 2 dial tunnel=" + serverIP + ":8080 inner=/x read sleep=100ms inner=/x read close")},
		causes: causes{"tunnel": {2, 2}},
	},
	{
		name: "go-tls-failed", what: "the client does not trust the server's certificate",
		tls:     true,
		servers: goServer("-tls"), clients: one("-verify -bursts 3 -pause 100ms https://" + serverIP + ":8080/x"),
		causes: causes{"tls_failed": {3, 3}},
	},
	{
		name: "go-tls-idle", what: "over TLS, a server with IdleTimeout 1 s closes each connection",
		tls: true,
		at:  "server", servers: goServer("-tls", "-idle-timeout", "1s"),
		clients: one("-bursts 3 -parallel 3 -max-idle 10 -pause 1300ms https://" + serverIP + ":8080/x?wait=10ms"), after: 1300 * time.Millisecond,
		causes: causes{"server_idle_timeout": {9, 9}},
	},
	{
		name: "go-tls-pool", what: "over TLS, bursts of 8 with MaxIdleConnsPerHost 2: the client closes 6 after each",
		tls:     true,
		servers: goServer("-tls"), clients: one("-bursts 3 -parallel 8 -pause 200ms https://" + serverIP + ":8080/x?size=300&wait=20ms"),
		causes: causes{"client_pool_overflow": {18, 18}, "idle_at_end": {2, 2}},
	},
	{
		name: "go-tls-client-idle", what: "over TLS, the client closes after IdleConnTimeout 1.5 s",
		tls:   true,
		delay: 10 * time.Millisecond, servers: goServer("-tls"),
		clients: one("-parallel 3 -bursts 3 -pause 300ms -max-idle 10 -idle-timeout 1500ms https://" + serverIP + ":8080/x?wait=20ms"), after: 2 * time.Second,
		causes: causes{"client_idle_timeout": {3, 3}},
	},
	{
		name: "go-tls-unread", what: "over TLS, small bodies closed unread: a new connection for each request",
		tls:     true,
		servers: goServer("-tls"), clients: one("-bursts 4 -body close -pause 100ms https://" + serverIP + ":8080/x"),
		causes: causes{"client_closed_after_response": {4, 4}},
	},
	{
		name: "not-http", what: "a protocol whose server speaks first",
		servers: goServer("-greet", "220 lab.example ready"), clients: [][]string{raw("-parallel 3 dial line text=HELO line sleep=100ms text=QUIT line close")},
		causes: causes{"not_http": {3, 3}},
	},
	{
		name: "go-h2c-shutdown", what: "HTTP/2 in the clear: http.Server.Shutdown sends GOAWAY, then refusals",
		servers: goServer("-h2c"), clients: one("-h2c -bursts 4 -pause 300ms /x?wait=20ms"),
		actions: []action{{800 * time.Millisecond, shutDown}}, after: 1500 * time.Millisecond,
		causes: causes{"goaway": {1, 1}, "refused": {1, 2}},
	},
}
