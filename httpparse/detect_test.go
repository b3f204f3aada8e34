package httpparse

import "testing"

func TestDetect(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     Protocol
	}{
		{"nothing", "", Unknown},
		{"request", wrkHead, HTTP1Request},
		{"request line, cut in the target", "GET /a/long/pa", HTTP1Request},
		{"request line, cut in the method", "GE", Unknown},
		{"request line, cut behind the method", "GET ", Unknown},
		{"absolute form", "GET HTTP://a", HTTP1Request},
		{"absolute form, cut", "GET htt", Unknown},
		{"asterisk form", "OPTIONS * HT", HTTP1Request},
		{"asterisk with another method", "GET * ", Unknown},
		{"authority form", "CONNECT a.example:4", HTTP1Request},
		{"authority form, IPv6", "CONNECT [2001:db8::1]:443", HTTP1Request},
		{"unregistered method, line cut", "FROB /x", Unknown},
		{"unregistered method", "FROB /x HTTP/1.1\r\n", HTTP1Request},
		{"empty lines first", "\r\n\r\nGET / HTTP/1.1\r\n", HTTP1Request},
		{"response", nginxHead, HTTP1Response},
		{"response, line cut", "HTTP/1.1 200", Unknown},
		{"response, reason cut", "HTTP/1.1 200 O", HTTP1Response},
		{"response, bad", "HTTP/1.1 2x0 O", Other},
		{"h2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00", H2Preface},
		{"h2 preface, cut", "PRI * HTTP/2", Unknown},
		{"P", "P", Unknown},
		{"PRI alone", "PRI * HTTP/1.1\r\n\r\n", HTTP1Request},
		{"TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc", TLS},
		{"TLS data, midstream", "\x17\x03\x03\x40\x11abc", TLS},
		{"TLS, cut", "\x16\x03\x01", Unknown},
		{"TLS, empty record", "\x17\x03\x03\x00\x00", Other},
		{"TLS, record too long", "\x17\x03\x03\x48\x01", Other},
		{"TLS, version", "\x16\x02\x00\x02\x00", Other},
		{"TLS, minor version", "\x16\x03\x05\x02\x00", Other},
		{"SSH", "SSH-2.0-OpenSSH_9.2\r\n", Other},
		{"RTSP", "OPTIONS rtsp://a/ RTSP/1.0\r\n", Other},
		{"RTSP, line cut", "OPTIONS rtsp://a/ RT", Unknown},
		{"HTTP/0.9", "GET /\r\n", Other},
		{"binary", "\x00\x01", Other},
	} {
		if got := Detect([]byte(tt.in)); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}
