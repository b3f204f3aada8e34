package main

import (
	"context"
	"crypto/tls"
	"flag"
	"log"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
	grpcpeer "google.golang.org/grpc/peer"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// Streams have this many messages, that far apart.
const (
	streamed     = 5
	streamPause  = 50 * time.Millisecond
	lastingPause = 400 * time.Millisecond
)

// serve serves until it is killed, or has stopped gracefully.
func serve(flags *flag.FlagSet) {
	secure := flags.Bool("tls", false, "with cert.pem and key.pem of its directory")
	maxAge := flags.Duration("max-age", 0, "keepalive.ServerParameters.MaxConnectionAge")
	grace := flags.Duration("grace", 0, "keepalive.ServerParameters.MaxConnectionAgeGrace")
	maxIdle := flags.Duration("max-idle", 0, "keepalive.ServerParameters.MaxConnectionIdle")
	ping := flags.Duration("ping", 0, "keepalive.ServerParameters.Time")
	streams := flags.Uint("max-streams", 0, "MaxConcurrentStreams")
	flags.Parse(os.Args[2:])
	options := []grpc.ServerOption{
		grpc.StatsHandler(saying{}), grpc.UnaryInterceptor(sayUnary), grpc.StreamInterceptor(sayStream),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionAge: *maxAge, MaxConnectionAgeGrace: *grace, MaxConnectionIdle: *maxIdle, Time: *ping}),
	}
	if *streams > 0 {
		options = append(options, grpc.MaxConcurrentStreams(uint32(*streams)))
	}
	if *secure {
		c, err := credentials.NewServerTLSFromFile("cert.pem", "key.pem")
		if err != nil {
			log.Fatal(err)
		}
		options = append(options, grpc.Creds(c))
	}
	server := grpc.NewServer(options...)
	server.RegisterService(&serviceDesc, nil)
	go func() {
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGTERM)
		<-signals
		server.GracefulStop()
	}()
	if err := server.Serve(listener(flags.Arg(0))); err != nil {
		log.Fatal(err)
	}
}

// serviceDesc is the service, written by hand: its messages are of protobuf's own.
var serviceDesc = grpc.ServiceDesc{
	ServiceName: "lab.Echo", HandlerType: (*any)(nil),
	Methods: []grpc.MethodDesc{{MethodName: "Unary", Handler: unary("Unary", 10*time.Millisecond, codes.OK)}, {MethodName: "Fail", Handler: unary("Fail", 0, codes.NotFound)}, {MethodName: "Slow", Handler: unary("Slow", time.Second, codes.OK)}},
	Streams: []grpc.StreamDesc{
		{StreamName: "Stream", ServerStreams: true, Handler: func(_ any, s grpc.ServerStream) error { return send(s, streamed, streamPause) }},
		{StreamName: "Both", ServerStreams: true, ClientStreams: true, Handler: both},
		{StreamName: "Lasting", ServerStreams: true, Handler: func(_ any, s grpc.ServerStream) error { return send(s, 1<<30, lastingPause) }},
	},
}

// unary handles a unary call: it waits, and answers with the message or fails.
func unary(name string, wait time.Duration, code codes.Code) grpc.MethodHandler {
	return func(_ any, ctx context.Context, decode func(any) error, through grpc.UnaryServerInterceptor) (any, error) {
		in := new(wrapperspb.StringValue)
		if err := decode(in); err != nil {
			return nil, err
		}
		return through(ctx, in, &grpc.UnaryServerInfo{FullMethod: "/lab.Echo/" + name}, func(ctx context.Context, in any) (any, error) {
			select {
			case <-time.After(wait):
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			if code != codes.OK {
				return nil, status.Error(code, "no such thing")
			}
			return in, nil
		})
	}
}

// send sends messages, that far apart.
func send(s grpc.ServerStream, n int, pause time.Duration) error {
	if err := s.RecvMsg(new(wrapperspb.StringValue)); err != nil {
		return err
	}
	for i := range n {
		if err := s.SendMsg(message(i)); err != nil {
			return err
		}
		select {
		case <-time.After(pause):
		case <-s.Context().Done():
			return s.Context().Err()
		}
	}
	return nil
}

// both sends back what it receives.
func both(_ any, s grpc.ServerStream) error {
	for {
		m := new(wrapperspb.StringValue)
		if s.RecvMsg(m) != nil {
			return nil
		}
		if err := s.SendMsg(m); err != nil {
			return err
		}
	}
}

// peer is a connection and how many calls it has carried.
type peer struct {
	client, server string
	calls          atomic.Int64
}

type peerKey struct{}

// saying prints connections.
type saying struct{}

func (saying) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }
func (saying) HandleRPC(context.Context, stats.RPCStats)                       {}
func (saying) HandleConn(context.Context, stats.ConnStats)                     {}

func (saying) TagConn(ctx context.Context, info *stats.ConnTagInfo) context.Context {
	p := &peer{client: info.RemoteAddr.String(), server: info.LocalAddr.String()}
	say(event{Event: "connect", Local: p.client, Remote: p.server})
	return context.WithValue(ctx, peerKey{}, p)
}

// agreed is what a handshake of TLS came to.
type agreed struct {
	Version string `json:"version"`
	ALPN    string `json:"alpn"`
	Resumed bool   `json:"resumed"`
}

// agreedOn returns that of the connection of a call, nil without TLS.
func agreedOn(ctx context.Context) *agreed {
	if from, ok := grpcpeer.FromContext(ctx); ok {
		if secure, ok := from.AuthInfo.(credentials.TLSInfo); ok {
			return &agreed{strings.TrimPrefix(tls.VersionName(secure.State.Version), "TLS "), secure.State.NegotiatedProtocol, secure.State.DidResume}
		}
	}
	return nil
}

// calls says that a call came, and returns what says that it failed.
func calls(ctx context.Context) (ended func(error)) {
	p := ctx.Value(peerKey{}).(*peer)
	say(event{Event: "request", Local: p.client, Remote: p.server, Reused: p.calls.Add(1) > 1, TLS: agreedOn(ctx)})
	return func(err error) {
		// Other errors are of calls that ended without an answer.
		if status.Code(err) == codes.NotFound {
			say(event{Event: "call_failed", Local: p.client, Remote: p.server, Error: status.Code(err).String()})
		}
	}
}

func sayUnary(ctx context.Context, in any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	ended := calls(ctx)
	answer, err := handle(ctx, in)
	ended(err)
	return answer, err
}

func sayStream(srv any, s grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	ended := calls(s.Context())
	err := handle(srv, s)
	ended(err)
	return err
}
