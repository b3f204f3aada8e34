package products

import "time"

// programs is the table: one row for each program, in the order in which rules
// list what they advise. Rows without a name are of what hands traffic on and
// never says what it is.
//
// Defaults are from the programs' documentation and sources. Node closes a second
// after what it announces.
var programs = []Program{
	{
		Name:       "Go",
		ExactIdle:  true,
		Says:       []string{"Go-http-client", "go-resty"},
		ClientIdle: []Timeout{{Setting: "Go http.DefaultTransport IdleConnTimeout", After: 90 * time.Second}},
		ServerBody: []Timeout{{Setting: "Go http.Server.ReadTimeout"}},
		Pool:       2,
		KeepIdle:   "set Transport.MaxIdleConnsPerHost to %d or more (the default is 2), and MaxIdleConns not below it",
		Advice: map[string]Advice{
			"KA1001": Advise("remove DisableKeepAlives (Transport) and Request.Close = true", "share one http.Client"),
			"KA1003": Advise(`remove SetKeepAlivesEnabled(false) and the header "Connection: close"`),
			"KA1008": Advise("set http.Server.IdleTimeout above the pauses between requests (without it ReadTimeout holds), and keep the " +
				"client's idle timeout below it"),
			"KA1010": Advise(
				"raise Transport.IdleConnTimeout (90 s in http.DefaultTransport) if the pauses between requests are longer",
				"keep it below the server's",
			),
			"KA1012": Advise(
				"drain each body before resp.Body.Close(): io.Copy(io.Discard, resp.Body), through io.LimitReader if it may be large (Go 1.27 "+
					"drains up to 256 KiB by itself)",
				"share one http.Client with one Transport",
			),
			"KA1013": Advise(
				"defer resp.Body.Close() and read the body to the end (io.Copy(io.Discard, resp.Body))",
				"share one http.Client and Transport instead of making one per request",
			),
			"KA1014": Advise(
				"read each body to the end before resp.Body.Close() (io.Copy(io.Discard, resp.Body))",
				"share one http.Client",
				"do not set MaxIdleConnsPerHost below 0 or call CloseIdleConnections after each request",
			),
			"KA1016": Advise("raise http.Server.WriteTimeout above the slowest handler, or wrap handlers in http.TimeoutHandler with less, " +
				"which answers 503"),
			"KA1017": Advise("raise http.Client.Timeout (it holds for the whole body, too) or use a context with a deadline per request " +
				"and ResponseHeaderTimeout"),
			"KA1035": Advise(
				"let the handler read the body before it answers (io.Copy(io.Discard, r.Body), within a limit)",
				`have clients send "Expect: 100-continue" with large bodies (Transport.ExpectContinueTimeout)`,
			),
			"KA1060": Advise(
				"as a client set tls.Config.RootCAs to the server's authority (or SSL_CERT_FILE), ServerName to the name in "+
					"its certificate, and Certificates if it asks for one",
				"as a server set Certificates with the whole chain, and ClientCAs and ClientAuth to match the certificates of the clients",
			),
			"KA1061": Advise("share one http.Client, and set TLSClientConfig.ClientSessionCache of its Transport to " +
				"tls.NewLRUClientSessionCache(64): without it Go resumes no session"),
			"KA1062": Advise("let all processes and hosts behind the address call tls.Config.SetSessionTicketKeys with the same keys (else " +
				"each makes its own as it starts), and do not set SessionTicketsDisabled"),
			"KA1063": Advise("share one http.Client with one Transport for all requests, and do not make one per request or call " +
				"CloseIdleConnections"),
			"KA1081": Advise(
				"share one http.Client with one Transport for all requests, and do not make one per request or call CloseIdleConnections",
				"with gRPC call grpc.NewClient once",
			),
		},
	},
	{
		Name:      "beego",
		ExactIdle: true,
		Says:      []string{"beegoServer"},
		Advice: map[string]Advice{
			"KA1008": beegoTimeout,
			"KA1009": beegoTimeout,
			"KA1016": Advise("raise Listen.ServerTimeOut of beego above the slowest handler: it is http.Server.WriteTimeout, too"),
		},
	},
	{
		Name:       "fasthttp",
		Says:       []string{"fasthttp"},
		ClientIdle: []Timeout{{Setting: "fasthttp Client.MaxIdleConnDuration", After: 10 * time.Second}},
		Advice: map[string]Advice{
			"KA1010": Advise(
				"raise MaxIdleConnDuration of fasthttp's Client (10 s by default) if the pauses between requests are longer",
				"keep it below the server's",
			),
			"KA1042": Advise("set MaxIdleConnDuration of fasthttp's Client (10 s by default) below that: it does not check whether the " +
				"server has closed a connection").Noting("it retries GET, HEAD and PUT by itself, but not POST (RetryIfErr)"),
		},
	},
	{
		Name:       "nginx",
		ExactIdle:  true,
		Says:       []string{"nginx", "openresty"},
		ServerIdle: []Timeout{{Setting: "nginx keepalive_timeout", After: 75 * time.Second}},
		ClientIdle: []Timeout{{Setting: "nginx upstream keepalive_timeout", After: 60 * time.Second, Unnamed: true}},
		ServerBody: []Timeout{{Setting: "nginx client_body_timeout", After: 60 * time.Second}},
		Advice: map[string]Advice{
			"KA1003": Advise("set nginx's keepalive_timeout above 0 (default 75s) and keepalive_requests to 1000 or more"),
			"KA1004": Advise(`in nginx set proxy_http_version 1.1, proxy_set_header Connection "" and, in the upstream block, keepalive N`),
			"KA1005": Advise(`in the proxy set proxy_http_version 1.1, proxy_set_header Connection "" and, in the upstream block, ` +
				"keepalive N").Noting("nginx 1.29.7 and later do so by themselves"),
			"KA1006": Advise("raise nginx's keepalive_requests (1000 by default since 1.19.10)"),
			"KA1007": Advise("raise nginx's keepalive_time (1h by default)"),
			"KA1008": Advise("raise nginx's keepalive_timeout above the pauses between requests (default 75s), and keep the client's idle " +
				"timeout below it"),
			"KA1016": Advise("look in nginx's error log: return 444, or an upstream that ended early (proxy_read_timeout)"),
			"KA1035": Advise(
				"let nginx read the body before it hands the request on (proxy_request_buffering on, its default)",
				`have clients send "Expect: 100-continue" with large bodies`,
			),
			"KA1041": Advise("see nginx's reset_timedout_connection, send_timeout and return 444"),
			"KA1060": Advise(
				"see nginx's error log at level info",
				"ssl_certificate needs the whole chain, and ssl_protocols and ssl_ciphers what clients support",
				"as a proxy set proxy_ssl_name, proxy_ssl_server_name on, and proxy_ssl_certificate if the server asks for a certificate",
			),
			"KA1061": Advise("as a proxy set keepalive N in the upstream block, and leave proxy_ssl_session_reuse on (the default)"),
			"KA1062": Advise(
				"set nginx's ssl_session_cache shared:SSL:10m (none by default) and ssl_session_timeout to as long as clients "+
					"stay away (5m by default)",
				"on several hosts give each the same ssl_session_ticket_key FILE",
			),
		},
	},
	{
		Name:      "Apache",
		ExactIdle: true,
		Says:      []string{"Apache/"},

		MaxRequests: "MaxKeepAliveRequests", RequestsMore: 1,
		ServerIdle: []Timeout{{Setting: "Apache httpd KeepAliveTimeout", After: 5 * time.Second}},
		ServerBody: []Timeout{{Setting: "Apache httpd RequestReadTimeout", After: 20 * time.Second}},
		Advice: map[string]Advice{
			"KA1003": Advise("set Apache's KeepAlive On, KeepAliveTimeout to a few seconds and MaxKeepAliveRequests to 1000 or 0"),
			"KA1006": Advise("raise Apache's MaxKeepAliveRequests (100 by default, 0 is no limit): it allows one request more than that"),
			"KA1008": Advise("raise Apache's KeepAliveTimeout (5 s by default) above the pauses between requests, and keep the client's idle " +
				"timeout below it"),
			"KA1060": Advise(
				"see Apache's error log with LogLevel ssl:info",
				"SSLCertificateFile needs the whole chain, and SSLProtocol and SSLCipherSuite what clients support",
				"SSLVerifyClient says whether clients need a certificate",
			),
			"KA1062": Advise(
				"set Apache's SSLSessionCache shmcb:FILE and SSLSessionCacheTimeout (300 s by default)",
				"on several hosts give each the same SSLSessionTicketKeyFile",
			),
		},
	},
	{
		Name:      "Node",
		ExactIdle: true,
		Says:      []string{"node", "axios", "undici", "got ", "Express"},
		ServerIdle: []Timeout{
			{Setting: "Node keepAliveTimeout (5 s and 1 s)", After: 6 * time.Second},
			{Setting: "Node keepAliveTimeout, before the extra second", After: 5 * time.Second},
		},
		ClientIdle: []Timeout{
			{Setting: "undici (Node fetch) keepAliveTimeout", After: 4 * time.Second},
			{Setting: "Node http.Agent timeout", After: 5 * time.Second},
		},
		ServerBody: []Timeout{{Setting: "Node server.requestTimeout", After: 300 * time.Second}},
		Advice: map[string]Advice{
			"KA1001": Advise(`use an http.Agent with keepAlive: true for all requests, and drop the header "Connection: close"`),
			"KA1003": Advise(`do not set the header "Connection: close"`, "leave server.keepAliveTimeout above 0"),
			"KA1006": Advise("raise server.maxRequestsPerSocket, or leave it at 0"),
			"KA1017": Advise("raise the timeout of the request (the option timeout, AbortSignal.timeout), or make the server faster"),
			"KA1008": Advise(
				"raise server.keepAliveTimeout (5 s by default) above the pauses between requests, and headersTimeout with it",
				"keep the client's idle timeout below it",
			),
			"KA1011": Advise("raise maxFreeSockets of the http.Agent (256 by default) to the parallel requests"),
			"KA1010": Advise(
				"raise the timeout of the http.Agent (5 s by default), or keepAliveTimeout of undici's Agent (4 s), if the "+
					"pauses between requests are longer",
				"if the server announces a shorter timeout, raise that one: http.Agent closes 1 s before it, undici 2 s",
			),
			"KA1012": Advise(
				"read each body to the end (res.resume(), await response.arrayBuffer()), or ask with HEAD: with fetch "+
					"response.body.cancel() resets the connection if more than 64 KiB are still to come, and an unread body holds it "+
					"until it is garbage-collected",
				"share one agent",
			),
			"KA1013": Advise("read each response to its end (res.resume(), await response.arrayBuffer()) and use one http.Agent"),
			"KA1014": Advise("use an http.Agent with keepAlive: true, or fetch, for all requests"),
			"KA1060": Advise(
				"as a client give ca (or NODE_EXTRA_CA_CERTS), servername, and cert and key if the server asks for one",
				"as a server listen to the event tlsClientError, and give cert with the whole chain",
			),
			"KA1061": Advise("use one https.Agent with keepAlive: true, or one undici Agent, for all requests: it keeps sessions " +
				"(maxCachedSessions, 100 by default), agent: false keeps none"),
			"KA1062": Advise("give all processes and hosts behind the address the same ticketKeys (tls.createServer, or " +
				"server.setTicketKeys), and raise sessionTimeout (300 s by default) above the longest pause of a client"),
			"KA1063": Advise("use undici 8 or later (7 uses each connection for one request at a time), or one session of http2.connect " +
				"for all requests"),
			"KA1081": Advise("use one session of http2.connect, or one undici Agent, for all requests"),
		},
	},
	{
		Name: "Python",
		Says: []string{
			"python", "Python", "aiohttp", "gunicorn", "Werkzeug",
			"TornadoServer", "TwistedWeb", "waitress", "CherryPy", "Cheroot",
		},
		Advice: map[string]Advice{
			"KA1001": Advise(`use one requests.Session (or httpx.Client), and drop the header "Connection: close"`),
			"KA1003": Advise(
				"run behind a server that keeps connections (gunicorn -k gthread --keep-alive, uvicorn), with protocol "+
					"HTTP/1.1",
				"with waitress send Content-Length: it closes the connection after a response without one",
			),
			"KA1008": Advise("raise --keep-alive (gunicorn), --timeout-keep-alive (uvicorn), keepalive_timeout (aiohttp), " +
				"idle_connection_timeout (Tornado), timeout of the Site (Twisted), channel_timeout (waitress) or " +
				"server.socket_timeout (CherryPy) above the pauses between requests"),
			"KA1010": Advise(
				"raise keepalive_expiry of httpx.Limits (5 s by default) or keepalive_timeout of aiohttp's TCPConnector (15 s "+
					"by default) if the pauses between requests are longer",
				"keep it below the server's",
			),
			"KA1011": Advise("raise pool_maxsize of the HTTPAdapter (requests: 10 by default), maxsize of the PoolManager (urllib3: 1 by " +
				"default) or max_keepalive_connections of Limits (httpx: 20 by default) to the parallel requests"),
			"KA1012": Advise(
				"read each body to the end before the response is closed (requests: r.content, or no stream=True, aiohttp: "+
					"await r.read()), or ask with HEAD",
				"share one session",
			),
			"KA1013": Advise("use one requests.Session and read or close each response (with session.get(...) as r)"),
			"KA1014": Advise("use one requests.Session, httpx.Client or aiohttp.ClientSession for all requests: requests.get opens and " +
				"closes a connection each time"),
			"KA1016": Advise("raise the worker's timeout (gunicorn --timeout), and look for workers that were killed"),
			"KA1060": Advise("set verify=FILE (requests, httpx) or SSL_CERT_FILE to the server's authority, cert= if it asks for a certificate, and " +
				"minimum_version of the SSLContext to a version that it supports"),
			"KA1061": Advise("use one requests.Session, httpx.Client or aiohttp.ClientSession for all requests: these libraries resume no " +
				"session, so only reused connections save handshakes"),
			"KA1062": Advise(
				"make one SSLContext before worker processes are forked (each has ticket keys of its own), with num_tickets "+
					"above 0",
				"on several hosts put a proxy with shared keys in front",
			),
			"KA1063": Advise("use one httpx.Client(http2=True) for all requests"),
			"KA1081": Advise("use one httpx.Client(http2=True) for all requests", "with gRPC keep one channel"),
		},
	},
	{
		Name:      "Hypercorn",
		ExactIdle: true,
		Says:      []string{"hypercorn"},
		Advice: map[string]Advice{
			"KA1008": Advise("raise Hypercorn's keep_alive_timeout (5 s by default) above the pauses between requests, and keep the client's " +
				"idle timeout below it"),
			"KA1040": Advise(
				"in the application await receive() before answering: Hypercorn closes the connection if the response comes first",
				"otherwise look in its log at these times",
			),
		},
	},
	{
		Name:       "uvicorn",
		ExactIdle:  true,
		Says:       []string{"uvicorn"},
		ServerIdle: []Timeout{{Setting: "uvicorn timeout_keep_alive", After: 5 * time.Second, Rare: true}},
		Advice: map[string]Advice{
			"KA1008": Advise("raise uvicorn's --timeout-keep-alive (5 s by default) above the pauses between requests, and keep the client's " +
				"idle timeout below it"),
		},
	},
	{
		Name: "Python's http.server",
		Says: []string{"BaseHTTP", "SimpleHTTP"},

		ExactIdle: true,
		Advice: map[string]Advice{
			"KA1004": Advise("python -m http.server is HTTP/1.0 by default: start it with --protocol HTTP/1.1, or in code set " +
				`protocol_version = "HTTP/1.1" and send Content-Length`),
			"KA1008": Advise("raise timeout of the handler class above the pauses between requests, and keep the client's idle timeout below " +
				"it"),
		},
	},
	{
		Name: "Java",
		Says: []string{"Apache-HttpClient", "Apache-Coyote", "Java", "okhttp", "Jetty", "ReactorNetty"},
		ServerIdle: []Timeout{
			{Setting: "Tomcat connectionTimeout", After: 60 * time.Second},
			{Setting: "Tomcat connectionTimeout in server.xml", After: 20 * time.Second},
		},
		ClientIdle: []Timeout{
			{Setting: "Java HttpURLConnection", After: 5 * time.Second},
			{Setting: "OkHttp connection pool", After: 300 * time.Second},
		},
		ServerBody: []Timeout{
			{Setting: "Tomcat connectionTimeout", After: 60 * time.Second},
			{Setting: "Tomcat connectionTimeout in server.xml", After: 20 * time.Second},
		},
		Advice: map[string]Advice{
			"KA1001": Advise(
				`remove -Dhttp.keepAlive=false (HttpURLConnection) and the header "Connection: close"`,
				"share one HttpClient",
			),
			"KA1006": Advise("raise maxKeepAliveRequests (Tomcat: 100 by default, -1 is no limit)"),
			"KA1008": Advise("raise idleTimeout of Jetty's ServerConnector (30 s by default) or Tomcat's keepAliveTimeout above the pauses " +
				"of the traffic, and keep the client's idle timeout below it"),
			"KA1010": Advise(
				"raise the idle timeout of the client if the pauses between requests are longer",
				"HttpURLConnection: -Dhttp.keepAlive.time.server=SECONDS (5 s by default), java.net.http: "+
					"-Djdk.httpclient.keepalive.timeout=SECONDS, Apache HttpClient: evictIdleConnections",
				"keep it below the server's",
			),
			"KA1011": Advise(
				"raise the idle connections that the client keeps to the parallel requests",
				"HttpURLConnection: -Dhttp.maxConnections (5 per host by default), java.net.http: "+
					"-Djdk.httpclient.connectionPoolSize (no limit by default), OkHttp: ConnectionPool (5 by default)",
			),
			"KA1012": Advise(
				"read each body to the end before it is closed, or ask with HEAD",
				"Apache HttpClient: EntityUtils.consume, java.net.http: BodyHandlers.discarding(), HttpURLConnection: "+
					"getErrorStream(), too",
				"share one client",
			),
			"KA1013": Advise(
				"read each body to the end and close it, even if only the status is wanted (HttpURLConnection: "+
					"getErrorStream() on errors)",
				"share one HttpClient instead of making one per request",
			),
			"KA1014": Advise(
				"share one HttpClient, and read each body to the end before it is closed",
				"in HttpURLConnection do not call disconnect() on a body that is not read",
			),
			"KA1060": Advise(
				"put the server's authority into the trust store (-Djavax.net.ssl.trustStore), a certificate into the key "+
					"store if it asks for one, and see jdk.tls.disabledAlgorithms for versions",
				"-Djavax.net.debug=ssl:handshake tells more",
			),
			"KA1061": Advise("share one HttpClient, or at least one SSLContext, which keeps sessions (-Djavax.net.ssl.sessionCacheSize): " +
				"one per request keeps none"),
			"KA1062": Advise("share one SSLContext for all connections of the server, leave -Djdk.tls.server.enableSessionTicketExtension " +
				"true, and raise the session timeout of the context above the longest pause of a client"),
			"KA1063": Advise("share one HttpClient for all requests"),
			"KA1081": Advise("share one HttpClient for all requests", "with gRPC share one ManagedChannel"),
		},
	},
	{
		Name:       ".NET",
		Says:       []string{"Kestrel", "Microsoft-IIS"},
		ServerIdle: []Timeout{{Setting: "Kestrel KeepAliveTimeout", After: 130 * time.Second}},
		ClientIdle: []Timeout{
			{Setting: ".NET PooledConnectionIdleTimeout", After: 60 * time.Second},
			{Setting: ".NET before 6", After: 120 * time.Second},
		},
	},
	{
		Name:    "curl",
		Says:    []string{"curl/"},
		OneShot: true,
		Advice: map[string]Advice{
			"KA1001": Advise(`drop the header "Connection: close"`),
			"KA1014": Advise("give curl all URLs at once, or use a program that keeps its connections: each run of curl opens its own"),
			"KA1081": Advise("give curl all URLs at once, or use a program that keeps its connections: each run of curl opens its own"),
			"KA1060": Advise("curl -v tells the alert: --cacert FILE for the server's authority, --cert FILE if it asks for one, --tlsv1.2 " +
				"and --ciphers for what it supports, --connect-to instead of an address in the URL"),
			"KA1061": Advise("give curl all URLs at once, without --no-sessionid: each run of curl starts without sessions (curl 8.12 and " +
				"later can be built to keep them, --ssl-sessions FILE)"),
		},
	},
	{
		Name: "a browser",
		Says: []string{"Mozilla/"},
	},
	{
		Name: "a health check",
		Says: []string{"kube-probe/", "ELB-HealthChecker/", "GoogleHC/", "Consul Health Check", "Envoy/HC", "Blackbox Exporter/", "Amazon-Route53-Health-Check-Service", "check_http/"},
	},
	{
		Name: "a load generator",
		Says: []string{"ApacheBench", "wrk", "hey/", "k6/", "vegeta"},
		Advice: map[string]Advice{
			"KA1001": Advise("run the load generator with keep-alive (ab -k)"),
			"KA1004": Advise("run the load generator with keep-alive (ab -k)"),
			"KA1014": Advise("run the load generator with keep-alive (ab -k)"),
		},
	},
	{
		Name:       "Envoy",
		ExactIdle:  true,
		Says:       []string{"envoy"},
		ServerIdle: []Timeout{{Setting: "Envoy idle_timeout", After: time.Hour}},
		Advice: map[string]Advice{
			"KA1007": Advise("raise max_connection_duration"),
		},
	},
	{
		Name:       "HAProxy",
		ExactIdle:  true,
		Says:       []string{"HAProxy", "haproxy"},
		ServerBody: []Timeout{{Setting: "HAProxy timeout http-request"}},
		Advice: map[string]Advice{
			"KA1041": Advise("see HAProxy's option nolinger and http-reuse").
				Noting("HAProxy closes to servers with RST by default: that costs nothing"),
			"KA1060": Advise(
				"see HAProxy's log with option httpslog (or %[ssl_fc_err_str])",
				"crt needs the whole chain, and ssl-min-ver and ciphers what clients support, verify says whether they need a "+
					"certificate",
				"to servers ca-file, sni and alpn",
			),
			"KA1061": Advise("to servers set http-reuse and leave out no-ssl-reuse, so that HAProxy keeps sessions"),
			"KA1062": Advise("give all hosts the same tls-ticket-keys FILE, leave out no-tls-tickets, and raise tune.ssl.cachesize and " +
				"tune.ssl.lifetime (300 s by default)"),
		},
	},
	{
		Name:       "an AWS load balancer",
		Says:       []string{"awselb"},
		ServerIdle: []Timeout{{Setting: "AWS ALB idle timeout", After: 60 * time.Second}},
	},
	{ // AWS, where it only hands packets on
		ServerIdle: []Timeout{{Setting: "AWS NLB or NAT gateway idle timeout", After: 350 * time.Second}},
	},
	{ // Google Cloud
		ServerIdle: []Timeout{{Setting: "Google Cloud external ALB to clients", After: 610 * time.Second}},
		ClientIdle: []Timeout{{Setting: "Google Cloud external ALB to backends", After: 600 * time.Second}},
	},
	{ // Azure
		ServerIdle: []Timeout{{Setting: "Azure load balancer idle timeout", After: 240 * time.Second}},
	},
	{ // platforms
		ServerIdle: []Timeout{{Setting: "Cloud Foundry or Heroku router", After: 90 * time.Second}},
	},
	{
		Name: "lighttpd",
		Says: []string{"lighttpd"},

		MaxRequests: "server.max-keep-alive-requests", RequestsMore: 1,

		ServerIdle: []Timeout{{Setting: "lighttpd server.max-keep-alive-idle", After: 5 * time.Second}},
		ServerBody: []Timeout{{Setting: "lighttpd server.max-read-idle", After: 60 * time.Second}},
		Advice: map[string]Advice{
			"KA1003": Advise("set lighttpd's server.max-keep-alive-requests and server.max-keep-alive-idle above 0"),
			"KA1006": Advise("raise lighttpd's server.max-keep-alive-requests (1,000 by default): it allows one request more than that"),
			"KA1008": Advise("raise lighttpd's server.max-keep-alive-idle (5 s by default) above the pauses between requests, and keep the " +
				"client's idle timeout below it"),
		},
	},
	{
		Name:       "Caddy",
		ExactIdle:  true,
		Says:       []string{"Caddy"},
		ServerIdle: []Timeout{{Setting: "Caddy idle timeout", After: 300 * time.Second}},
		Advice: map[string]Advice{
			"KA1008": Advise("raise Caddy's idle timeout (global options: servers, timeouts, idle, 5 minutes by default) above the pauses " +
				"of the traffic, and keep the client's idle timeout below it"),
		},
	},
	{ // its defaults are not among those that any server may have: it always says its name
		Name:      "Varnish",
		ExactIdle: true,
		Says:      []string{"varnish", "Varnish"},
		Advice: map[string]Advice{
			"KA1008": Advise("raise Varnish's timeout_idle (5 s by default) above the pauses of the traffic, and keep the client's idle " +
				"timeout below it"),
		},
	},
	{
		Name: "Squid",
		Says: []string{"squid"},
		Advice: map[string]Advice{
			"KA1008": Advise("raise Squid's client_idle_pconn_timeout (2 minutes by default) above the pauses of the traffic, and keep the " +
				"client's idle timeout below it"),
		},
	},
	{
		Name:      "h2o",
		ExactIdle: true,
		Says:      []string{"h2o/"},
		Advice: map[string]Advice{
			"KA1008": Advise("raise h2o's http1-request-timeout (10 s by default), which holds between requests, too, above the pauses of " +
				"the traffic, and keep the client's idle timeout below it"),
		},
	},
	{
		Name:       "Ruby",
		Says:       []string{"Ruby", "WEBrick"},
		ClientIdle: []Timeout{{Setting: "Ruby Net::HTTP keep_alive_timeout", After: 2 * time.Second}},
		Advice: map[string]Advice{
			"KA1001": Advise(`send the requests inside one Net::HTTP.start: otherwise each request says "Connection: close"`),
			"KA1008": Advise("raise RequestTimeout (WEBrick, 30 s by default) above the pauses between requests, and keep the client's idle " +
				"timeout below it"),
			"KA1010": Advise(
				"raise keep_alive_timeout of Net::HTTP (2 s by default) if the pauses between requests are longer",
				"keep it below the server's",
			),
			"KA1014": Advise("send the requests inside one Net::HTTP.start: Net::HTTP.get opens and closes a connection each time"),
		},
	},
	{
		Name: "PHP",
		Says: []string{"PHP/"},
		Advice: map[string]Advice{
			"KA1003": Advise("run PHP as php-fpm behind a web server that keeps connections: php -S closes after every response"),
		},
	},
	{
		Name:    "wget",
		Says:    []string{"Wget/"},
		OneShot: true,
		Advice: map[string]Advice{
			"KA1001": Advise("take out --no-http-keep-alive (http_keep_alive = off in wgetrc)"),
			"KA1014": Advise("give wget all URLs at once (-i FILE), or use a program that keeps its connections: each run of wget opens " +
				"its own"),
		},
	},
	{
		Name: "Perl",
		Says: []string{"libwww-perl"},
		Advice: map[string]Advice{
			"KA1001": Advise(`make one LWP::UserAgent->new(keep_alive => N) for all requests: otherwise each request says "Connection: close"`),
			"KA1014": Advise("make one LWP::UserAgent->new(keep_alive => N) for all requests, where N is how many connections to keep"),
		},
	},
	{
		Name: "PycURL",
		Says: []string{"PycURL"},
		Advice: map[string]Advice{
			"KA1011": Advise("raise M_MAXCONNECTS of the CurlMulti (MAXCONNECTS of a Curl handle: 5 by default) to the parallel requests"),
			"KA1014": Advise("use one Curl handle (or one CurlMulti) for all requests: each new handle opens its own connection").Noting("a CurlMulti keeps as many as M_MAXCONNECTS says"),
		},
	},
	{
		Name:    "HTTPie",
		Says:    []string{"HTTPie/"},
		OneShot: true,
		Advice: map[string]Advice{
			"KA1014": Advise("use a program that keeps its connections: each run of HTTPie opens its own"),
		},
	},
}

// beegoTimeout is how beego, which has no setting of its own for idle connections, is
// given more time.
var beegoTimeout = Advise(
	"raise Listen.ServerTimeOut of beego above the pauses between requests, or leave it at 0: it is http.Server.ReadTimeout, which "+
		"holds for idle connections, too",
	"keep the client's idle timeout below it",
)
