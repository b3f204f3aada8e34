//go:build linux

package main

import "time"

const reuse = "-bursts 2 -parallel 3 -max-idle 10 -pause 1300ms "

// serverCases are of servers other than Go's, with Go's client or curl.
var serverCases = []labCase{
	secure("tls-nginx-reuse", "nginx and Go's client: reuse",
		quiet("nginx-tls", 8441), [][]string{goClient("-resume -bursts 4 -parallel 2 -max-idle 10 -pause 100ms :8441/x")}, causes{"idle_at_end": {2, 2}}).well(),
	secure("tls-nginx-idle-near", "nginx with keepalive_timeout 1s, at 0.1 ms",
		quiet("nginx-tls", 8442), [][]string{goClient(reuse + ":8442/x")}, idleH1).near().lasting(1300 * time.Millisecond),
	secure("tls-nginx-idle-far", "nginx with keepalive_timeout 1s, at 20 ms",
		quiet("nginx-tls", 8442), [][]string{goClient(reuse + ":8442/x")}, idleH1).far().lasting(1300 * time.Millisecond),
	secure("tls-nginx-requests", "nginx with keepalive_requests 3",
		quiet("nginx-tls", 8443), [][]string{goClient("-bursts 10 -pause 50ms :8443/x")}, limited(3)),
	secure("tls-nginx-close", "nginx with keepalive_timeout 0: Connection: close in every response",
		quiet("nginx-tls", 8447), [][]string{goClient("-bursts 4 -pause 100ms :8447/x")}, closesAtOnce(4)),
	secure("tls-nginx-h2-idle-near", "nginx, HTTP/2, keepalive_timeout 1s, at 0.1 ms",
		quiet("nginx-tls", 8444), [][]string{goClient("-h2 -bursts 4 -pause 1300ms :8444/x")}, idleH2(4)).near().lasting(1300 * time.Millisecond),
	secure("tls-nginx-h2-idle-far", "nginx, HTTP/2, keepalive_timeout 1s, at 20 ms",
		quiet("nginx-tls", 8444), [][]string{goClient("-h2 -bursts 4 -pause 1300ms :8444/x")}, idleH2(4)).far().lasting(1300 * time.Millisecond),
	secure("tls-nginx-h2-requests", "nginx, HTTP/2, keepalive_requests 3",
		quiet("nginx-tls", 8445), [][]string{goClient("-h2 -bursts 10 -pause 100ms :8445/x")}, causes{"goaway": {0, 3}, "server_max_requests": {0, 3}, "server_closed_unannounced": {0, 3}, "client_closed_after_response": {0, 3}, "idle_at_end": {1, 1}}),
	secure("tls-nginx12-resumed", "nginx with TLS 1.2 alone, sessions resumed by tickets",
		quiet("nginx-tls", 8446), [][]string{goClient("-resume -close-idle -bursts 4 -pause 100ms :8446/x")}, causes{"client_closed_after_response": {4, 4}}),
	secure("tls-nginx12-refused", "nginx without tickets and session cache: curl offers its session, each handshake is full",
		logging("nginx-tls", 8453), [][]string{shell(curl("8453:/x") + curl("8453:/x -H Connection:close --next -sk 8453:/x -H Connection:close --next -sk 8453:/x"))}, closesOrExits(4)),
	secure("tls-nginx-retry", "nginx that accepts P-384 alone, for which curl sends no key share: HelloRetryRequest",
		logging("nginx-tls", 8450), [][]string{shell(curl("8450:/x 8450:/x 8450:/x"))}, exits(1)),
	secure("tls-nginx-certificate", "nginx asks for a client certificate, there is none, it goes on all the same",
		quiet("nginx-tls", 8449), [][]string{goClient("-bursts 3 -parallel 2 -max-idle 10 -pause 100ms :8449/x")}, causes{"idle_at_end": {2, 2}}).well(),
	secure("tls-apache-idle-near", "Apache with KeepAliveTimeout 1, at 0.1 ms",
		quiet("apache-tls", 8461), [][]string{goClient("-bursts 2 -parallel 2 -max-idle 10 -pause 1300ms :8461/x")}, causes{"server_idle_timeout": {2, 4}, "server_closed_unannounced": {0, 2}, "no_request": {0, 1}}).near().lasting(1500 * time.Millisecond),
	secure("tls-apache-idle-far", "Apache with KeepAliveTimeout 1, at 20 ms",
		quiet("apache-tls", 8461), [][]string{goClient(reuse + ":8461/x")}, idleH1).far().lasting(1500 * time.Millisecond),
	secure("tls-apache-requests", "Apache with MaxKeepAliveRequests 3, which allows 4",
		quiet("apache-tls", 8461), [][]string{goClient("-bursts 13 -pause 50ms :8461/x")}, limited(3)),
	secure("tls-apache-h2-idle", "Apache, HTTP/2, KeepAliveTimeout 1",
		quiet("apache-tls", 8462), [][]string{goClient("-h2 -bursts 4 -pause 1500ms :8462/x")}, idleH2(4)).lasting(1500 * time.Millisecond),
	secure("tls-haproxy-idle-near", "HAProxy with http-keep-alive 1s, at 0.1 ms",
		quiet("haproxy", 8471), [][]string{goClient(reuse + ":8471/x")}, idleH1).near().lasting(1500 * time.Millisecond),
	secure("tls-haproxy-idle-far", "HAProxy with http-keep-alive 1s, at 20 ms",
		quiet("haproxy", 8471), [][]string{goClient(reuse + ":8471/x")}, idleH1).far().lasting(1500 * time.Millisecond),
	secure("tls-haproxy-close", "HAProxy with option httpclose",
		quiet("haproxy", 8472), [][]string{goClient("-bursts 4 -pause 100ms :8472/x")}, closesAtOnce(4)),
	secure("tls-haproxy-h2-idle", "HAProxy, HTTP/2, timeout client 1s",
		quiet("haproxy", 8473), [][]string{goClient("-h2 -bursts 4 -pause 1500ms :8473/x")}, idleH2(4)).lasting(1500 * time.Millisecond),
	secure("tls-node-idle-near", "Node 20 with keepAliveTimeout 1 s, which closes after 2 s, at 0.1 ms",
		quiet("node-tls", 8080, "keepAliveTimeout=1000"), [][]string{goClient("-bursts 2 -parallel 3 -max-idle 10 -pause 2300ms /x")}, idleH1).near().lasting(2300 * time.Millisecond),
	secure("tls-node-idle-far", "Node 20 with keepAliveTimeout 1 s, which closes after 2 s, at 20 ms",
		quiet("node-tls", 8080, "keepAliveTimeout=1000"), [][]string{goClient("-bursts 2 -parallel 3 -max-idle 10 -pause 2300ms /x")}, idleH1).far().lasting(2300 * time.Millisecond),
	secure("tls-node-next-idle", "the newest Node with keepAliveTimeout 1 s",
		quiet("node-tls-next", 8080, "keepAliveTimeout=1000"), [][]string{goClient("-bursts 2 -parallel 3 -max-idle 10 -pause 2300ms /x")}, idleH1).lasting(2300 * time.Millisecond),
	secure("tls-node-close", "Node 20 says Connection: close in every third response",
		quiet("node-tls", 8080, "close=3"), [][]string{goClient("-bursts 10 -pause 50ms /x")}, limited(3)),
	secure("tls-node-h2-reuse", "Node 20, HTTP/2, Go's client",
		quiet("node-tls", 8080, "h2=1"), [][]string{goClient("-h2 -bursts 4 -pause 200ms /x")}, causes{"idle_at_end": {1, 1}}).well(),
	secure("tls-node-h2-idle", "Node 20 closes sessions of HTTP/2 that are idle for 1 s",
		quiet("node-tls", 8080, "h2=1", "h2idle=1000"), [][]string{goClient("-h2 -bursts 4 -pause 1500ms /x")}, idleH2(4)).lasting(1500 * time.Millisecond),
}

// idleH1 is of idle connections of HTTP/1.1 that the server closes. One that Go opened and
// never used stays.
var idleH1 = causes{"server_idle_timeout": {3, 6}, "no_request": {0, 2}}

// limited is of connections that end at a limit of requests, and one that goes on.
func limited(n int) causes { return causes{"server_max_requests": {n, n}, "idle_at_end": {1, 1}} }

// idleH2 is of idle connections of HTTP/2 that the server closes: whether it said GOAWAY
// is encrypted.
func idleH2(n int) causes { return causes{"server_idle_timeout": {0, n}, "goaway": {0, n}} }

// closesTogether is of a client whose timer closes several connections at one moment, as
// the end of its process would.
func closesTogether(n int) causes { return with(exits(n), causes{"client_idle_timeout": {0, n}}) }

// exits is of clients that end after their last response.
func exits(n int) causes {
	return causes{"client_closed_after_response": {0, n}, "client_exit": {0, n}}
}

// closesOrExits is of connections closed by headers or by programs that end.
func closesOrExits(n int) causes { return with(closesAtOnce(n), exits(n)) }

// with joins causes.
func with(a, b causes) causes {
	all := causes{}
	for _, c := range []causes{a, b} {
		for name, n := range c {
			all[name] = n
		}
	}
	return all
}

// clientCases are of clients other than Go's.
var clientCases = []labCase{
	secure("tls-curl-reuse", "curl: four requests on one connection, then the program ends",
		logging("nginx-tls", 8441), [][]string{shell(curl("8441:/x 8441:/x 8441:/x 8441:/x"))}, exits(1)).well(),
	secure("tls-curl-each", "curl, started anew for each request",
		logging("nginx-tls", 8441), [][]string{shell(times(4, "0.1", curl("8441:/x")))}, exits(4)),
	secure("tls-curl12-each", "curl with TLS 1.2, started anew for each request",
		goSays(), [][]string{shell(times(4, "0.1", curl("--tls-max 1.2 8080:/x?size=100")))}, exits(4)),
	secure("tls-curl-parallel", "curl with three transfers at once, no HTTP/2 at the server",
		logging("nginx-tls", 8441), [][]string{shell(curl("-Z 8441:/x 8441:/x 8441:/x"))}, with(exits(3), causes{"no_request": {0, 1}, "spare_dial": {0, 1}})),
	secure("tls-curl-h2", "curl, HTTP/2, to nginx",
		logging("nginx-tls", 8452), [][]string{shell(curl("8452:/x 8452:/x 8452:/x"))}, exits(1)),
	secure("tls-curl-upload", "curl uploads with Expect: 100-continue",
		goSaysKeys(), [][]string{shell("head -c 3000 /dev/zero >upload\n" + curl("-H Expect:100-continue --data-binary @upload 8080:/x?limit=5000 8080:/x?limit=5000"))}, exits(1)).well(),
	secure("tls-node-agent-idle", "Node 20, an agent with a timeout of 1 s",
		goSays(), [][]string{nodeClient("node", "https", 8080, "bursts=1 parallel=3 pause=300 tail=2 idle=1000")}, causes{"client_idle_timeout": {3, 3}}).lasting(1500 * time.Millisecond),
	secure("tls-node-agent", "Node 20's default agent, which keeps connections for 5 s",
		goSays(), [][]string{nodeClient("node", "https", 8080, "bursts=1 parallel=3 pause=300 tail=2")}, closesTogether(3)).lasting(5500 * time.Millisecond),
	secure("tls-node-each", "Node 20, a new agent for each request",
		goSays(), [][]string{nodeClient("node", "each", 8080, "bursts=4 pause=100")}, causes{"leaked": {0, 4}, "idle_at_end": {0, 4}}).lasting(time.Second),
	secure("tls-node-unread", "Node 20 destroys responses unread",
		goSays(), [][]string{nodeClient("node", "https", 8080, "bursts=4 pause=100 unread=1")}, causes{"client_closed_after_response": {0, 4}, "client_unread_body": {0, 4}}),
	secure("tls-node-fetch", "Node 20's fetch, which keeps connections for 4 s",
		goSays(), [][]string{nodeClient("node", "fetch", 8080, "bursts=1 parallel=3 pause=300 tail=2")}, closesTogether(3)).lasting(4500 * time.Millisecond),
	secure("tls-node-next-fetch", "the newest Node's fetch",
		goSays(), [][]string{nodeClient("node-next", "fetch", 8080, "bursts=1 parallel=3 pause=300 tail=2")}, closesTogether(3)).lasting(4500 * time.Millisecond),
	secure("tls-node-next-undici-h2", "undici 8, HTTP/2",
		goSays("-alpn", "h2,http/1.1"), [][]string{nodeClient("node-next", "undici", 8080, "bursts=3 parallel=3 pause=200 h2=1 idle=1000")}, causes{"client_idle_timeout": {0, 3}, "client_closed_after_response": {0, 3}, "spare_dial": {0, 2}, "idle_at_end": {0, 3}}).needing("npm").lasting(1500 * time.Millisecond),
	secure("tls-node-http2", "Node 20's http2 client",
		goSays("-alpn", "h2,http/1.1"), [][]string{nodeClient("node", "http2", 8080, "bursts=3 parallel=2 pause=200")}, causes{"idle_at_end": {1, 1}}).well(),
	secure("tls-websocket", "WebSocket over TLS: messages both ways, pings of the server",
		logging("node-tls", 8080, "ws=1"), [][]string{nodeClient("node", "ws", 8080, "parallel=2")}, causes{"upgraded": {0, 2}, "server_closed_unannounced": {0, 2}, "client_closed_after_response": {0, 2}}).notEstimated().needing("npm"),
	secure("tls-python-http", "Python's http.client: one connection",
		goSays(), [][]string{pythonClient("http.client", 8080, "bursts=4 pause=100")}, causes{"idle_at_end": {1, 1}}).well(),
	secure("tls-python-http12", "Python's http.client with TLS 1.2, responses unread, closed",
		goSays(), [][]string{pythonClient("http.client", 8080, "bursts=4 pause=100 unread=1 max=TLSv1_2")}, causes{"client_closed_after_response": {0, 4}, "client_unread_body": {0, 4}}),
	secure("tls-python-requests", "requests without a Session: a new connection for each request",
		goSays(), [][]string{pythonClient("requests", 8080, "bursts=4 pause=100")}, causes{"client_closed_after_response": {4, 4}}).needing("requests"),
	secure("tls-python-session", "requests with a Session",
		goSays(), [][]string{pythonClient("session", 8080, "bursts=4 pause=100")}, causes{"idle_at_end": {1, 1}}).needing("requests").well(),
	secure("tls-python-urllib3", "urllib3 with a pool of 1 and four threads: three connections are closed after each burst",
		goSays(), [][]string{pythonClient("urllib3", 8080, "bursts=3 parallel=4 pause=300")}, causes{"client_pool_overflow": {0, 9}, "client_closed_after_response": {0, 9}, "idle_at_end": {1, 1}}).needing("requests"),
	secure("tls-python-httpx", "httpx with keepalive_expiry 1 s, which it looks at with the next request",
		goSays(), [][]string{pythonClient("httpx", 8080, "bursts=3 pause=1300 idle=1")}, causes{"client_idle_timeout": {0, 2}, "client_closed_after_response": {0, 2}, "idle_at_end": {1, 1}}).needing("httpx"),
	secure("tls-python-aiohttp", "aiohttp with keepalive_timeout 1 s, which it looks at once a second: it closes all at once",
		goSays(), [][]string{pythonClient("aiohttp", 8080, "bursts=2 parallel=3 pause=300 idle=1 stay=2.5")}, closesTogether(3)).needing("aiohttp"),
	secure("tls-python-close", "httpx says Connection: close",
		goSays(), [][]string{pythonClient("httpx", 8080, "bursts=4 pause=100 close=1")}, closesAtOnce(4)).needing("httpx"),
	secure("tls-java-client", "Java's HttpClient with keepalive.timeout 2 s, of which it takes whole seconds: it closes all at once",
		goSaysKeys(), [][]string{javaClient("-Djdk.httpclient.keepalive.timeout=2", "client1", 8080, "2 3 300 TLSv1.3")}, closesTogether(3)).lasting(2800 * time.Millisecond),
	secure("tls-java12-client", "Java's HttpClient with TLS 1.2",
		goSaysKeys(), [][]string{javaClient("", "client1", 8080, "4 1 100 TLSv1.2")}, causes{"idle_at_end": {1, 1}}).well(),
	secure("tls-java-client-h2", "Java's HttpClient, HTTP/2",
		goSaysKeys("-alpn", "h2,http/1.1"), [][]string{javaClient("", "client2", 8080, "4 1 100 TLSv1.3")}, causes{"idle_at_end": {1, 1}}).well(),
	secure("tls-java-url", "Java's HttpsURLConnection",
		goSaysKeys(), [][]string{javaClient("", "url", 8080, "4 1 100 TLSv1.3")}, causes{"idle_at_end": {1, 1}}).well(),
}
