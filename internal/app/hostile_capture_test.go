package app

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
)

// hostileCapture is what hostileScript makes; -update writes it anew.
var hostileCapture = filepath.Join(recordings, "hostile", "hostile.pcap")

// attacks are what a message may hold to harm who reads a report of it: a Go
// string in each line of attacks.txt.
var attacks = func() (list []string) {
	text, err := os.ReadFile(filepath.Join(recordings, "hostile", "attacks.txt"))
	if err != nil {
		panic(err)
	}
	for line := range strings.Lines(string(text)) {
		a, err := strconv.Unquote(strings.TrimSuffix(line, "\n"))
		if err != nil {
			panic(err)
		}
		list = append(list, a)
	}
	return list
}()

// places are where a message holds what its sender chose: the request, and the
// response.
var places = []func(a string) [2]string{
	func(a string) [2]string { return [2]string{"GET /" + a + " HTTP/1.1\r\nHost: x\r\n\r\n"} },
	func(a string) [2]string { return [2]string{"GET /?q=" + a + "#" + a + " HTTP/1.1\r\nHost: x\r\n\r\n"} },
	func(a string) [2]string {
		return [2]string{"GET http://" + a + "@" + a + "/ HTTP/1.1\r\nHost: x\r\n\r\n"}
	},
	func(a string) [2]string {
		return [2]string{"CONNECT " + a + ":443 HTTP/1.1\r\nHost: " + a + "\r\n\r\n"}
	},
	func(a string) [2]string { return [2]string{"GET /host HTTP/1.1\r\nHost: " + a + "\r\n\r\n"} },
	func(a string) [2]string { return [2]string{a + " /method HTTP/1.1\r\nHost: x\r\n\r\n"} },
	func(a string) [2]string {
		return [2]string{"GET /fields HTTP/1.1\r\nHost: x\r\n" + a + ": " + a + "\r\nUser-Agent: " + a + "\r\nCookie: " + a +
			"\r\nVia: " + a + "\r\nUpgrade: " + a + "\r\nConnection: " + a + "\r\n\r\n"}
	},
	func(a string) [2]string {
		return [2]string{"GET /response HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 " + a + "\r\nServer: " + a + "\r\nKeep-Alive: timeout=" + a +
			"\r\n" + a + ": " + a + "\r\nLocation: " + a + "\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"}
	},
	func(a string) [2]string { return [2]string{clientHello(a)} },
	func(a string) [2]string { return [2]string{a, a} },
}

// hostileScript has a connection for each attack in each place, and one with a
// target of 64 kB.
func hostileScript() string {
	var b strings.Builder
	port := 1024
	add := func(requests []string, response string) {
		port++
		at := float64(port-1024) / 100
		fmt.Fprintf(&b, "conn %d\n%.4f > S 0:0(0)\n%.4f < S. 0:0(0) ack 1\n%.4f > .\n", port, at, at+0.001, at+0.0015)
		for _, request := range requests {
			fmt.Fprintf(&b, "%.4f > P. %s\n", at+0.002, strconv.Quote(request))
		}
		fmt.Fprintf(&b, "%.4f < P. %s\n%.4f < F.\n%.4f > F.\n%.4f < .\n", at+0.003, strconv.Quote(response), at+0.004, at+0.005, at+0.006)
	}
	for _, place := range places {
		for _, a := range attacks {
			m := place(a)
			if m[1] == "" {
				m[1] = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
			}
			add([]string{m[0]}, m[1])
		}
	}
	long := strings.Repeat("=<b>\u202e\x1b[1m|", 1<<16/13)
	add([]string{"GET /" + long[:1<<15], long[1<<15:] + " HTTP/1.1\r\nHost: x\r\n\r\n"}, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
	return b.String()
}

// clientHello is a TLS record that asks for a server of that name (RFC 6066, 3).
func clientHello(name string) string {
	be := binary.BigEndian
	sized := func(n int, s string) string { return string(be.AppendUint64(nil, uint64(len(s))))[8-n:] + s }
	extension := "\x00\x00" + sized(2, sized(2, "\x00"+sized(2, name)))
	hello := "\x03\x03" + strings.Repeat("r", 32) + sized(1, "") + sized(2, "\x13\x01") + sized(1, "\x00") + sized(2, extension)
	return "\x16\x03\x01" + sized(2, "\x01"+sized(3, hello))
}

// TestHostileCapture holds the committed capture to what makes it.
func TestHostileCapture(t *testing.T) {
	want := capturetest.Pcap(t, hostileScript())
	if *update {
		if err := os.WriteFile(hostileCapture, want, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(hostileCapture)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s is not of this test any more (%d bytes, want %d); go test ./internal/app -run TestHostileCapture -update", hostileCapture, len(got), len(want))
	}
}
