//go:build linux

package main

import (
	"strings"
	"time"
)

// failureCases are those in which something breaks: a program, the line, a timeout, an upload.
var failureCases = []labCase{
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
		name: "go-writetimeout", what: "Server.WriteTimeout 200 ms: empty responses and cut ones, on connections in turn",
		servers: goServer("-write-timeout", "200ms"),
		clients: one("-bursts 6 -pause 100ms /late?wait=400ms /cut?size=12000&pieces=6&gap=80ms"),
		causes:  causes{"server_timeout_empty": {3, 3}, "server_timeout_cut": {3, 3}},
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
		name: "go-half-close", what: "the client shuts its side down after the request, and reads the response",
		servers: goServer(), clients: [][]string{raw("-parallel 3 dial get=/x?wait=200ms shut read eof close")},
		causes: causes{"half_close": {3, 3}},
	},
	{
		name: "go-tls-failed", what: "the client does not trust the server's certificate",
		tls:     true,
		servers: goServer("-tls"), clients: one("-verify -bursts 3 -pause 100ms https://" + serverIP + ":8080/x"),
		causes: causes{"tls_failed": {3, 3}},
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
