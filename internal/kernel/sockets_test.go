package kernel

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/mdlayher/netlink"
)

// answer is what the kernel says of a socket, with attributes behind it.
func answer(family byte, local, remote string, state State, inode uint32) netlink.Message {
	b := make([]byte, answerLen, answerLen+8)
	b[0], b[1] = family, byte(state)
	for i, text := range []string{local, remote} {
		end := netip.MustParseAddrPort(text)
		binary.BigEndian.PutUint16(b[4+2*i:], end.Port())
		copy(b[8+16*i:], end.Addr().AsSlice())
	}
	binary.NativeEndian.PutUint32(b[68:], inode)
	return netlink.Message{Data: append(b, 5, 0, 8, 0, 0, 0, 0, 0)}
}

// TestListSockets asks a kernel that answers as it is told, or refuses.
func TestListSockets(t *testing.T) {
	v4 := []netlink.Message{
		answer(familyIPv4, "10.0.0.1:80", "10.0.0.2:5000", Established, 4_000_000_000),
		answer(familyIPv4, "10.0.0.1:80", "10.0.0.2:5001", TimeWait, 0),
	}
	v6 := []netlink.Message{
		answer(familyIPv6, "[::ffff:10.0.0.1]:80", "[::ffff:10.0.0.2]:5002", Established, 6),
		answer(familyIPv6, "[2001:db8::1]:80", "[2001:db8::2]:5003", Established, 7),
		answer(familyIPv6, "[::]:80", "[::]:0", Listening, 8),
	}
	want := []Socket{
		socket("10.0.0.1:80", "10.0.0.2:5000", Established, 4_000_000_000), socket("10.0.0.1:80", "10.0.0.2:5001", TimeWait, 0),
		socket("10.0.0.1:80", "10.0.0.2:5002", Established, 6), socket("[2001:db8::1]:80", "[2001:db8::2]:5003", Established, 7),
		socket("[::]:80", "[::]:0", Listening, 8),
	}
	for _, c := range []struct {
		name     string
		v4, v6   []netlink.Message
		err4     error
		err6     error
		want     []Socket
		wantFail string
	}{
		{"both families", v4, v6, nil, nil, want, ""},
		{"without IPv6", v4, nil, nil, &netlink.OpError{Op: "receive", Err: syscall.ENOENT}, want[:2], ""},
		{"without sock_diag", nil, nil, &netlink.OpError{Op: "receive", Err: syscall.ENOENT}, nil, nil, "read the kernel's sockets: netlink receive: no such file or directory"},
		{"IPv6 refused", v4, nil, nil, syscall.EPERM, nil, "read the kernel's sockets: operation not permitted"},
		{"a torn answer", []netlink.Message{{Data: v4[0].Data[:answerLen-1]}}, nil, nil, nil, nil, "read the kernel's sockets: an answer of 71 bytes, want 72"},
		{"another family", []netlink.Message{answer(1, "10.0.0.1:80", "10.0.0.2:5000", Established, 1)}, nil, nil, nil, nil, "read the kernel's sockets: an answer of address family 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := listSockets(func(m netlink.Message) ([]netlink.Message, error) {
				if m.Header.Type != sockDiagByFamily || m.Header.Flags != netlink.Request|netlink.Dump || len(m.Data) != requestLen || m.Data[1] != protocolTCP {
					t.Errorf("got request %+v, want a dump of TCP sockets", m)
				}
				if m.Data[0] == familyIPv4 {
					return c.v4, c.err4
				}
				return c.v6, c.err6
			})
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
			if text := errorText(err); text != c.wantFail {
				t.Errorf("got error %q, want %q", text, c.wantFail)
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// onLoopback listens at an address, and returns the listener and both ends of a
// connection that a client made to it, at another address if that is given.
func onLoopback(t *testing.T, at, to string) (l net.Listener, client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", at)
	if err != nil {
		t.Skipf("no loopback interface: %v", err)
	}
	t.Cleanup(func() { l.Close() })
	addr := netip.MustParseAddrPort(l.Addr().String())
	if to != "" {
		addr = netip.AddrPortFrom(netip.MustParseAddr(to), addr.Port())
	}
	if client, err = net.Dial("tcp", addr.String()); err != nil {
		t.Skipf("nobody answers at %v: %v", addr, err)
	}
	t.Cleanup(func() { client.Close() })
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return l, client, server
}

func addrPort(a net.Addr) netip.AddrPort {
	at := netip.MustParseAddrPort(a.String())
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}

// byEnds returns sockets by their ends.
func byEnds(list []Socket) map[[2]netip.AddrPort]Socket {
	out := map[[2]netip.AddrPort]Socket{}
	for _, s := range list {
		out[[2]netip.AddrPort{s.Local, s.Remote}] = s
	}
	return out
}

// TestThisKernel reads the sockets of this process, in each state that matters, and
// compares them with what ss and /proc say.
func TestThisKernel(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("sock_diag is Linux's")
	}
	l4, client, _ := onLoopback(t, "127.0.0.1:0", "")
	type ends = [2]netip.AddrPort
	want := map[ends]State{
		{addrPort(l4.Addr()), netip.MustParseAddrPort("0.0.0.0:0")}:   Listening,
		{addrPort(client.LocalAddr()), addrPort(client.RemoteAddr())}: Established,
		{addrPort(client.RemoteAddr()), addrPort(client.LocalAddr())}: Established,
	}
	_, closes, last := onLoopback(t, "127.0.0.1:0", "")
	want[ends{addrPort(closes.LocalAddr()), addrPort(closes.RemoteAddr())}] = TimeWait
	closes.Close() // the active closer, which holds TIME_WAIT
	if _, err := last.Read(make([]byte, 1)); err == nil {
		t.Error("got data after the client's FIN")
	}
	last.Close()
	t.Run("IPv6", func(t *testing.T) {
		l, c, _ := onLoopback(t, "[::1]:0", "")
		here := map[ends]State{
			{addrPort(l.Addr()), netip.MustParseAddrPort("[::]:0")}: Listening,
			{addrPort(c.LocalAddr()), addrPort(c.RemoteAddr())}:     Established,
			{addrPort(c.RemoteAddr()), addrPort(c.LocalAddr())}:     Established,
		}
		checkSockets(t, here)
	})
	t.Run("IPv4-mapped", func(t *testing.T) { // the server's socket is an IPv6 one
		l, c, _ := onLoopback(t, "[::]:0", "127.0.0.1")
		here := map[ends]State{
			{addrPort(l.Addr()), netip.MustParseAddrPort("[::]:0")}: Listening,
			{addrPort(c.LocalAddr()), addrPort(c.RemoteAddr())}:     Established,
			{addrPort(c.RemoteAddr()), addrPort(c.LocalAddr())}:     Established,
		}
		checkSockets(t, here)
	})
	got := checkSockets(t, want)

	h, err := Read(noon)
	if err != nil || h.SocketsErr != nil {
		t.Fatal(err, h.SocketsErr)
	}
	at := addrPort(l4.Addr())
	if by := h.Owners[got[ends{at, netip.MustParseAddrPort("0.0.0.0:0")}].Inode]; len(by) != 1 || by[0].PID != os.Getpid() {
		t.Errorf("got %v, want process %d to listen at %v", by, os.Getpid(), at)
	}
	if !slices.Contains(h.Addresses, netip.MustParseAddr("127.0.0.1")) || h.Settings.Ports() == Unknown || h.Counts.Established < 2 {
		t.Errorf("got addresses %v, settings %+v, counts %+v", h.Addresses, h.Settings, h.Counts)
	}
}

// checkSockets finds these sockets in what the kernel lists, and the same in what ss
// and /proc say.
func checkSockets(t *testing.T, want map[[2]netip.AddrPort]State) map[[2]netip.AddrPort]Socket {
	t.Helper()
	list, err := readSockets()
	if errors.Is(err, syscall.EPROTONOSUPPORT) || errors.Is(err, syscall.EAFNOSUPPORT) || errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOENT) {
		t.Skipf("netlink sock_diag is not available here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	got := byEnds(list)
	proc := procSockets(t)
	for e, state := range want {
		if s, ok := got[e]; !ok || s.State != state {
			t.Errorf("%v: got state %d (there: %v), want %d", e, s.State, ok, state)
		}
		if s := got[e]; proc[e] != s {
			t.Errorf("%v: got %+v, /proc says %+v", e, s, proc[e])
		}
	}
	path, err := exec.LookPath("ss")
	if err != nil {
		t.Logf("not compared with ss, which is not installed: %v", err)
		return got
	}
	out, err := exec.Command(path, "-tanH").Output()
	if err != nil {
		t.Fatalf("ss -tanH: %v", err)
	}
	said := map[[2]netip.AddrPort]string{}
	for line := range strings.Lines(string(out)) {
		if words := strings.Fields(line); len(words) >= 5 {
			said[[2]netip.AddrPort{ssEnd(words[3]), ssEnd(words[4])}] = words[0]
		}
	}
	names := map[State]string{Established: "ESTAB", TimeWait: "TIME-WAIT", Listening: "LISTEN"}
	for e, state := range want {
		if said[e] != names[state] {
			t.Errorf("%v: ss says %q, want %q", e, said[e], names[state])
		}
	}
	return got
}

// ssEnd reads an end as ss writes it: * is any port, or any address of both families.
func ssEnd(text string) netip.AddrPort {
	i := strings.LastIndexByte(text, ':')
	host, _, _ := strings.Cut(strings.Trim(text[:max(i, 0)], "[]"), "%")
	if host == "*" {
		host = "::"
	}
	addr, _ := netip.ParseAddr(host)
	port, _ := strconv.ParseUint(text[i+1:], 10, 16) // * is 0
	return netip.AddrPortFrom(addr.Unmap(), uint16(port))
}

// procSockets reads /proc/net/tcp and tcp6, whose addresses are words in the host's
// byte order, in hexadecimal.
func procSockets(t *testing.T) map[[2]netip.AddrPort]Socket {
	t.Helper()
	end := func(text string) netip.AddrPort {
		host, port, _ := strings.Cut(text, ":")
		b, err := hex.DecodeString(host)
		n, err2 := strconv.ParseUint(port, 16, 16)
		if err := errors.Join(err, err2); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		for w := b; len(w) >= 4; w = w[4:] {
			binary.BigEndian.PutUint32(w, binary.NativeEndian.Uint32(w))
		}
		addr, _ := netip.AddrFromSlice(b)
		return netip.AddrPortFrom(addr.Unmap(), uint16(n))
	}
	var out []Socket
	for _, name := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Logf("not compared with all of /proc: %v", err)
			continue
		}
		_, rows, _ := bytes.Cut(text, []byte("\n"))
		for line := range bytes.Lines(rows) {
			words := strings.Fields(string(line))
			state, err := strconv.ParseUint(words[3], 16, 8)
			inode, err2 := strconv.ParseUint(words[9], 10, 64)
			if err := errors.Join(err, err2); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			out = append(out, Socket{end(words[1]), end(words[2]), State(state), inode})
		}
	}
	return byEnds(out)
}

// BenchmarkReadSockets measures a look at the sockets that there are.
func BenchmarkReadSockets(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		list, err := readSockets()
		if err != nil {
			b.Skip(err)
		}
		b.ReportMetric(float64(len(list)), "sockets")
	}
}
