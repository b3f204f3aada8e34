package flows_test

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/kaanalyze/kaanalyze/flows"
)

var (
	client = netip.MustParseAddrPort("192.0.2.1:40000")
	server = netip.MustParseAddrPort("198.51.100.7:80")
)

// exchange is a connection that carries one request and one response. The
// server closes it first.
func exchange() []flows.Segment {
	const psh, fin = flows.PSH | flows.ACK, flows.FIN | flows.ACK
	request, response := []byte("GET / HTTP/1.0\r\n\r\n"), []byte("HTTP/1.0 200 OK\r\n\r\n")
	segments := []flows.Segment{
		flows.NewSegment(client, server, 1, flows.Segment{Flags: flows.SYN, Seq: 1000}),
		flows.NewSegment(server, client, 1, flows.Segment{Flags: flows.SYN | flows.ACK, Seq: 5000, Ack: 1001}),
		flows.NewSegment(client, server, 2, flows.Segment{Flags: flows.ACK, Seq: 1001, Ack: 5001}),
		flows.NewSegment(client, server, 3, flows.Segment{Flags: psh, Seq: 1001, Ack: 5001, Payload: request}),
		flows.NewSegment(server, client, 2, flows.Segment{Flags: psh, Seq: 5001, Ack: 1019, Payload: response}),
		flows.NewSegment(server, client, 3, flows.Segment{Flags: fin, Seq: 5020, Ack: 1019}),
		flows.NewSegment(client, server, 4, flows.Segment{Flags: fin, Seq: 1019, Ack: 5021}),
		flows.NewSegment(server, client, 4, flows.Segment{Flags: flows.ACK, Seq: 5021, Ack: 1020}),
	}
	start := time.Date(2026, 1, 2, 15, 0, 0, 0, time.UTC)
	for i := range segments {
		segments[i].Num = uint64(i + 1)
		segments[i].Time = start.Add(time.Duration(i) * 10 * time.Millisecond).UnixNano()
	}
	return segments
}

// Follow the connections of segments that were made by hand, without a
// Consumer.
func Example() {
	e := flows.NewEngine(flows.Options{}, nil)
	for _, s := range exchange() {
		e.Segment(&s)
	}
	e.Finish()
	e.Each(func(c *flows.Conn) {
		rtt, _ := c.RTT()
		fmt.Println(c.Endpoint(flows.Initiator), "to", c.Endpoint(flows.Responder))
		fmt.Println("opened:", c.Handshake(), "in", time.Duration(rtt))
		fmt.Println("closed:", c.CloseKind(), "by", c.ActiveClosers())
		fmt.Println("bytes:", c.Bytes(flows.Initiator), "and", c.Bytes(flows.Responder))
	})
	// Output:
	// 192.0.2.1:40000 to 198.51.100.7:80
	// opened: complete in 20ms
	// closed: fin by responder
	// bytes: 18 and 19
}

// Who holds TIME_WAIT after a close, and from when on? Here it is the server,
// because it sent the first FIN.
func ExampleConn_Holders() {
	e := flows.NewEngine(flows.Options{}, nil)
	for _, s := range exchange() {
		e.Segment(&s)
	}
	e.Finish()
	e.Each(func(c *flows.Conn) {
		where, sides := c.Holders()
		fmt.Println("TIME_WAIT:", where, "by", sides)
		if from, _, _, ok := c.TimeWaitSpan(flows.Responder); ok {
			fmt.Println("since", time.Duration(from-c.Start))
		}
	})
	// Output:
	// TIME_WAIT: held by responder
	// since 60ms
}

// printer prints what it is told.
type printer struct{}

func (printer) Open(c *flows.Conn) { fmt.Println("open", c.Endpoint(flows.Initiator)) }
func (printer) Data(c *flows.Conn, from flows.Side, d *flows.Data) {
	fmt.Printf("%v: %q in frame %d\n", from, d.Payload, d.Num)
}
func (printer) Gap(c *flows.Conn, from flows.Side, n uint64) { fmt.Println(from, "gap of", n) }
func (printer) End(c *flows.Conn, from flows.Side, at int64, num uint64) {
	fmt.Println(from, "ended by frame", num)
}
func (printer) Evict(c *flows.Conn) { fmt.Println("forgotten") }

// A Consumer sees payload in sequence, whatever the order of the capture. Here
// the request was not captured.
func ExampleConsumer() {
	e := flows.NewEngine(flows.Options{}, printer{})
	for _, s := range exchange() {
		if s.Num != 4 {
			e.Segment(&s)
		}
	}
	e.Finish()
	// Output:
	// open 192.0.2.1:40000
	// responder: "HTTP/1.0 200 OK\r\n\r\n" in frame 5
	// responder ended by frame 6
	// initiator gap of 18
	// initiator ended by frame 7
}

// Duplicates have the same id; a segment that is sent again has another.
func ExampleNewSegment() {
	segment := func(id uint32) flows.Segment {
		return flows.NewSegment(client, server, id, flows.Segment{Flags: flows.ACK, Seq: 1, Payload: []byte("x")})
	}
	e := flows.NewEngine(flows.Options{}, nil)
	for _, s := range []flows.Segment{segment(1), segment(1), segment(2)} {
		fmt.Println(e.Segment(&s) == nil)
	}
	fmt.Println(e.Counts().Duplicates, "duplicate")
	// Output:
	// false
	// true
	// false
	// 1 duplicate
}
