//go:build linux

package main

import "time"

// goCases are of Go at both ends.
var goCases = []labCase{
	secure("tls-go-reuse", "Go over TLS 1.3, bodies read: one connection carries every request",
		goTLS(), [][]string{goClient("-resume -bursts 5 -pause 100ms /x")}, causes{"idle_at_end": {1, 1}}).well(),
	secure("tls-go12-resumed", "TLS 1.2, connections closed after each exchange, sessions kept: the first handshake is full, the others are resumed",
		goTLS(), [][]string{goClient("-tls-versions 1.2 -resume -close-idle -bursts 4 -pause 100ms /x")}, causes{"client_closed_after_response": {4, 4}}),
	secure("tls-go13-resumed", "TLS 1.3, connections closed after each exchange, sessions kept: the first handshake is full, the others are resumed",
		goTLS(), [][]string{goClient("-resume -close-idle -bursts 4 -pause 100ms /x")}, causes{"client_closed_after_response": {4, 4}}),
	secure("tls-go-no-tickets", "a server without session tickets: every handshake is full",
		goTLS("-no-tickets"), [][]string{goClient("-resume -close-idle -bursts 4 -pause 100ms /x")}, causes{"client_closed_after_response": {4, 4}}),
	secure("tls-go-unread-small", "Go 1.26, small bodies closed unread: a new connection for each request",
		goTLS(), [][]string{goClient("-bursts 4 -body close -pause 100ms /x?size=300")}, causes{"client_closed_after_response": {4, 4}}),
	secure("tls-go-next-unread", "Go 1.27, small bodies closed unread: it drains them and goes on",
		quiet("server-next", 8080, "-tls"), [][]string{goClient("next -bursts 4 -body close -pause 100ms /x?size=300")}, causes{"idle_at_end": {1, 1}}).well(),
	secure("tls-go-unread-big", "big bodies closed unread: the connection is closed in the response",
		goTLS(), [][]string{goClient("-bursts 3 -body close -pause 200ms /x?size=20000")}, causes{"client_unread_body": {0, 3}, "client_closed_after_response": {0, 3}}),
	secure("tls-go-pool-far", "bursts of 5 with MaxIdleConnsPerHost 2 at 20 ms",
		goTLS(), [][]string{goClient("-bursts 3 -parallel 5 -pause 200ms /x?size=200&wait=20ms")}, causes{"client_pool_overflow": {9, 9}, "idle_at_end": {0, 2}, "no_request": {0, 2}}).far(),
	secure("tls-go-response-close", "the server says Connection: close in every response",
		goTLS("-no-reuse"), [][]string{goClient("-bursts 4 -pause 100ms /x?size=100")}, closesAtOnce(4)),
	secure("tls-go-request-close", "the client says Connection: close in every request",
		goTLS(), [][]string{goClient("-disable-keepalives -bursts 4 -pause 100ms /x?size=100")}, closesAtOnce(4)),
	secure("tls-go-idle-near", "IdleTimeout 1 s of the server, at 0.1 ms",
		goTLS("-idle-timeout", "1s"), [][]string{goClient("-bursts 2 -parallel 3 -max-idle 10 -pause 1300ms /x?wait=10ms&size=100")}, causes{"server_idle_timeout": {6, 6}}).near().lasting(1300 * time.Millisecond),
	secure("tls-go-idle-far", "IdleTimeout 1 s of the server, at 20 ms",
		goTLS("-idle-timeout", "1s"), [][]string{goClient("-bursts 2 -parallel 3 -max-idle 10 -pause 1300ms /x?wait=10ms&size=100")}, causes{"server_idle_timeout": {6, 6}}).far().lasting(1300 * time.Millisecond),
	secure("tls-go-client-idle-near", "IdleConnTimeout 1 s of the client, at 0.1 ms",
		goTLS(), [][]string{goClient("-bursts 2 -parallel 3 -max-idle 10 -idle-timeout 1s -pause 300ms /x?wait=20ms&size=100")}, causes{"client_idle_timeout": {3, 3}}).near().lasting(1500 * time.Millisecond),
	secure("tls-go-timeout", "Client.Timeout 200 ms, responses after 600 ms",
		goTLS(), [][]string{goClient("-bursts 3 -timeout 200ms -pause 100ms /x?wait=600ms&size=100")}, causes{"client_timeout": {3, 3}}).lasting(time.Second),
	secure("tls-go-writetimeout", "Server.WriteTimeout 200 ms: responses do not come",
		goTLS("-write-timeout", "200ms"), [][]string{goClient("-bursts 3 -pause 100ms /x?wait=400ms")}, causes{"server_timeout_empty": {3, 3}}),
	secure("tls-go-kill-server", "the server is killed while connections are idle, each for another time",
		goTLS(), staggered, causes{"server_exit": {0, 3}, "server_closed_unannounced": {0, 3}}).acting(action{900 * time.Millisecond, killServer}),
	secure("tls-go-kill-busy", "the server is killed with connections idle and others waiting for a response",
		goTLS(), [][]string{goClient("-parallel 3 -max-idle 10 /x?wait=20ms&size=100"), goClient("-parallel 3 -max-idle 10 /x?wait=3s&size=100")}, causes{"server_exit": {6, 6}}).acting(action{600 * time.Millisecond, killServer}),
	secure("tls-go-kill-client", "the client is killed while its connections are idle",
		goTLS(), [][]string{goClient("-parallel 3 -max-idle 10 /x?wait=20ms&size=100")}, causes{"client_exit": {3, 3}}).acting(action{600 * time.Millisecond, killClient}),
	secure("tls-go-drain", "the server shuts down while connections are idle",
		goTLS(), staggered, causes{"server_drain": {0, 3}, "server_exit": {0, 3}, "server_closed_unannounced": {0, 3}}).acting(action{900 * time.Millisecond, shutDown}),
	secure("tls-go-new-client", "a new Transport for every request: connections leak, open and unused",
		goTLS(), [][]string{goClient("-bursts 4 -new-client -pause 200ms /x?size=100")}, causes{"leaked": {3, 3}, "idle_at_end": {1, 1}}).lasting(time.Second),
	secure("tls-go-stale-race", "requests 20 ms before the server's idle close reaches the client, at 20 ms",
		goTLS("-idle-timeout", "1s"), [][]string{goClient("-bursts 5 -pause 980ms /x?size=100"), goClient("-from " + secondIP + " -bursts 4 -pause 1100ms /x?size=100")},
		causes{"stale_race": {1, 4}, "server_idle_timeout": {4, 8}}).far().lasting(1300 * time.Millisecond),
	secure("tls-go-cut-idle", "the line is cut while connections are idle: probes unanswered, then RST",
		goTLS("-probes", "-1s"), [][]string{goClient("-parallel 2 -probe-idle 1s -probe-interval 1s -probe-count 3 /x?wait=20ms&size=100")}, causes{"dead_peer": {2, 2}}).
		acting(action{1500 * time.Millisecond, cutLine}).lasting(5 * time.Second),
	secure("tls-go-linger", "the server closes with SO_LINGER 0 just after each response: RST",
		goTLS("-reset-after", "2ms"), [][]string{goClient("-bursts 4 -pause 100ms /x?size=100")}, causes{"server_reset": {4, 4}}),
	secure("tls-go-certificate", "the server asks for a client certificate, and gets one",
		goTLS("-client-certificate"), [][]string{goClient("-certificate -bursts 3 -parallel 2 -pause 100ms /x?size=100")}, causes{"idle_at_end": {2, 2}}).well(),
	secure("tls-go12-certificate", "the server asks for a client certificate in TLS 1.2, and gets one",
		goTLS("-client-certificate", "-tls-versions", "1.2"), [][]string{goClient("-certificate -bursts 3 -parallel 2 -pause 100ms /x?size=100")}, causes{"idle_at_end": {2, 2}}).well(),
	secure("tls-go-retry", "the server accepts one group that the client sends no key share for: HelloRetryRequest",
		goTLS("-group", "P-384"), [][]string{goClient("-bursts 3 -parallel 2 -pause 100ms /x?size=100")}, causes{"idle_at_end": {2, 2}}).well(),
	inClear("tls-go-connect", "CONNECT, and TLS with two requests inside the tunnel",
		append(goServer(), program{kind: "server", port: 8081, args: []string{"-tls"}}),
		[][]string{goClient("-proxy http://" + serverIP + ":8080 -bursts 2 -pause 100ms :8081/x?size=100")}, causes{"tunnel": {1, 1}}).notEstimated(),
	secure("tls-go-h2-reuse", "HTTP/2: one connection, requests one after the other",
		goTLS("-alpn", "h2,http/1.1"), [][]string{goClient("-h2 -bursts 5 -pause 100ms /x?size=100")}, causes{"idle_at_end": {1, 1}}).well(),
	secure("tls-go-h2-idle-near", "HTTP/2: IdleTimeout 1 s of the server, at 0.1 ms",
		goTLS("-alpn", "h2,http/1.1", "-idle-timeout", "1s"), [][]string{goClient("-h2 -bursts 4 -pause 2300ms /x?size=100")}, causes{"server_idle_timeout": {0, 4}, "goaway": {0, 4}}).near().lasting(2300 * time.Millisecond),
	secure("tls-go-h2-idle-far", "HTTP/2: IdleTimeout 1 s of the server, at 20 ms",
		goTLS("-alpn", "h2,http/1.1", "-idle-timeout", "1s"), [][]string{goClient("-h2 -bursts 4 -pause 2300ms /x?size=100")}, causes{"server_idle_timeout": {0, 4}, "goaway": {0, 4}}).far().lasting(2300 * time.Millisecond),
	secure("tls-go-h2-drain", "HTTP/2: the server shuts down",
		goTLS("-alpn", "h2,http/1.1"), [][]string{goClient("-h2 -bursts 2 -pause 200ms /x?wait=20ms&size=100")}, causes{"goaway": {0, 1}, "server_exit": {0, 1}, "server_drain": {0, 1}, "server_closed_unannounced": {0, 1}}).acting(action{800 * time.Millisecond, shutDown}).lasting(1500 * time.Millisecond),
	secure("tls-go-h2-burst", "HTTP/2: four requests at once of a client that knows no connection yet",
		goTLS("-alpn", "h2,http/1.1"), [][]string{goClient("-h2 -bursts 2 -parallel 4 -pause 400ms /x?wait=20ms&size=100")}, causes{"spare_dial": {0, 3}, "idle_at_end": {1, 1}}).well(),
	secure("tls-unused", "connections that shake hands and are closed without a request, beside one that is used",
		goSays(), [][]string{
			shell(sClient(8080, "-quiet -no_ign_eof -alpn http/1.1", "sleep 0.5") + sClient(8080, "-quiet -no_ign_eof -alpn http/1.1", "sleep 0.5")),
			shell(curl("8080:/x?size=100 8080:/x?size=100 8080:/x?size=100")),
		}, causes{"no_request": {0, 2}, "spare_dial": {0, 2}, "client_closed_after_response": {0, 1}, "client_exit": {0, 1}}).needing("openssl"),
}

// staggered are clients whose last responses come at different times.
var staggered = [][]string{goClient("-bursts 1 /x?size=100"), goClient("-bursts 2 -pause 250ms /x?size=100"), goClient("-bursts 3 -pause 250ms /x?size=100")}

// closesAtOnce is of connections that a header closed: which side did, and that it was
// told to, is in no packet.
func closesAtOnce(n int) causes {
	c := causes{}
	for _, name := range []string{"response_connection_close", "request_connection_close", "client_closed_after_response", "server_closed_unannounced", "server_max_requests"} {
		c[name] = [2]int{0, n}
	}
	return c
}
