//go:build linux

package main

import (
	"time"
)

// reuseCases are those in which connections are used again, or are not because of how programs are set and
// written.
var reuseCases = []labCase{
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
		name: "go-unused", what: "connections that are opened and closed without a request, beside one that is used",
		servers: goServer(), clients: [][]string{raw("-parallel 3 dial sleep=500ms close"), client("-from " + secondIP + " -bursts 3 -pause 200ms /x")},
		causes: causes{"no_request": {3, 3}, "idle_at_end": {1, 1}},
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
}
