//go:build linux

package main

import (
	"strings"
	"time"
)

const someAtOnce = "-h2 -warm -bursts 3 -parallel 4 -pause 250ms "

// h2ServerCases are of servers other than Go's.
var h2ServerCases = []labCase{
	overH2("h2-nginx-requests", "nginx with keepalive_requests 3: GOAWAY with each third response",
		quiet("nginx-tls", 8445), [][]string{goClient("-h2 -bursts 10 -pause 100ms :8445/x")}, with(away(3), stays)).keyedAs(with(goes(3), stays)),
	overH2("h2-nginx-age", "nginx with keepalive_time 1s: GOAWAY with the first response after that",
		quiet("nginx-h2", 8482), [][]string{goClient("-h2 -bursts 6 -pause 600ms :8482/x")}, away(2)).keyedAs(goes(2)),
	overH2("h2-nginx-reload", "nginx -s reload: GOAWAY on the open connection",
		quiet("nginx-h2", 8481), [][]string{goClient(someAtOnce + ":8481/x")}, with(with(away(1), stays), unused(6))).keyedAs(with(with(goes(1), stays), unused(6))).acting(action{400 * time.Millisecond, reload}),
	overH2("h2-nginx-refused", "nginx with http2_max_concurrent_streams 4, and curl that begins with 9: 5 are refused, and sent again on another connection",
		logging("nginx-h2", 8483), [][]string{shell(curl("--http2 -Z " + strings.Repeat("8483:/x ", 9)))}, exits(6)).keyedAs(causes{"client_closed_after_response": {2, 6}}).far(),
	clearH2("h2c-nginx-requests", "nginx in clear text with keepalive_requests 4: GOAWAY",
		quiet("nginx-h2", 8485), [][]string{client("-h2c -bursts 9 -pause 80ms :8485/x")}, causes{"goaway": {2, 2}, "idle_at_end": {1, 1}}).withCertificate(),
	clearH2("h2c-haproxy", "HAProxy in front of Go's server, HTTP/2 in clear text on both sides",
		[]program{{kind: "haproxy-h2", port: 8476, near: true}, {kind: "server", port: 8080, args: []string{"-h2c", "-say"}}},
		[][]string{proxiedH2("-h2c -warm -bursts 3 -parallel 4 -pause 200ms /x?wait=30ms&size=300")}, causes{"idle_at_end": {2, 4}}).behindProxy().withCertificate().well(),
	overH2("h2-haproxy-stop", "HAProxy stops softly while its connection is idle",
		quiet("haproxy-h2", 8475), [][]string{goClient("-h2 -bursts 3 -pause 200ms :8475/x")}, with(away(1), causes{"idle_at_end": {0, 1}})).keyedAs(goes(1)).acting(action{800 * time.Millisecond, stopSoftly}).lasting(2 * time.Second),
	overH2("h2-apache-idle", "Apache with KeepAliveTimeout 1: GOAWAY",
		quiet("apache-tls", 8462), [][]string{goClient("-h2 -bursts 3 -pause 2s :8462/x")}, idleH2(3)).keyedAs(goes(3)).lasting(2 * time.Second),
	overH2("h2-caddy-mux", "Caddy: four requests at once, three times",
		quiet("caddy", 8443), [][]string{goClient(someAtOnce + ":8443/x")}, stays).well(),
	clearH2("h2c-caddy-mux", "Caddy in clear text, by prior knowledge",
		quiet("caddy", 8443), [][]string{client("-h2c -warm -bursts 3 -parallel 4 -pause 250ms :8444/x")}, stays).withCertificate().well(),
	overH2("h2-caddy-reload", "Caddy reloads its configuration: GOAWAY",
		quiet("caddy", 8443), [][]string{goClient("-h2 -bursts 4 -pause 700ms :8443/x")}, with(away(1), stays)).keyedAs(with(goes(1), stays)).acting(action{time.Second, reload}).lasting(2 * time.Second),
	overH2("h2-node-next-mux", "the newest Node's server",
		quiet("node-tls-next", 8080, "h2=1", "wait=30"), [][]string{goClient(someAtOnce + "/x")}, stays).well(),
}

// unused is of connections that a cold client opens for a burst beside the one that it needs.
func unused(n int) causes { return causes{"spare_dial": {0, n}, "no_request": {0, n}} }

// proxiedH2 is the lab's client on the servers' side, of the proxy on the other.
func proxiedH2(line string) []string {
	args := client(line)
	for i := range args {
		args[i] = strings.Replace(args[i], "http://"+serverIP+":8080", "http://"+clientIP+":8476", 1)
	}
	return append([]string{args[0], "-from", farIP}, args[1:]...)
}

// h2ClientCases are of clients other than Go's.
var h2ClientCases = []labCase{
	overH2("h2-curl-parallel", "curl with five transfers at once, on one connection to nginx",
		logging("nginx-tls", 8452), [][]string{shell(curl("--http2 -Z " + strings.Repeat("8452:/x ", 5)))}, exits(1)).well(),
	clearH2("h2c-curl-prior", "curl --http2-prior-knowledge to nginx, started anew for each request: curl 7.88 fails at a second one",
		logging("nginx-h2", 8484), [][]string{shell(clearURLs(times(3, "0.1", curl("--http2-prior-knowledge 8484:/x"))))}, exits(3)).withCertificate(),
	clearH2("h2c-curl-upgrade", "curl --http2 to Apache: HTTP/1.1, Upgrade: h2c, four requests",
		logging("apache-h2", 8491), [][]string{shell(clearURLs(curl("--http2 " + strings.Repeat("8491:/x ", 4))))}, exits(1)).well(),
	clearH2("h2c-java-upgrade", "Java's HttpClient to Apache: Upgrade: h2c, then two requests at once",
		logging("apache-h2", 8491), [][]string{javaClear("4 2 150 TLSv1.3")}, causes{"idle_at_end": {1, 1}, "client_closed_after_response": {0, 1}, "spare_dial": {0, 1}}),
	overH2("h2-java-mux", "Java's HttpClient: three requests at once, three times",
		goSaysKeys("-alpn", "h2,http/1.1"), [][]string{javaClient("", "client2", 8080, "3 3 200 TLSv1.3")}, causes{"idle_at_end": {1, 1}, "client_closed_after_response": {0, 2}}).keyedAs(causes{"idle_at_end": {1, 1}, "client_closed_after_response": {2, 2}}),
	overH2("h2-node-next-http2", "the newest Node's http2 client: four requests at once, three times",
		goH2Says(), [][]string{nodeClient("node-next", "http2", 8080, "bursts=3 parallel=4 pause=200")}, stays).well(),
	overH2("h2-node-next-cancel", "the newest Node resets streams after 100 ms",
		goH2Says(), [][]string{nodeWaits("node-next", "http2", "bursts=4 parallel=2 pause=200 cancel=100")}, stays).lasting(700 * time.Millisecond),
	overH2("h2-node-next-pings", "the newest Node pings every 300 ms",
		goH2Says(), [][]string{nodeClient("node-next", "http2", 8080, "bursts=3 pause=1000 ping=300")}, stays).well(),
	overH2("h2-undici7", "undici 7 with allowH2: one stream at a time on each of three connections",
		goH2Says(), [][]string{nodeClient("node-next", "undici7", 8080, "bursts=3 parallel=3 pause=200 h2=1")}, causes{"idle_at_end": {3, 3}}).needing("npm"),
	overH2("h2-undici8", "undici 8: all on one connection",
		goH2Says(), [][]string{nodeClient("node-next", "undici", 8080, "bursts=3 parallel=3 pause=200 h2=1")}, causes{"idle_at_end": {1, 1}, "spare_dial": {0, 2}}).needing("npm").well(),
	overH2("h2-websocket", "WebSocket by extended CONNECT, beside a request: messages both ways, pings of the server, close with 1000",
		logging("node-tls-next", 8080, "h2=1", "connect=1"), [][]string{nodeClient("node-next", "h2ws", 8080, "parallel=2")}, stays),
	secure("h1-websocket", "WebSocket over TLS and HTTP/1.1, the newest Node: messages both ways, pings of the server, close with 1005",
		logging("node-tls-next", 8080, "ws=1"), [][]string{nodeClient("node-next", "ws", 8080, "parallel=2")}, causes{"upgraded": {0, 2}, "server_closed_unannounced": {0, 2}, "client_closed_after_response": {0, 2}}).notEstimated().needing("npm"),
}

// javaClear is the lab's Java client without TLS.
func javaClear(line string) []string {
	return append([]string{"java", "@LAB@/Client.java", "client2", "http://" + serverIP + ":8491/x"}, strings.Fields(line)...)
}

// nodeWaits is nodeClient of a response that comes after 600 ms.
func nodeWaits(node, library, options string) []string {
	args := nodeClient(node, library, 8080, options)
	for i := range args {
		if strings.HasPrefix(args[i], "https://") {
			args[i] += "?wait=600ms"
		}
	}
	return args
}
