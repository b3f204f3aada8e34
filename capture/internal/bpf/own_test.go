package bpf

import (
	"errors"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
)

// TestOwnErrors has what the own compiler leaves to libpcap, and what is wrong anywhere:
// the word is named.
func TestOwnErrors(t *testing.T) {
	for _, test := range []struct {
		expr, want string
		limited    bool // libpcap might accept it
	}{
		{"udp port 53", `"udp"`, true},
		{"tcp port 80 and len > 100", `"len"`, true},
		{"tcp[13] & 2 != 0", `"tcp[13]"`, true},
		{"host www.example.org", `"www.example.org"`, true},
		{"port http", `"http"`, true},
		{"port 80 or https", `"https"`, true},
		{"ether host 0:0:0:0:0:1", `"ether"`, true},
		{"net 10.0.0.0 mask 255.0.0.0", `"mask"`, true},
		{"portrange 80-http", `"80-http"`, true},
		{"vlan and vlan and tcp", `"vlan"`, true},
		{"host 10", `"10"`, true},
		{"port 080", `"080"`, true},
		{"tcp prot 80", `"prot"`, true},
		{"port 65536", `"65536"`, true},
		{"vlan 4096", `"4096"`, true},
		{"host fe80::1%eth0", `"fe80::1%eth0"`, true},
		{"greater 100", `"greater"`, true},
		{"tcp and", "too early", false},
		{"port", "too early", false},
		{"(port 80", "too early", false},
		{"port 80)", `")"`, false},
		{"and tcp", `"and"`, false},
		{"tcp tcp", `"tcp"`, false},
		{"port 80 or (81 or port 82)", `"port"`, false},
		{"tcp host 10.0.0.1", `"tcp"`, false},
		{"ip port 80", `"ip"`, false},
		{"ip6 host 10.0.0.1", `"10.0.0.1"`, false},
		{"host 10.0.0.0/8", `"10.0.0.0/8"`, false},
		{"net 10.0.0.1/8", `"10.0.0.1/8"`, false},
		{"net 10.0.0.0/33", `"10.0.0.0/33"`, true},
		{"10.0.0.1", `"10.0.0.1"`, true},
		{"tcp or 80", `"80"`, true},
	} {
		_, err := compileOwn(test.expr, pcapfile.LinkEthernet)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || !strings.Contains(syntax.Reason, test.want) || errors.Is(err, ErrNoLibpcap) != test.limited {
			t.Errorf("%q: got error %v, for want of libpcap: %v; want %s, %v", test.expr, err, errors.Is(err, ErrNoLibpcap), test.want, test.limited)
		}
	}
	if _, err := compileOwn("tcp", pcapfile.LinkPKTAP); !errors.Is(err, ErrNoLibpcap) {
		t.Errorf("a link type that has no layout: got error %v", err)
	}
	if _, err := compileOwn("vlan", pcapfile.LinkRaw); err == nil {
		t.Error("frames without a link header have a tag")
	}
}

// TestOwnLong has more alternatives than a conditional jump reaches over.
func TestOwnLong(t *testing.T) {
	hosts := make([]string, 300)
	for i := range hosts {
		hosts[i] = "10.0.0." + string(rune('0'+i%10))
	}
	frame := make([]byte, 60)
	copy(frame[12:], []byte{8, 0, 0x45})
	copy(frame[26:], []byte{10, 0, 0, 1, 10, 1, 1, 1})
	for expr, want := range map[string]bool{
		"host 10.1.1.2 or " + strings.Join(hosts, " or "):            true,
		"not (host 10.1.1.2 or " + strings.Join(hosts, " or ") + ")": false,
		"host 10.1.1.2 and (" + strings.Join(hosts, " or ") + ")":    false,
		"host " + strings.Join(hosts, " or ") + " or 10.1.1.1":       true,
		"dst host " + strings.Join(hosts, " or "):                    false,
	} {
		f, err := compileOwn(expr, pcapfile.LinkEthernet)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Match(frame, 60); got != want {
			t.Errorf("%.40q... of %d instructions: got %v, want %v", expr, len(f.program), got, want)
		}
	}
}

// FuzzOwn compiles what anybody may write: it ends, and the program is valid.
func FuzzOwn(f *testing.F) {
	f.Add("tcp port 80 and not (src net 10/8 or dst host ::1)", []byte("frame"))
	f.Add("vlan 5 and portrange 80-90 or 100", []byte{})
	f.Fuzz(func(t *testing.T, expr string, frame []byte) {
		filter, err := compileOwn(expr, pcapfile.LinkEthernet)
		if err == nil {
			filter.Match(frame, uint32(len(frame)))
			return
		}
		if _, ok := err.(*SyntaxError); !ok {
			t.Errorf("%q: got error %v", expr, err)
		}
	})
}
