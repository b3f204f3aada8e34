// Grpc is the lab's server and client of gRPC, which is grpc-go at both ends:
//
//	grpc serve [FLAGS] ADDRESS:PORT
//	grpc call [FLAGS] ADDRESS:PORT CALL...
//
// A call is one of
//
//	unary        a message each way
//	fail         an answer with status NOT_FOUND
//	slow         a unary call that the client gives up after 200 ms
//	stream       a message, and five of the server, 50 ms apart
//	both         five messages each way in turn, 50 ms apart
//	lasting      a stream of the server, a message each 400 ms, until either side ends it
//
// NxCALL calls N times one after the other, N*CALL at once, &CALL goes on without its end; sleep=TIME waits. The server prints
// what it accepts and each call, as the lab's own server does, and how a call ended if it failed.
// On SIGTERM it stops gracefully.
package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// event is a line of the program's output; see ../client/main.go.
type event struct {
	Event  string  `json:"event"`
	Local  string  `json:"local,omitempty"`  // the client's end
	Remote string  `json:"remote,omitempty"` // and the server's
	Reused bool    `json:"reused,omitempty"`
	Error  string  `json:"error,omitempty"`
	TLS    *agreed `json:"tls,omitempty"`
}

var (
	mu  sync.Mutex // guards out
	out = json.NewEncoder(os.Stdout)
)

func say(e event) {
	mu.Lock()
	defer mu.Unlock()
	out.Encode(e)
}

// message is what calls carry.
func message(i int) *wrapperspb.StringValue {
	return wrapperspb.String(fmt.Sprintf("message %d %s", i, strings.Repeat(".", 100)))
}

func main() {
	if len(os.Args) < 2 {
		log.Fatal("usage: grpc serve|call [FLAGS] ADDRESS:PORT [CALL...]")
	}
	switch flags := flag.NewFlagSet(os.Args[1], flag.ExitOnError); os.Args[1] {
	case "serve":
		serve(flags)
	case "call":
		call(flags)
	default:
		log.Fatal("grpc: serve or call")
	}
}

// caller is the client.
type caller struct {
	conn *grpc.ClientConn
	sent atomic.Int64
}

// call makes the calls, says that it is done and stays until its stdin ends.
func call(flags *flag.FlagSet) {
	secure := flags.Bool("tls", false, "over TLS, with any certificate")
	keys := flags.String("keylog", "", "write TLS secrets to this `file`")
	ping := flags.Duration("ping", 0, "keepalive.ClientParameters.Time, also without calls; grpc-go takes 10 s at least")
	closes := flags.Bool("close", false, "close the connection when all is called")
	flags.Parse(os.Args[2:])
	options := []grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}
	if *secure {
		config := &tls.Config{InsecureSkipVerify: true, ServerName: "lab.example"}
		if *keys != "" {
			file, err := os.Create(*keys)
			if err != nil {
				log.Fatal(err)
			}
			config.KeyLogWriter = file
		}
		options[0] = grpc.WithTransportCredentials(credentials.NewTLS(config))
	}
	if *ping > 0 {
		options = append(options, grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: *ping, Timeout: 5 * time.Second, PermitWithoutStream: true}))
	}
	conn, err := grpc.NewClient("passthrough:///"+flags.Arg(0), options...)
	if err != nil {
		log.Fatal(err)
	}
	c := &caller{conn: conn}
	for _, word := range flags.Args()[1:] {
		c.do(word)
	}
	if *closes {
		conn.Close()
	}
	say(event{Event: "done"})
	io.Copy(io.Discard, os.Stdin)
}

// do does what a word of the command line says.
func (c *caller) do(word string) {
	if pause, ok := strings.CutPrefix(word, "sleep="); ok {
		d, err := time.ParseDuration(pause)
		if err != nil {
			log.Fatal(err)
		}
		time.Sleep(d)
		return
	}
	if what, ok := strings.CutPrefix(word, "&"); ok {
		go c.one(what)
		return
	}
	if n, what, ok := strings.Cut(word, "*"); ok {
		var all sync.WaitGroup
		for range atoi(n) {
			all.Go(func() { c.one(what) })
		}
		all.Wait()
		return
	}
	n, what, ok := strings.Cut(word, "x")
	if !ok {
		n, what = "1", word
	}
	for range atoi(n) {
		c.one(what)
	}
}

func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		log.Fatal("grpc: ", err)
	}
	return n
}

// one makes one call. Failures with a status are the server's to say, those without are said here.
func (c *caller) one(what string) {
	if err := c.make(what); status.Code(err) == codes.Unavailable {
		say(event{Event: "failed", Error: err.Error()})
	}
}

// make makes one call.
func (c *caller) make(what string) error {
	ctx := context.Background()
	i := int(c.sent.Add(1))
	switch what {
	case "unary", "fail", "slow":
		if what == "slow" {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, 200*time.Millisecond)
			defer cancel()
		}
		return c.conn.Invoke(ctx, "/lab.Echo/"+strings.ToUpper(what[:1])+what[1:], message(i), new(wrapperspb.StringValue))
	case "stream", "both", "lasting":
		desc := &serviceDesc.Streams[map[string]int{"stream": 0, "both": 1, "lasting": 2}[what]]
		s, err := c.conn.NewStream(ctx, desc, "/lab.Echo/"+desc.StreamName)
		if err != nil {
			return err
		}
		if what == "both" {
			for k := range streamed {
				s.SendMsg(message(k))
				s.RecvMsg(new(wrapperspb.StringValue))
				time.Sleep(streamPause)
			}
		} else {
			s.SendMsg(message(i))
		}
		s.CloseSend()
		for err == nil {
			err = s.RecvMsg(new(wrapperspb.StringValue))
		}
		return err
	}
	log.Fatal("grpc: no such call: ", what)
	return nil
}

// listener is the address that a server serves.
func listener(address string) net.Listener {
	l, err := net.Listen("tcp", address)
	if err != nil {
		log.Fatal(err)
	}
	return l
}
