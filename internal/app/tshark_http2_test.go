package app

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// h2Key names a stream of HTTP/2: the connection by its number at tshark, and the stream's.
type h2Key struct{ connection, stream int64 }

// h2Exchange is what is compared of an exchange: method, path and status, "null" where it is
// not known, as what a header block that was not captured put into the table of hpack.
type h2Exchange struct{ method, path, status string }

// notByTshark are recordings in which tshark 4.0.17 shows no exchange, and why.
var notByTshark = map[string]string{
	"h2-go-midstream": "it decrypts no connection whose handshake was not captured",
}

// TestHTTP2AsTshark compares method, path and status of each exchange of HTTP/2 with what
// tshark shows with the same keys: in the recordings of HTTP/2 and gRPC or, with KAANALYZE_LAB=DIR, in that
// folder.
func TestHTTP2AsTshark(t *testing.T) {
	if os.Getenv("KAANALYZE_TSHARK") == "" {
		t.Skip("KAANALYZE_TSHARK is not set: comparing with tshark takes a while")
	}
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed")
	}
	folder, compared := labFolder(), 0
	for _, name := range captures(t, folder) {
		if !strings.Contains(name, "h2") && !strings.Contains(name, "http2") && !strings.HasPrefix(name, "grpc") {
			continue
		}
		file := filepath.Join(folder, name)
		c := reading(file + ".pcap")
		c.Exchanges, c.ShowSecrets = true, true
		if _, err := os.Stat(file + ".keylog"); err == nil {
			c.TLSKeyLog = file + ".keylog"
		}
		got := h2Exchanges(t, c)
		want := tsharkHTTP2(t, tshark, file, c.TLSKeyLog)
		compared += len(got)
		if why, ok := notByTshark[name]; ok {
			if len(want) > 0 || len(got) == 0 {
				t.Errorf("%s: got %d exchanges, tshark shows %d, but: %s", name, len(got), len(want), why)
			}
			continue
		}
		for _, key := range h2Keys(got, want) {
			x, ours := got[key]
			y, theirs := want[key]
			if !ours || !theirs || x != y {
				t.Errorf("%s: connection %d, stream %d: got %v, tshark shows %v", name, key.connection, key.stream, x, y)
			}
		}
	}
	if folder == recordings && compared < 100 {
		t.Errorf("%d exchanges compared, want 100 at least", compared)
	}
}

// h2Keys returns the streams of both, in order.
func h2Keys(a, b map[h2Key]h2Exchange) []h2Key {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return slices.SortedFunc(maps.Keys(all), func(x, y h2Key) int {
		if x.connection != y.connection {
			return int(x.connection - y.connection)
		}
		return int(x.stream - y.stream)
	})
}

// h2Exchanges returns the exchanges of a report that are streams of HTTP/2.
func h2Exchanges(t *testing.T, c Config) map[h2Key]h2Exchange {
	t.Helper()
	var r struct {
		Connections []struct {
			ID     uint64
			Stream *int64
		}
		Exchanges []struct {
			Connection uint64
			H2Stream   *int64 `json:"h2_stream"`
			Method     *string
			Target     *string
			Status     *int
		}
	}
	if err := json.Unmarshal([]byte(succeedJSON(t, c)), &r); err != nil {
		t.Fatal(err)
	}
	streams := map[uint64]int64{}
	for _, c := range r.Connections {
		if c.Stream != nil {
			streams[c.ID] = *c.Stream
		}
	}
	all := map[h2Key]h2Exchange{}
	for _, x := range r.Exchanges {
		if x.H2Stream == nil {
			continue
		}
		e := h2Exchange{method: word(x.Method), path: word(x.Target), status: "null"}
		if x.Status != nil {
			e.status = strconv.Itoa(*x.Status)
		}
		key := h2Key{streams[x.Connection], *x.H2Stream}
		if _, twice := all[key]; twice {
			t.Errorf("%v: connection %d: stream %d is told twice", c.Read, x.Connection, *x.H2Stream)
		}
		all[key] = e
	}
	return all
}

// pdml is what is read of tshark's details of a packet.
type pdml struct {
	Protocols []struct {
		Name   string      `xml:"name,attr"`
		Fields []pdmlField `xml:"field"`
	} `xml:"proto"`
}

type pdmlField struct {
	Name   string      `xml:"name,attr"`
	Show   string      `xml:"show,attr"`
	Fields []pdmlField `xml:"field"`
}

// all calls f for a field and what it holds.
func (x *pdmlField) all(f func(*pdmlField)) {
	f(x)
	for i := range x.Fields {
		x.Fields[i].all(f)
	}
}

// tsharkHTTP2 returns the exchanges that tshark shows. What was refused is left out, as it is no request.
func tsharkHTTP2(t *testing.T, tshark, file, keys string) map[h2Key]h2Exchange {
	t.Helper()
	args := []string{"-r", file + ".pcap", "-n", "-o", "tcp.reassemble_out_of_order:TRUE", "-T", "pdml", "-J", "frame tcp http http2"}
	if keys != "" {
		args = append(args, "-o", "tls.keylog_file:"+keys, "-d", "tcp.port==8080,tls") // it takes 8080 for HTTP
	} else if !strings.Contains(file, "upgrade") { // which begins as HTTP/1.1
		for _, port := range []string{"8080", "8081", "8444", "8476", "8484", "8485"} {
			args = append(args, "-d", "tcp.port=="+port+",http2")
		}
	}
	out, err := exec.Command(tshark, args...).Output()
	if err != nil {
		t.Fatalf("%s: tshark: %v", file, err)
	}
	s := tsharkStreams{all: map[h2Key]h2Exchange{}, refused: map[h2Key]bool{}}
	d := xml.NewDecoder(bytes.NewReader(out))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s: tshark's PDML: %v", file, err)
		}
		if begin, ok := token.(xml.StartElement); ok && begin.Name.Local == "packet" {
			var p pdml
			if err := d.DecodeElement(&p, &begin); err != nil {
				t.Fatalf("%s: tshark's PDML: %v", file, err)
			}
			s.packet(&p)
		}
	}
	for key := range s.refused {
		delete(s.all, key)
	}
	return s.all
}

// tsharkStreams collects the streams of a capture.
type tsharkStreams struct {
	all     map[h2Key]h2Exchange
	refused map[h2Key]bool
	upgrade map[int64]h2Exchange // requests of HTTP/1.1, by connection
}

// packet adds what a packet shows: header blocks, and RST_STREAM.
func (s *tsharkStreams) packet(p *pdml) {
	connection := int64(-1)
	for _, protocol := range p.Protocols {
		switch protocol.Name {
		case "tcp":
			for i := range protocol.Fields {
				if f := &protocol.Fields[i]; f.Name == "tcp.stream" {
					connection, _ = strconv.ParseInt(f.Show, 10, 64)
				}
			}
		case "http":
			s.http1(connection, protocol.Fields)
		case "http2":
			for i := range protocol.Fields {
				s.frame(connection, &protocol.Fields[i])
			}
		}
	}
}

// http1 notes a request of HTTP/1.1, which is stream 1 once its connection has gone over to HTTP/2 (RFC 7540, 3.2).
func (s *tsharkStreams) http1(connection int64, fields []pdmlField) {
	x := h2Exchange{status: "null"}
	for i := range fields {
		fields[i].all(func(f *pdmlField) {
			switch f.Name {
			case "http.request.method":
				x.method = f.Show
			case "http.request.uri":
				x.path = f.Show
			case "http.response.code":
				if f.Show == "101" {
					s.all[h2Key{connection, 1}] = s.upgrade[connection]
				}
			}
		})
	}
	if x.method != "" {
		if s.upgrade == nil {
			s.upgrade = map[int64]h2Exchange{}
		}
		s.upgrade[connection] = x
	}
}

// frame adds a frame.
func (s *tsharkStreams) frame(connection int64, frame *pdmlField) {
	var kind, reset string
	key := h2Key{connection, 0}
	x := h2Exchange{path: "null"}
	frame.all(func(f *pdmlField) {
		switch f.Name {
		case "http2.type":
			kind = f.Show
		case "http2.streamid":
			if key.stream == 0 {
				key.stream, _ = strconv.ParseInt(f.Show, 10, 64)
			}
		case "http2.headers.method":
			x.method = f.Show
		case "http2.headers.path":
			x.path = f.Show
		case "http2.headers.status":
			x.status = f.Show
		case "http2.rst_stream.error":
			reset = f.Show
		}
	})
	const headers, resetStream, continuation, refused = "1", "3", "9", "7"
	switch {
	case kind == resetStream && reset == refused:
		s.refused[key] = true
	case kind != headers && kind != continuation:
	case x.method != "":
		s.all[key] = h2Exchange{x.method, x.path, "null"}
	case x.status != "" && !strings.HasPrefix(x.status, "1"):
		y := s.all[key]
		y.status = x.status
		s.all[key] = y
	}
}

func (x h2Exchange) String() string { return fmt.Sprintf("%s %s %s", x.method, x.path, x.status) }
