package report

import (
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

func TestRedactorTakesTheLongestTarget(t *testing.T) {
	list := []analyze.Exchange{{Target: "/a?k=1"}, {Target: "/a?k=12"}, {Target: "/plain"}, {Target: "http://u:p@h/"}}
	for in, want := range map[string]string{
		"request 1: GET /a?k=1":        "request 1: GET /a",
		"request 2: GET /a?k=12":       "request 2: GET /a",
		"request 3: GET /plain":        "request 3: GET /plain",
		"request 4: GET http://u:p@h/": "request 4: GET http://h/",
		"keep-alive probe":             "keep-alive probe",
	} {
		if got := newRedactor(&Report{}, list).Replace(in); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if got := newRedactor(&Report{Options: Options{ShowSecrets: true}}, list).Replace(in); got != in {
			t.Errorf("with secrets: got %q, want %q", got, in)
		}
	}
}

func TestStoryOfAnotherConnectionHasItsExchangesAlone(t *testing.T) {
	r := incident()
	if got := len(exchangesOf(r, 1)); got != 2 {
		t.Errorf("connection 1: got %d exchanges, want 2", got)
	}
	if got := len(exchangesOf(r, 2)); got != 0 {
		t.Errorf("connection 2: got %d exchanges, want 0", got)
	}
	c := conn(2, noon, 0)
	var b strings.Builder
	if err := WriteStory(&b, r, &c, nil, 0); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "EXCHANGES") || strings.Contains(b.String(), "more packets") {
		t.Errorf("got what is not there:\n%s", b.String())
	}
}

func TestConnectionByID(t *testing.T) {
	h := &handMade{connections: []analyze.Connection{conn(2, noon, 1), conn(5, noon, 1), conn(9, noon, 1)}}
	for id, want := range map[uint64]bool{0: false, 1: false, 2: true, 3: false, 5: true, 9: true, 10: false} {
		var c analyze.Connection
		if got := connectionByID(h, id, &c); got != want || got && c.ID != id {
			t.Errorf("id %d: got %v and connection %d, want %v", id, got, c.ID, want)
		}
	}
}

func TestWiresharkFilterWithoutStream(t *testing.T) {
	c := openConn(1, noon)
	c.Stream = analyze.Unknown
	want := "ipv6.addr eq 2001:db8:0:1:aaaa:bbbb:cccc:dddd and tcp.port eq 50000 and ipv6.addr eq 2001:db8::2 and tcp.port eq 443"
	if got := wiresharkFilter(&c); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
