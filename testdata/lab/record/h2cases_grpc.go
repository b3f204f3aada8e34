//go:build linux

package main

import (
	"strconv"
	"strings"
	"time"
)

// grpcServer is the lab's server of gRPC, grpcClient its client; see grpc/main.go.
func grpcServer(args ...string) []program {
	return []program{{kind: "grpc", port: 8080, args: args, says: true}}
}

func grpcClient(line string) []string {
	args := []string{"grpc", "call"}
	words := strings.Fields(line)
	for len(words) > 0 && strings.HasPrefix(words[0], "-") {
		args, words = append(args, words[0]), words[1:]
	}
	return append(append(args, serverIP+":"+strconv.Itoa(8080)), words...)
}

func grpcCalls(line string) [][]string { return [][]string{grpcClient(line)} }

// grpcCases are of grpc-go at both ends, in clear text unless they say otherwise.
var grpcCases = []labCase{
	clearH2("grpc-unary", "unary calls, one after the other and five at once",
		grpcServer(), grpcCalls("5xunary sleep=200ms 5*unary sleep=200ms 5*unary"), stays).well(),
	overH2("grpc-tls-unary", "the same over TLS",
		grpcServer("-tls"), grpcCalls("-tls -keylog=@DIR@/keylog 5xunary sleep=200ms 5*unary sleep=200ms 5*unary"), stays).well(),
	clearH2("grpc-streaming", "streams of the server, and both ways",
		grpcServer(), grpcCalls("2xstream sleep=100ms 2xboth sleep=100ms 3*both"), stays).well(),
	clearH2("grpc-failed", "of ten calls four are answered with NOT_FOUND",
		grpcServer(), grpcCalls("2xunary 2xfail 2xunary sleep=200ms 2*fail sleep=200ms 2*unary"), stays),
	overH2("grpc-tls-failed", "the same over TLS",
		grpcServer("-tls"), grpcCalls("-tls -keylog=@DIR@/keylog 2xunary 2xfail 2xunary sleep=200ms 2*fail sleep=200ms 2*unary"), stays),
	clearH2("grpc-deadline", "calls that the client gives up after 200 ms: RST_STREAM with CANCEL",
		grpcServer(), grpcCalls("2xunary 3xslow 2xunary"), stays).lasting(1200 * time.Millisecond),
	clearH2("grpc-max-age", "MaxConnectionAge 1 s, which grpc-go varies by 10 %: GOAWAY, and another connection",
		grpcServer("-max-age=1s"), grpcCalls(strings.Repeat("unary sleep=150ms ", 24)), causes{"goaway": {3, 4}, "idle_at_end": {0, 1}}),
	clearH2("grpc-max-age-grace", "MaxConnectionAge 700 ms with streams under way, grace 500 ms",
		grpcServer("-max-age=700ms", "-grace=500ms"), grpcCalls("&lasting unary sleep=1500ms lasting"), causes{"goaway": {2, 3}, "idle_at_end": {0, 1}, "no_request": {0, 1}}),
	clearH2("grpc-max-idle", "MaxConnectionIdle 600 ms: GOAWAY",
		grpcServer("-max-idle=600ms"), grpcCalls("2xunary sleep=1200ms 2xunary sleep=1200ms 2xunary"), goes(3)).lasting(time.Second),
	clearH2("grpc-too-many-pings", "a client that pings every 10 s, of which the server allows one in 5 min: GOAWAY with ENHANCE_YOUR_CALM",
		grpcServer(), grpcCalls("-ping=10s unary sleep=46s unary"), causes{"goaway": {1, 1}, "idle_at_end": {1, 1}}),
	clearH2("grpc-graceful-stop", "GracefulStop with a call under way",
		grpcServer(), grpcCalls("2xunary both sleep=700ms"), causes{"goaway": {1, 1}, "refused": {0, 3}}).acting(action{300 * time.Millisecond, shutDown}),
	clearH2("grpc-lasting", "streams that last to the end of the capture, beside unary calls",
		grpcServer(), [][]string{grpcClient("5xunary &lasting sleep=2s 2xunary")}, causes{"busy_at_end": {1, 1}}),
	clearH2("grpc-limit", "a server that allows 2 streams: what more the client has waits",
		grpcServer("-max-streams=2"), grpcCalls("unary sleep=100ms 6*stream"), stays),
	clearH2("grpc-pings", "a server that pings each second (its own least interval)",
		grpcServer("-ping=1s"), grpcCalls("2xunary sleep=3500ms unary"), stays).well(),
	clearH2("grpc-loss", "3 % of all packets lost",
		grpcServer(), grpcCalls("5xunary 3*both 5*unary"), stays).losing(0.03).far(),
}
