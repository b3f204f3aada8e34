package capture

import (
	"bytes"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
)

// openTestRing opens a ring, which takes privileges.
func openTestRing(t *testing.T, name, expr string) tap {
	t.Helper()
	ring, link, err := openRing(&Device{Name: name, SnapLen: MaxSnapLen, Buffer: 4 << 20}, expr)
	if errors.Is(err, fs.ErrPermission) {
		t.Skip("it needs CAP_NET_RAW")
	}
	if errors.Is(err, ErrNoLibpcap) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	want := pcapfile.LinkEthernet
	if name == anyInterface {
		want = pcapfile.LinkSLL
	}
	if link != want {
		t.Errorf("got link type %v, want %v", link, want)
	}
	t.Cleanup(ring.close)
	return ring
}

// drain returns what a tap has, until it is quiet.
func drain(t *testing.T, from tap) (frames [][]byte) {
	t.Helper()
	quiet := 0
	for quiet < tailQuiet {
		data, at, wireLen, err := from.next()
		switch {
		case err == errQuiet:
			quiet++
		case err != nil:
			t.Fatal(err)
		default:
			quiet = 0
			if ago := time.Now().UnixNano() - at; ago < -1e9 || ago > 60e9 || int(wireLen) != len(data) {
				t.Errorf("a packet of %d of %d bytes, %d ns ago", len(data), wireLen, ago)
			}
			frames = append(frames, bytes.Clone(data))
		}
	}
	return frames
}

// talkOnLoopback sends some data to and fro, and returns the server's port.
func talkOnLoopback(t *testing.T, l net.Listener) {
	t.Helper()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		b := make([]byte, 1<<17)
		for {
			n, err := c.Read(b)
			if err != nil {
				return
			}
			c.Write(b[:n])
		}
	}()
	c, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for n := 1; n <= 1<<17; n <<= 2 {
		if _, err := c.Write(make([]byte, n)); err != nil {
			t.Fatal(err)
		}
		for got, b := 0, make([]byte, n); got < n; {
			k, err := c.Read(b)
			if err != nil {
				t.Fatal(err)
			}
			got += k
		}
	}
}

// TestRingAsLibpcap captures on the loopback with both engines, alone and with all
// interfaces: they have the same frames.
func TestRingAsLibpcap(t *testing.T) {
	if !hasLibpcap {
		t.Skip("this build has no libpcap")
	}
	for _, name := range []string{"lo", anyInterface} {
		t.Run(name, func(t *testing.T) { ringAsLibpcap(t, name) })
	}
}

func ringAsLibpcap(t *testing.T, name string) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Skip(err)
	}
	defer l.Close()
	expr := "tcp port " + strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	ring := openTestRing(t, name, expr)
	other, _, err := openPcap(&Device{Name: name, SnapLen: MaxSnapLen, Buffer: 4 << 20}, expr)
	if err != nil {
		t.Fatal(err)
	}
	defer other.close()
	talkOnLoopback(t, l)
	got, want := drain(t, ring), drain(t, other)
	if len(want) < 20 || len(got) != len(want) {
		t.Fatalf("the ring has %d packets, libpcap %d", len(got), len(want))
	}
	for i := range want {
		if !bytes.Equal(got[i], want[i]) {
			t.Fatalf("packet %d: the ring has % x, libpcap % x", i+1, got[i], want[i])
		}
	}
	if kernel, iface, err := ring.drops(); kernel != 0 || iface != 0 || err != nil {
		t.Errorf("got drops %d and %d, error %v", kernel, iface, err)
	}
}

// TestRingErrors opens what cannot be opened.
func TestRingErrors(t *testing.T) {
	if _, _, err := openRing(&Device{Name: "no-such-iface"}, ""); err != syscall.ENODEV {
		t.Errorf("got error %v, want %v", err, syscall.ENODEV)
	}
	if _, err := OpenLive(Device{Name: "lo", Engine: "steam", Now: func() int64 { return 0 }}, Options{}); !errors.Is(err, ErrNoEngine) {
		t.Errorf("got error %v, want %v", err, ErrNoEngine)
	}
}

// inNamespace names a variable that says that the test runs in a namespace of its own.
const inNamespace = "KAANALYZE_TEST_NAMESPACE"

// TestRingVLAN sends frames with tags, which the kernel takes out, over a veth pair in a
// namespace of its own, and takes the interface down.
func TestRingVLAN(t *testing.T) {
	if os.Getenv(inNamespace) != "" {
		ringVLAN(t)
		return
	}
	if os.Getuid() != 0 {
		t.Skip("it needs root")
	}
	ip := func(args ...string) error { return exec.Command("ip", args...).Run() }
	name := "kaan-ring-" + strconv.Itoa(os.Getpid())
	if err := ip("netns", "add", name); err != nil {
		t.Skip("network namespaces are not allowed")
	}
	defer ip("netns", "del", name)
	if err := ip("-n", name, "link", "add", "ring0", "type", "veth", "peer", "name", "ring1"); err != nil {
		t.Skip("there is no veth")
	}
	for _, device := range []string{"ring0", "ring1"} {
		if err := ip("-n", name, "link", "set", device, "up"); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("ip", "netns", "exec", name, os.Args[0], "-test.run=^TestRingVLAN$", "-test.v")
	cmd.Env = append(os.Environ(), inNamespace+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS")) {
		t.Fatalf("in the namespace: %v\n%s", err, out)
	}
}

// ringVLAN is TestRingVLAN in the namespace.
func ringVLAN(t *testing.T) {
	tagged := func(tag ...byte) []byte {
		f := bytes.Clone(tcpFrame())
		return append(append(bytes.Clone(f[:12]), tag...), f[12:]...)
	}
	plain, five, service := tagged(), tagged(0x81, 0, 0x60, 5), tagged(0x88, 0xa8, 0, 7)
	notTCP := bytes.Clone(plain)
	notTCP[23] = unix.IPPROTO_UDP
	sent := [][]byte{plain, five, service, notTCP}
	all, tcp := openTestRing(t, "ring1", ""), openTestRing(t, "ring1", onlyTCP)
	var fives tap
	if hasLibpcap {
		fives = openTestRing(t, "ring1", "vlan 5")
	}

	link, err := net.InterfaceByName("ring0")
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	for _, f := range sent {
		if err := unix.Sendto(fd, f, 0, &unix.SockaddrLinklayer{Ifindex: link.Index, Halen: 6}); err != nil {
			t.Fatal(err)
		}
	}
	mine := func(frames [][]byte) (kept [][]byte) { // the kernel sends some of IPv6 itself
		for _, f := range frames {
			if bytes.Equal(f[:12], plain[:12]) {
				kept = append(kept, f)
			}
		}
		return kept
	}
	for _, tt := range []struct {
		name string
		from tap
		want [][]byte
	}{{"all", all, sent}, {"TCP", tcp, sent[:3]}, {"VLAN 5", fives, sent[1:2]}} {
		if tt.from == nil {
			continue
		}
		if got := mine(drain(t, tt.from)); !bytes.Equal(bytes.Join(got, nil), bytes.Join(tt.want, nil)) {
			t.Errorf("%s: got % x\nwant % x", tt.name, got, tt.want)
		}
	}
	if err := exec.Command("ip", "link", "set", "ring1", "down").Run(); err != nil {
		t.Fatal(err)
	}
	if err := all.down(); err != isDown {
		t.Errorf("got %v, want %v", err, isDown)
	}
	if _, _, _, err := all.next(); err != nil && err != errQuiet && err != isDown {
		t.Errorf("read of an interface that is down: %v", err)
	}
}
