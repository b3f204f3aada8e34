package names

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// answer returns an answer of DNS: the addresses of a name, behind an alias.
func answer(t testing.TB, name string, addrs ...string) []byte {
	t.Helper()
	host, alias := dnsmessage.MustNewName(name), dnsmessage.MustNewName("cdn.example.net.")
	b := dnsmessage.NewBuilder(nil, dnsmessage.Header{ID: 7, Response: true})
	b.EnableCompression()
	_ = b.StartQuestions()
	_ = b.Question(dnsmessage.Question{Name: host, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET})
	_ = b.StartAnswers()
	_ = b.CNAMEResource(dnsmessage.ResourceHeader{Name: host, Class: dnsmessage.ClassINET}, dnsmessage.CNAMEResource{CNAME: alias})
	for _, a := range addrs {
		if ip := netip.MustParseAddr(a); ip.Is4() {
			_ = b.AResource(dnsmessage.ResourceHeader{Name: alias, Class: dnsmessage.ClassINET}, dnsmessage.AResource{A: ip.As4()})
		} else {
			_ = b.AAAAResource(dnsmessage.ResourceHeader{Name: alias, Class: dnsmessage.ClassINET}, dnsmessage.AAAAResource{AAAA: ip.As16()})
		}
	}
	message, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return message
}

// TestNames tells the name that was asked for last, few others, and those of a hosts file.
func TestNames(t *testing.T) {
	var table Table
	table.AddHosts([]byte("# a comment\n127.0.0.1\tlocalhost loop\n127.0.0.1 again\n10.0.0.9 Web.Intern # theirs\n10.0.0.8 b\u00e4d\n10.0.0.7\nno address\n::1 ip6-localhost\n10.0.0.1 api-1\n"))
	for _, name := range []string{"a.example.", "b.example.", "c.example.", "d.example.", "E.Example.", "b.example."} {
		table.AddAnswer(answer(t, name, "10.0.0.1", "2001:db8::1", "::ffff:10.0.0.2"))
	}
	for _, name := range []string{"x\x1b[31m.example.", "<script>.", "ä.example.", "-rf.", "a b.", "."} {
		table.AddAnswer(answer(t, name, "10.0.0.3"))
	}
	known := table.Names()
	for addr, want := range map[string]string{
		"10.0.0.1":    "b.example: [b.example e.example d.example c.example] api-1",
		"2001:db8::1": "b.example: [b.example e.example d.example c.example] ",
		"10.0.0.2":    "b.example: [b.example e.example d.example c.example] ",
		"127.0.0.1":   "localhost: [] localhost",
		"10.0.0.9":    "web.intern: [] web.intern",
		"::1":         "ip6-localhost: [] ip6-localhost",
		"10.0.0.3":    ": [] ",
		"10.0.0.8":    ": [] ",
	} {
		k := known[netip.MustParseAddr(addr)]
		if got := fmt.Sprintf("%s: %v %s", k.Best(), k.DNS, k.Hosts); got != want {
			t.Errorf("%s: got %s, want %s", addr, got, want)
		}
	}
	table.AddAnswer(answer(t, "later.example.", "10.0.0.1"))
	if got := known[netip.MustParseAddr("10.0.0.1")]; got.Best() != "b.example" {
		t.Errorf("names that were told have changed: %v", got)
	}
	if got := table.Names()[netip.MustParseAddr("10.0.0.1")]; got.Best() != "later.example" || len(got.DNS) != maxNames {
		t.Errorf("got %v", got)
	}
}

// TestBounded keeps the first addresses of a flood.
func TestBounded(t *testing.T) {
	var table Table
	for i := range maxAddresses + 100 {
		table.AddAnswer(answer(t, fmt.Sprintf("h%d.example.", i), netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}).String()))
	}
	if n := len(table.Names()); n != maxAddresses {
		t.Errorf("got %d addresses, want %d", n, maxAddresses)
	}
}

// FuzzAnswer takes any message, and keeps nothing but names of hosts.
func FuzzAnswer(f *testing.F) {
	whole := answer(f, "www.example.com.", "10.0.0.1", "2001:db8::1")
	f.Add(whole)
	f.Add(whole[:len(whole)-3])
	f.Add(slices.Repeat([]byte{0xc0, 0x0c}, 40))
	f.Fuzz(func(t *testing.T, message []byte) {
		var table Table
		table.AddAnswer(message)
		for addr, k := range table.Names() {
			for _, name := range k.DNS {
				if clean(name) != name {
					t.Errorf("%v: got the name %q", addr, name)
				}
			}
		}
	})
}
