package anonymize

import (
	"math/bits"
	"net/netip"
	"testing"

	"pgregory.net/rapid"
)

// The key and the pairs are those of the sample trace in the authors' program
// (Crypto-PAn 1.0), the ones for IPv6 are yacryptopan's with the same key.
var publishedKey = [32]byte{21, 34, 23, 141, 51, 164, 207, 128, 19, 10, 91, 22, 73, 144, 125, 16,
	216, 152, 143, 131, 121, 121, 101, 39, 98, 87, 76, 45, 42, 132, 34, 2}

var published = map[string]string{
	"128.11.68.132":   "135.242.180.132",
	"129.118.74.4":    "134.136.186.123",
	"130.132.252.244": "133.68.164.234",
	"141.223.7.43":    "141.167.8.160",
	"141.233.145.108": "141.129.237.235",
	"152.163.225.39":  "151.140.114.167",
	"156.29.3.236":    "147.225.12.42",
	"165.247.96.84":   "162.9.99.234",
	"166.107.77.190":  "160.132.178.185",
	"192.102.249.13":  "252.138.62.131",
	"192.215.32.125":  "252.43.47.189",
	"192.233.80.103":  "252.25.108.8",
	"192.41.57.43":    "252.222.221.184",
	"193.150.244.223": "253.169.52.216",
	"195.205.63.100":  "255.186.223.5",
	"198.200.171.101": "249.199.68.213",
	"::1":             "78ff:f001:9fc0:20df:8380:b1f1:704:ed",
	"::2":             "78ff:f001:9fc0:20df:8380:b1f1:704:ef",
	"::ffff":          "78ff:f001:9fc0:20df:8380:b1f1:704:f838",
	"2001:db8::1":     "4401:2bc:603f:d91d:27f:ff8e:e6f1:dc1e",
	"2001:db8::2":     "4401:2bc:603f:d91d:27f:ff8e:e6f1:dc1c",
}

func TestAddrPublished(t *testing.T) {
	a := New(nil)
	a.addrs = newPrefixes(publishedKey)
	for from, want := range published {
		for range 2 { // the second one is remembered
			got := netip.AddrFrom16(a.Addr(netip.MustParseAddr(from).As16())).Unmap().String()
			if got != want {
				t.Errorf("%s: got %s, want %s", from, got, want)
			}
		}
	}
}

// TestAddrKeepsPrefixes holds that two addresses have exactly as many leading
// bits in common as before; so no two become one.
func TestAddrKeepsPrefixes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := New(rapid.SliceOf(rapid.Byte()).Draw(t, "key"))
		x := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "address")
		if rapid.Bool().Draw(t, "IPv4") {
			copy(x, []byte{10: 0xff, 11: 0xff})
		}
		from := [16]byte(x)
		v4 := netip.AddrFrom16(from).Is4In6()
		first := 0
		if v4 {
			first = 96
		}
		other := from
		for bit := rapid.IntRange(first, 128).Draw(t, "common"); bit < 128; bit++ {
			other[bit/8] ^= byte(rapid.IntRange(0, 1).Draw(t, "differs")) << (7 - bit%8)
		}
		p, q := a.Addr(from), a.Addr(other)
		if got, want := common(p, q), common(from, other); got != want {
			t.Errorf("common prefix of %x and %x: got %d bits, want %d", from, other, got, want)
		}
		if netip.AddrFrom16(p).Is4In6() != v4 {
			t.Errorf("%x became %x, an address of the other version", from, p)
		}
	})
}

func common(a, b [16]byte) int {
	for i := range a {
		if x := a[i] ^ b[i]; x != 0 {
			return 8*i + bits.LeadingZeros8(x)
		}
	}
	return 128
}

// TestAddrForgets holds that a forgotten address gets the same pseudonym again.
func TestAddrForgets(t *testing.T) {
	a := New([]byte("key"))
	from := netip.MustParseAddr("192.0.2.1").As16()
	want := a.Addr(from)
	for i := range maxAddrs + 10 {
		ip := [16]byte{10: 0xff, 11: 0xff, 12: 10, 13: byte(i >> 16), 14: byte(i >> 8), 15: byte(i)}
		a.Addr(ip)
	}
	if n := len(a.addrs.known); n > maxAddrs {
		t.Errorf("got %d addresses kept, want %d at most", n, maxAddrs)
	}
	if got := a.Addr(from); got != want {
		t.Errorf("got %x, want %x again", got, want)
	}
}
