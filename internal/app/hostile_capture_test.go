package main

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

// attacks are what a message may hold to harm who reads a report of it.
var attacks = []string{
	`</script><script>alert(1)</script>`,
	`"><img/src=x/onerror=alert(2)><svg/onload=alert(3)>`,
	`' onmouseover='alert(4)' "onfocus="alert(5)"autofocus="`,
	"javascript:alert(6)//`${alert(7)}`",
	`{{.}}{{alert(8)}}<!--><!--<script>]]><![CDATA[</style></textarea></title>`,
	"<a\u2028href\u2029='javascript:alert(9)'>x</a>",
	"\u202egnp.exe\u2066\u200f\u061c\ufeff\u200b",
	"\x1b[2J\x1b[1;31mowned\x1b[0m\x1b]0;title\a",
	"\x1b]8;;https://evil.test/\x1b\\click\x1b]8;;\x1b\\",
	"\x1b]52;c;ZXZpbA==\a\x1bP$q\x1b\\\x1b[6n",
	"\u009b31m\u009d0;c1\u009c\x9b31m\x90\x9d",
	"\b\b\b\v\f\x7f\x0e\x0f",
	"a\x00b\x00",
	"\xff\xfe\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80",
	"|a|b|\t|--|--|`` ` ``\\|\\`",
	"@everyone/#123!4$5%6/[x](http://evil.test)![i](//evil.test/i.png)<https://evil.test>www.evil.test",
	"<details><summary>**b**_i_~~s~~:bomb:[[w]]{color:red}&lt;&#64;all&nbsp;",
	"```\t# h\t- [ ] t\t===\t---\t***\t$$x$$\t[^1]",
	`=cmd|'/C calc'!A0`, "=HYPERLINK(\"http://evil.test\")", "+1+cmd|'/C calc'!A0", "-2+3", "@SUM(1+1)", "\t=1+1", "\r=1+1", "a\",=1+1,\"",
	`$(reboot)` + "`reboot`" + `;reboot|reboot&&"'`, "%s%n%x%d%!", "../../../../etc/passwd", "\\u003cscript\\u003e",
}

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
		t.Errorf("%s is not of this test any more (%d bytes, want %d); go test ./cmd/kaanalyze -run TestHostileCapture -update", hostileCapture, len(got), len(want))
	}
}
