//go:build linux

package main

import (
	"slices"
	"strings"
	"time"
)

// h2Cases are those of HTTP/2, over TLS with the secrets and in clear text. Which requests a
// connection carried is what a server's handler saw or, where it does not say, the client: a
// refused stream is no request.
var h2Cases = slices.Concat(h2GoCases, h2ServerCases, h2ClientCases, grpcCases)

// overH2 returns a case of HTTP/2 over TLS, clearH2 one without.
func overH2(name, what string, servers []program, clients [][]string, why causes) labCase {
	return secure(name, what, servers, clients, why)
}

func clearH2(name, what string, servers []program, clients [][]string, why causes) labCase {
	return labCase{name: name, what: what, servers: servers, clients: clients, causes: why}
}

// goH2 is the lab's server for HTTP/2 over TLS; goH2Says says what it sees.
func goH2(args ...string) []program {
	return goTLS(append([]string{"-alpn", "h2,http/1.1"}, args...)...)
}

func goH2Says(args ...string) []program { return goH2(append([]string{"-say"}, args...)...) }

// next has Go's next version build the server.
func next(servers []program) []program {
	servers[0].kind += "-next"
	return servers
}

// clearURLs turns the URLs of a client's line into those of HTTP.
func clearURLs(line string) string { return strings.ReplaceAll(line, "https://", "http://") }

func (c labCase) withCertificate() labCase        { c.certified = true; return c }
func (c labCase) losing(share float64) labCase    { c.loss = share; return c }
func (c labCase) from(late time.Duration) labCase { c.late = late; return c }
func (c labCase) behindProxy() labCase            { c.farClients = true; return c }

// stays is of one connection that is idle at the end, goes of some that say GOAWAY.
var stays = causes{"idle_at_end": {1, 1}}

func goes(n int) causes { return causes{"goaway": {n, n}} }

// away is of a connection whose server says GOAWAY, without keys.
func away(n int) causes {
	return causes{"goaway": {0, n}, "server_idle_timeout": {0, n}, "server_closed_unannounced": {0, n}, "client_closed_after_response": {0, n}, "server_drain": {0, n}, "server_exit": {0, n}}
}

func (c labCase) keyedAs(why causes) labCase { c.keyed = why; return c }

// h2GoCases are of net/http at both ends.
var h2GoCases = []labCase{
	overH2("h2-go-mux", "Go 1.26: six requests at once, three times, on one connection",
		goH2(), [][]string{goClient("-h2 -warm -bursts 3 -parallel 6 -pause 200ms /x?wait=30ms&size=300")}, stays).well(),
	overH2("h2-go-next-mux", "Go 1.27: six requests at once, three times, on one connection",
		next(goH2()), [][]string{goClient("next -h2 -warm -bursts 3 -parallel 6 -pause 200ms /x?wait=30ms&size=300")}, stays).well(),
	clearH2("h2c-go-mux", "Go 1.26 in clear text, by prior knowledge: six requests at once",
		goServer("-h2c"), [][]string{client("-h2c -warm -bursts 3 -parallel 6 -pause 200ms /x?wait=30ms&size=300")}, stays).well(),
	clearH2("h2c-go-next-mux", "Go 1.27 in clear text, by prior knowledge: six requests at once",
		next(goServer("-h2c")), [][]string{nextClient("-h2c -warm -bursts 3 -parallel 6 -pause 200ms /x?wait=30ms&size=300")}, stays).well(),
	overH2("h2-go-cancel", "Go 1.26: Client.Timeout 200 ms ends every second request, whose response would come after 600 ms: RST_STREAM with CANCEL, and PING",
		goH2Says(), [][]string{goClient("-h2 -silent -warm -timeout 200ms -bursts 6 -parallel 2 -pause 150ms /x?size=300 /x?wait=600ms&size=300")}, stays).lasting(time.Second),
	overH2("h2-go-next-cancel", "Go 1.27: the same",
		next(goH2Says()), [][]string{goClient("next -h2 -silent -warm -timeout 200ms -bursts 6 -parallel 2 -pause 150ms /x?size=300 /x?wait=600ms&size=300")}, stays).lasting(time.Second),
	overH2("h2-go-refused", "Go 1.26: a server that allows 3 streams; the first burst of curl, before it knows that, has 9: 6 are refused, and sent again on connections of their own",
		goSaysKeys("-alpn", "h2,http/1.1", "-max-streams", "3"), [][]string{shell(curl("--http2 -Z " + strings.Repeat("8080:/x?wait=100ms ", 9)))}, exits(7)).keyedAs(causes{"client_closed_after_response": {7, 7}}).far(),
	overH2("h2-go-limit", "Go 1.26: a server that allows 2 streams, a client that knows it: a connection more for what finds no room",
		goH2Says("-max-streams", "2"), [][]string{goClient("-h2 -silent -warm -bursts 3 -parallel 5 -pause 300ms /x?wait=100ms&size=300")}, causes{"idle_at_end": {1, 3}, "spare_dial": {0, 6}, "no_request": {0, 6}, "leaked": {0, 3}}),
	overH2("h2-go-pings", "Go 1.26: both sides ping after 300 ms of silence (SendPingTimeout)",
		goH2("-ping", "300ms"), [][]string{goClient("-h2 -ping 300ms -bursts 3 -pause 1s /x?size=300")}, stays).well(),
	overH2("h2-go-idle", "Go 1.26: IdleTimeout 700 ms of the server: GOAWAY, and the next request on a new connection",
		goH2("-idle-timeout", "700ms"), [][]string{goClient("-h2 -bursts 3 -pause 2s /x?size=300")}, idleH2(3)).keyedAs(goes(3)).lasting(2 * time.Second),
	overH2("h2-go-drain", "Go 1.26: http.Server.Shutdown with a request under way: GOAWAY",
		goH2(), [][]string{goClient("-h2 -bursts 3 -pause 200ms /x?wait=250ms&size=300")}, away(1)).keyedAs(goes(1)).acting(action{time.Second, shutDown}).lasting(1500 * time.Millisecond),
	overH2("h2-go-kept-after-goaway", "Go's client keeps a connection after GOAWAY: the server shuts down while all is idle",
		goH2(), [][]string{goClient("-h2 -bursts 2 -pause 200ms /x?size=300")}, away(1)).keyedAs(goes(1)).acting(action{700 * time.Millisecond, shutDown}).lasting(2 * time.Second),
	overH2("h2-go-each", "a connection of HTTP/2 for each request: a new Transport each time, closed at once",
		goH2(), [][]string{goClient("-h2 -new-client -close-idle -bursts 4 -pause 200ms /x?size=300")}, causes{"client_closed_after_response": {4, 4}}),
	overH2("h2-go-midstream", "Go 1.26, a capture that begins 700 ms late, with the key log",
		goH2(), [][]string{goClient("-h2 -warm -bursts 4 -parallel 3 -pause 1200ms /x?wait=30ms&size=300")}, stays).from(700 * time.Millisecond).notEstimated(),
	clearH2("h2c-go-midstream", "the same in clear text",
		goServer("-h2c"), [][]string{client("-h2c -warm -bursts 4 -parallel 3 -pause 1200ms /x?wait=30ms&size=300")}, stays).from(700 * time.Millisecond),
	overH2("h2-go-loss", "Go 1.26, 3 % of all packets lost: six requests at once, responses of 1.5 kB",
		goH2(), [][]string{goClient("-h2 -warm -bursts 3 -parallel 6 -pause 200ms /x?wait=30ms&size=1500")}, stays).losing(0.03).far(),
	clearH2("h2c-go-loss", "the same in clear text",
		goServer("-h2c"), [][]string{client("-h2c -warm -bursts 3 -parallel 6 -pause 200ms /x?wait=30ms&size=1500")}, stays).losing(0.03).far(),
}

// nextClient is client, built by Go's next version.
func nextClient(line string) []string {
	args := client(line)
	args[0] = "client-next"
	return args
}
