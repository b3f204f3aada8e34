package httpparse_test

import (
	"fmt"

	"github.com/kaanalyze/kaanalyze/httpparse"
)

// follow takes a segment of a direction and tells what is in it. The methods are
// those of the requests that its responses answer.
func follow(p *httpparse.Parser, bufs *httpparse.Buffers, segment string, methods ...httpparse.Method) {
	b := []byte(segment)
	p.SegmentStart(b)
	for {
		n, ev := p.Next(b, bufs)
		taken := b[:n]
		b = b[n:]
		switch ev {
		case httpparse.None:
			if len(b) == 0 {
				return
			}
		case httpparse.HeadDone:
			h := p.Head()
			raw := p.RawHead(bufs) // of a head that straddles segments
			if raw == nil {
				raw = taken[len(taken)-h.Len():]
			}
			if h.Kind() == httpparse.Request {
				fmt.Printf("%v %s at %s", h.Method(), h.Target(raw), h.Host(raw))
			} else {
				fmt.Printf("status %d", h.Status())
			}
			method := httpparse.NoMethod
			if len(methods) > 0 {
				method, methods = methods[0], methods[1:]
			}
			fmt.Printf(", body: %v, persistent: %v\n", p.Frame(method), h.Persistent())
		default:
			fmt.Println(ev)
		}
	}
}

// Find the messages in the two directions of a connection.
func Example() {
	var bufs httpparse.Buffers
	var client, server httpparse.Parser

	follow(&client, &bufs, "HEAD /a HTTP/1.1\r\nHost: example.org\r\n\r\nGET /b HTTP/1.1\r\nHo")
	follow(&client, &bufs, "st: example.org\r\nConnection: close\r\n\r\n")
	fmt.Println("client ends:", client.Close(&bufs))

	follow(&server, &bufs, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"+
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n",
		httpparse.HEAD, httpparse.GET)
	follow(&server, &bufs, "0\r\n\r\n")
	fmt.Println("server ends:", server.Close(&bufs))

	// Output:
	// HEAD /a at example.org, body: no body, persistent: true
	// message done
	// head start
	// GET /b at example.org, body: no body, persistent: false
	// message done
	// client ends: clean
	// status 200, body: no body, persistent: true
	// message done
	// status 200, body: chunked, persistent: false
	// message done
	// server ends: clean
}

// A gap inside a body is counted; a gap anywhere else loses the place, until a
// segment begins like a message.
func ExampleParser_Skip() {
	var bufs httpparse.Buffers
	var p httpparse.Parser

	follow(&p, &bufs, "HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n")
	p.Skip(2990) // two segments were not captured
	left, known := p.Remaining()
	fmt.Println(left, known)
	follow(&p, &bufs, "0123456789")

	p.Skip(100) // a head, perhaps, or more
	follow(&p, &bufs, "the rest of a body")
	follow(&p, &bufs, "HTTP/1.1 204 No Content\r\n\r\n")
	fmt.Println(p.Close(&bufs))

	// Output:
	// status 200, body: counted, persistent: true
	// 10 true
	// message done
	// lost
	// status 204, body: no body, persistent: true
	// message done
	// clean
}

// Read a head that lies whole in memory.
func ExampleScanHead() {
	segment := []byte("GET http://example.org/x HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\nmore")
	h, result := httpparse.ScanHead(segment)
	fmt.Println(result, h.Kind(), h.Len(), h.Flags())
	raw := segment[:h.Len()]
	host, _ := httpparse.Field(raw, "host")
	fmt.Printf("%s %s, Host field %s\n", h.Target(raw), h.Host(raw), host)

	_, result = httpparse.ScanHead(segment[:20])
	fmt.Println(result)
	_, result = httpparse.ScanHead([]byte("SSH-2.0-OpenSSH_9.2\r\n"))
	fmt.Println(result)

	// Output:
	// complete request 69 conn-close
	// http://example.org/x example.org, Host field other
	// need more
	// not a message
}

func ExampleDetect() {
	for _, first := range []string{"GET /index", "HTTP/1.1 200 OK", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\x16\x03\x01\x02\x00", "PR", "SSH-2.0-OpenSSH\r\n"} {
		fmt.Println(httpparse.Detect([]byte(first)))
	}

	// Output:
	// http/1 request
	// http/1 response
	// h2 preface
	// tls
	// unknown
	// other
}
