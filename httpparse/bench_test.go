package httpparse

import (
	"strings"
	"testing"
)

// Heads as wrk and nginx send them, and a browser's.
const (
	wrkHead = "GET /1k.bin HTTP/1.1\r\nHost: 10.9.0.2\r\n\r\n"

	nginxHead = "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Fri, 20 Nov 2026 04:13:20 GMT\r\n" +
		"Content-Type: application/octet-stream\r\nContent-Length: 1024\r\n" +
		"Last-Modified: Fri, 20 Nov 2026 04:00:00 GMT\r\nConnection: keep-alive\r\n" +
		"ETag: \"691e93c0-400\"\r\nAccept-Ranges: bytes\r\n\r\n"

	browserHead = "GET /static/app.js?v=12 HTTP/1.1\r\nHost: www.example.org\r\nConnection: keep-alive\r\n" +
		"sec-ch-ua-platform: \"Linux\"\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36\r\n" +
		"Accept: */*\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: script\r\n" +
		"Referer: http://www.example.org/\r\nAccept-Encoding: gzip, deflate\r\nAccept-Language: en-GB,en;q=0.9\r\n" +
		"Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n\r\n"
)

func BenchmarkScan(b *testing.B) {
	for _, bm := range []struct{ name, head string }{
		{"wrk", wrkHead}, {"nginx", nginxHead}, {"browser", browserHead},
		{"nginx with body", nginxHead + strings.Repeat("x", 1024)},
		{"body bytes", strings.Repeat("Hello, world. ", 100)},
		{"binary", strings.Repeat("\x8b\x00\x17G", 360)},
	} {
		b.Run(bm.name, func(b *testing.B) {
			in := []byte(bm.head)
			b.ReportAllocs()
			b.SetBytes(int64(len(in)))
			for b.Loop() {
				sink = Scan(in)
			}
		})
	}
}

// What a head costs that the scanner knows, and one that it does not.
func BenchmarkScanner(b *testing.B) {
	for _, head := range []string{wrkHead, nginxHead, browserHead} {
		var s Scanner
		in := []byte(head)
		b.Run("known", func(b *testing.B) {
			for b.Loop() {
				sink = s.Scan(in)
			}
		})
		b.Run("new", func(b *testing.B) {
			for b.Loop() {
				in[len(in)-5]++ // before the empty line
				sink = s.Scan(in)
			}
		})
	}
}

var sink Head

// What a message costs beside the scan, when a worker has done that.
func BenchmarkTakeHead(b *testing.B) {
	note := Scan([]byte(nginxHead))
	body := make([]byte, 1024)
	var p Parser
	var bufs Buffers
	b.ReportAllocs()
	for b.Loop() {
		if p.AtStart() {
			p.TakeHead(note)
		}
		p.Frame(GET)
		if n, ev := p.Next(body, &bufs); n != len(body) || ev != MessageDone {
			b.Fatalf("Next = %d, %v", n, ev)
		}
	}
}

func BenchmarkChunkedBody(b *testing.B) {
	h, _ := ScanHead([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"))
	body := []byte(strings.Repeat("400\r\n"+strings.Repeat("x", 1024)+"\r\n", 8) + "0\r\n\r\n")
	var p Parser
	var bufs Buffers
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		p.TakeHead(h)
		p.Frame(GET)
		if n, ev := p.Next(body, &bufs); n != len(body) || ev != MessageDone {
			b.Fatalf("Next = %d, %v", n, ev)
		}
	}
}

// A head that comes in two segments, of the size that cookies make.
func BenchmarkStraddlingHead(b *testing.B) {
	head := []byte(strings.Replace(browserHead, "theme=dark", strings.Repeat("theme=dark; ", 100), 1))
	var p Parser
	var bufs Buffers
	b.ReportAllocs()
	b.SetBytes(int64(len(head)))
	for b.Loop() {
		p.Next(head[:1448], &bufs)
		if _, ev := p.Next(head[1448:], &bufs); ev != HeadDone {
			b.Fatal(ev)
		}
		p.Frame(NoMethod)
		p.Next(nil, &bufs)
	}
}
