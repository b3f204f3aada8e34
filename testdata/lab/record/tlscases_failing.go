//go:build linux

package main

import "fmt"

// failed is of handshakes that do not come to their end.
func failed(n int) causes { return causes{"tls_failed": {n, n}} }

// failingCases are of handshakes that fail, each for another reason.
var failingCases = []labCase{
	secure("tls-failed-go", "Go does not trust the server's certificate, TLS 1.3",
		goTLS(), [][]string{goClient("-verify -bursts 3 -pause 100ms /x")}, failed(3)),
	secure("tls-failed-go12", "Go does not trust the server's certificate, TLS 1.2",
		goTLS(), [][]string{goClient("-verify -tls-versions 1.2 -bursts 3 -pause 100ms /x")}, failed(3)),
	secure("tls-failed-curl", "curl does not trust the server's certificate, TLS 1.3",
		goSays(), [][]string{shell(times(3, "0.1", verifying("", 8080)))}, failed(3)),
	secure("tls-failed-curl12", "curl does not trust the server's certificate, TLS 1.2",
		goSays(), [][]string{shell(times(3, "0.1", verifying("--tls-max 1.2", 8080)))}, failed(3)),
	secure("tls-failed-node", "Node 20 does not trust the server's certificate",
		goSays(), [][]string{nodeClient("node", "https", 8080, "bursts=3 pause=100 verify=1")}, failed(3)),
	secure("tls-failed-python", "Python does not trust the server's certificate",
		goSays(), [][]string{{debianPython, "-c", untrusting, fmt.Sprint(8080)}}, failed(3)),
	secure("tls-failed-java", "Java does not trust the server's certificate",
		goSaysKeys(), [][]string{javaClient("", "client1", 8080, "3 1 100 TLSv1.3 verify")}, failed(3)),
	secure("tls-failed-expired", "curl finds that the server's certificate, which it trusts, has expired",
		goSays("-expired", "-certificate-file", "@DIR@/expired.pem"), [][]string{shell(times(3, "0.1", verifying("--cacert @DIR@/expired.pem", 8080)))}, failed(3)),
	secure("tls-failed-name", "curl finds another name in the certificate, after the handshake",
		goSays("-certificate-file", "@DIR@/trusted.pem"), [][]string{shell(times(3, "0.1", verifying("--cacert @DIR@/trusted.pem", 8080)))},
		causes{"tls_failed": {0, 3}, "no_request": {0, 3}}),
	secure("tls-failed-name-node", "Node 20 finds another name in the certificate",
		goSays("-certificate-file", "@DIR@/trusted.pem"), [][]string{append([]string{"env", "NODE_EXTRA_CA_CERTS=@DIR@/trusted.pem"},
			nodeClient("node", "https", 8080, "bursts=3 pause=100 verify=1 name=other.example")...)}, failed(3)),
	secure("tls-failed-name-go", "Go finds another name in the certificate",
		goTLS(), [][]string{goClient("-verify -server-name other.example -bursts 3 -pause 100ms /x")}, failed(3)),
	secure("tls-failed-alpn", "a client that offers a protocol that the server does not speak",
		goSays(), [][]string{shell(times(3, "0.1", sClient(8080, "-alpn spdy/9", "sleep 0.2")))}, failed(3)).needing("openssl"),
	secure("tls-failed-version", "curl with TLS 1.2 at most, a server with TLS 1.3 alone",
		goSays("-tls-versions", "1.3"), [][]string{shell(times(3, "0.1", curl("--tls-max 1.2 8080:/x")))}, failed(3)),
	secure("tls-failed-version-java", "Java with TLS 1.2 alone, a server with TLS 1.3 alone",
		goSays("-tls-versions", "1.3"), [][]string{javaClient("", "client1", 8080, "3 1 100 TLSv1.2")}, failed(3)),
	secure("tls-failed-no-certificate", "Go has no client certificate, the server insists, TLS 1.3",
		goTLS("-client-certificate"), [][]string{goClient("-bursts 3 -pause 100ms /x")}, failed(3)),
	secure("tls-failed-no-certificate12", "curl has no client certificate, the server insists, TLS 1.2",
		goSays("-client-certificate"), [][]string{shell(times(3, "0.1", curl("--tls-max 1.2 8080:/x")))}, failed(3)),
	secure("tls-failed-no-certificate-curl", "curl has no client certificate, the server insists, TLS 1.3",
		goSays("-client-certificate"), [][]string{shell(times(3, "0.1", curl("8080:/x")))}, failed(3)),
	secure("tls-failed-plain-server", "TLS to a port of Go that speaks HTTP",
		goServer("-say"), [][]string{shell(times(3, "0.1", curl("8080:/x")))}, failed(3)),
	secure("tls-failed-plain-nginx", "TLS to a port of nginx that speaks HTTP",
		quiet("nginx", 8084), [][]string{goClient("-bursts 3 -pause 100ms :8084/x")}, failed(3)),
	secure("tls-failed-plain-node", "TLS to a port of Node that speaks HTTP",
		quiet("node", 8080), [][]string{goClient("-bursts 3 -pause 100ms /x")}, failed(3)),
	inClear("tls-failed-plain-client", "HTTP to a port of Go that speaks TLS: 400 in clear",
		goTLS(), one("-bursts 3 -pause 100ms /x"), causes{"http10": {3, 3}}),
	inClear("tls-failed-plain-client-nginx", "HTTP to a port of nginx that speaks TLS: 400 in clear",
		quiet("nginx-tls", 8441), one("-bursts 3 -pause 100ms :8441/x"), closesAtOnce(3)),
	inClear("tls-failed-plain-client-node", "HTTP to a port of Node that speaks TLS: the connection is closed",
		quiet("node-tls", 8080), one("-bursts 3 -pause 100ms /x"), causes{"server_timeout_empty": {0, 3}, "server_reset": {0, 3}, "server_closed_unannounced": {0, 3}, "tls_failed": {0, 3}}),
}

// untrusting shakes hands three times.
const untrusting = `import socket, ssl, sys, time
for _ in range(3):
    try: ssl.create_default_context().wrap_socket(socket.create_connection(("` + serverIP + `", int(sys.argv[1]))), server_hostname="lab.example")
    except ssl.SSLError: pass
    time.sleep(0.1)
`

// verifying runs curl, which trusts what the options say.
func verifying(options string, port int) string {
	return fmt.Sprintf("curl -s --max-time 8 -o /dev/null %s %s\n", options, url(port, "/x"))
}

// inClear is a case whose clients speak no TLS: their requests can be counted.
func inClear(name, what string, servers []program, clients [][]string, why causes) labCase {
	c := secure(name, what, servers, clients, why)
	c.tls = false
	c.certified = true
	return c
}

// otherCases are of what clients seldom do.
var otherCases = []labCase{
	secure("tls-key-update", "keys updated between requests, once by the client alone, once by both",
		logging("nginx-tls", 8441), [][]string{shell(sClient(8441, "-tls1_3 -alpn http/1.1", get+"echo k; sleep 0.2;"+get+"echo K; sleep 0.2;"+get+"sleep 0.2"))}, exits(1)).needing("openssl"),
	secure("tls-early-data", "a session resumed with a request as early data, to nginx",
		logging("nginx-tls", 8448), [][]string{shell(early(8448))}, exits(2)).needing("openssl"),
	secure("tls-early-data-haproxy", "a session resumed with a request as early data, to HAProxy",
		logging("haproxy", 8474), [][]string{shell(early(8474))}, exits(2)).needing("openssl"),
	secure("tls-pipelined", "two requests at once: an estimate cannot tell them apart",
		logging("nginx-tls", 8441), [][]string{shell(sClient(8441, "-quiet -no_ign_eof -alpn http/1.1", `printf 'GET /x HTTP/1.1\r\nHost: lab.example\r\n\r\nGET /x HTTP/1.1\r\nHost: lab.example\r\n\r\n'; sleep 0.4;`))}, exits(1)).needing("openssl").inSeries(),
	secure("tls-renegotiated", "TLS 1.2, the client asks for another handshake between requests, which the server refuses",
		logging("nginx-tls", 8446), [][]string{shell(sClient(8446, "-tls1_2 -alpn http/1.1", get+"echo R; sleep 0.3;"))}, causes{"client_closed_after_response": {0, 1}, "client_exit": {0, 1}, "server_closed_unannounced": {0, 1}, "server_reset": {0, 1}, "tls_failed": {0, 1}, "client_reset": {0, 1}}).needing("openssl"),
}

// early asks twice: the second request is sent before the handshake is over.
func early(port int) string {
	return `printf 'GET /x HTTP/1.1\r\nHost: lab.example\r\n\r\n' >request
` + sClient(port, "-quiet -no_ign_eof -tls1_3 -sess_out session", get+"sleep 0.2") + sClient(port, "-quiet -no_ign_eof -tls1_3 -sess_in session -early_data request", "sleep 0.4;"+get)
}
