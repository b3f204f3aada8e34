package capturetest

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/flows"
)

const exchange = `
# a request and its response
 0.000 > S  0:0(0)        win 64240 mss 1460 wscale 7
 0.001 < S. 0:0(0)  ack 1 win 65160 wscale 20
 0.001000001 > .    ack 1
 0.021 > P. 1:19(18)      "GET / HTTP/1.1\r\n\r\n" tsval 5 tsecr 6
 0.040 < P. 1:101(100) ack 19 "HTTP/1.1 # 200" cut 20
60.041 < F.               # want server closes first
60.042 > R  18:18(0)      # wants nothing
`

func TestSegments(t *testing.T) {
	client := flows.EndpointOf(netip.MustParseAddrPort("192.0.2.1:40000"))
	server := flows.EndpointOf(netip.MustParseAddrPort("198.51.100.1:80"))
	up := flows.Segment{SrcIP: client.IP, SrcPort: client.Port, DstIP: server.IP, DstPort: server.Port, Window: 65535, TTL: 64, WindowScale: flows.NoScale}
	down := flows.Segment{SrcIP: server.IP, SrcPort: server.Port, DstIP: client.IP, DstPort: client.Port, Window: 65535, TTL: 64, WindowScale: flows.NoScale}
	const isnC, isnS = 1_000_000_000, 2_000_000_000
	want := []flows.Segment{up, down, up, up, down, down, up}
	set := func(i int, nanos int64, f flows.Flags, seq, ack uint32) *flows.Segment {
		s := &want[i]
		s.Time, s.Num, s.Flags, s.Seq, s.Ack = Epoch+nanos, uint64(i+1), f, seq, ack
		return s
	}
	s := set(0, 0, flows.SYN, isnC, 0)
	s.Window, s.WindowScale = 64240, 7
	s = set(1, 1e6, flows.SYN|flows.ACK, isnS, isnC+1)
	s.Window, s.WindowScale = 65160, 14
	set(2, 1e6+1, flows.ACK, isnC+1, isnS+1)
	s = set(3, 21e6, flows.PSH|flows.ACK, isnC+1, isnS+1)
	s.Payload, s.Len, s.HasTS, s.TSVal, s.TSEcr = []byte("GET / HTTP/1.1\r\n\r\n"), 18, true, 5, 6
	s = set(4, 40e6, flows.PSH|flows.ACK, isnS+1, isnC+19)
	s.Payload, s.Len = append([]byte("HTTP/1.1 # 200"), make([]byte, 6)...), 100
	set(5, 60041e6, flows.FIN|flows.ACK, isnS+101, isnC+19)
	set(6, 60042e6, flows.RST, isnC+18, 0)

	script, err := Parse(exchange)
	if err != nil {
		t.Fatal(err)
	}
	got := script.Segments()
	hash := got[0].Hash
	for i := range got {
		if got[i].Hash != hash {
			t.Errorf("packet %d: hash is %#x, want %#x as for all of the connection", i+1, got[i].Hash, hash)
		}
		got[i].Hash, got[i].Print = 0, 0
		if len(got[i].Payload) == 0 {
			got[i].Payload = nil
		}
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("segments (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(script.Wants, map[uint64]string{6: "server closes first"}); diff != "" {
		t.Errorf("wants (-got +want):\n%s", diff)
	}
}

func TestSeveralConnections(t *testing.T) {
	got := Segments(t, `
		isn 0xfffffffe -1
		0 > S
		1 > . 1:4(3) "abc"
		conn 40001
		client 2001:db8::1
		server [2001:db8::2]:8080
		2 > S
		40000: 3 < S.
		4 < R.
		5 < . -1:0(1)
	`)
	type brief struct {
		src, dst string
		seq, ack uint32
	}
	want := []brief{
		{"192.0.2.1:40000", "198.51.100.1:80", 0xfffffffe, 0},
		{"192.0.2.1:40000", "198.51.100.1:80", 0xffffffff, 0xffffffff},
		{"[2001:db8::1]:40001", "[2001:db8::2]:8080", 1_000_000_000, 0},
		{"198.51.100.1:80", "192.0.2.1:40000", 0xffffffff, 2},
		{"[2001:db8::2]:8080", "[2001:db8::1]:40001", 2_000_000_000, 1_000_000_001},
		{"[2001:db8::2]:8080", "[2001:db8::1]:40001", 1_999_999_999, 1_000_000_001},
	}
	if len(got) != len(want) {
		t.Fatalf("got %d segments, want %d", len(got), len(want))
	}
	for i, s := range got {
		b := brief{s.Src().AddrPort().String(), s.Dst().AddrPort().String(), s.Seq, s.Ack}
		if b != want[i] {
			t.Errorf("packet %d: got %v, want %v", i+1, b, want[i])
		}
	}
	if got[0].Hash != got[3].Hash || got[0].Hash == got[2].Hash {
		t.Errorf("hashes are %#x, %#x and %#x, want the first two alike", got[0].Hash, got[3].Hash, got[2].Hash)
	}
}

func TestCopies(t *testing.T) {
	s := Segments(t, `
		0 > P. "x" id 7
		0 > P. 0:1(1) "x" id 7 ttl 63 vlan 5
		0 > P. 0:1(1) "x" id 7 iface 2
		0 > P. 0:1(1) "x"
	`)
	if s[0].Print != s[1].Print || s[0].Print != s[2].Print || s[0].Print == s[3].Print {
		t.Errorf("prints are %#x %#x %#x %#x, want the first three alike and not the last", s[0].Print, s[1].Print, s[2].Print, s[3].Print)
	}
	if s[0].Link != 0 || s[1].Link == 0 || s[2].Link == 0 || s[1].Link == s[2].Link {
		t.Errorf("links are %d %d %d, want 0 and two others", s[0].Link, s[1].Link, s[2].Link)
	}
}

func TestPcap(t *testing.T) {
	b := Pcap(t, exchange)
	if magic, link := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[20:]); magic != 0xa1b23c4d || link != 1 {
		t.Errorf("magic is %#x and link type %d, want 0xa1b23c4d and 1", magic, link)
	}
	lengths := []int{62, 58, 54, 84, 74, 54, 54}
	b = b[24:]
	for i, want := range lengths {
		got := int(binary.LittleEndian.Uint32(b[8:]))
		if got != want {
			t.Fatalf("packet %d: %d bytes captured, want %d", i+1, got, want)
		}
		ip := b[16+14:][:20]
		if s := sum(0, ip); s != 0xffff {
			t.Errorf("packet %d: the IP header sums up to %#x, want 0xffff", i+1, s)
		}
		b = b[16+got:]
	}
	if len(b) != 0 {
		t.Errorf("%d bytes follow the last packet", len(b))
	}
	if link := binary.LittleEndian.Uint32(Pcap(t, "0 > S iface 3")[20:]); link != 276 {
		t.Errorf("with an interface the link type is %d, want 276", link)
	}
}

func TestParseErrors(t *testing.T) {
	for _, test := range []struct{ script, want string }{
		{"0 >", "a packet has"},
		{"x > S", "want seconds"},
		{"-1 > S", "want seconds"},
		{"0.0000000001 > S", "at most 9 decimals"},
		{"0 = S", "want > or <"},
		{"0 > Q", "want some of"},
		{"0 > S ack 1", "without a dot"},
		{"0 > . 0:2(1)", "does not add up"},
		{"0 > . 0-1(1)", "not SEQ:END(LEN)"},
		{"0 > . x:1(1)", "no 32-bit number"},
		{"0 > . 0:x(1)", "no 32-bit number"},
		{"0 > . 0:1(x)", "no 32-bit number"},
		{"0.1x > S", "want seconds"},
		{`0 > . 0:1(1) "ab"`, "more than 1"},
		{`0 > . "ab`, "read payload"},
		{"0 > . win", "needs a number"},
		{"0 > . win 65536", "more than 65535"},
		{"0 > . wim 6", "not known"},
		{"0 > . ack 4294967296", "no 32-bit number"},
		{"isn 1", "takes 2 words"},
		{"conn x", "read client port"},
		{"client x", "read client"},
		{"server 1.2.3.4", "read server"},
		{"client ::1\n0 > S", "different IP versions"},
		{"0 > S\nisn 1 2", "after the connection's first packet"},
		{"x: 0 > S", "read client port"},
	} {
		_, err := Parse(test.script)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: got error %v, want one with %q", test.script, err, test.want)
		}
	}
}
