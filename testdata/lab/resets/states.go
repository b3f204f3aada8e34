//go:build linux

package main

import (
	"fmt"
	"syscall"
)

// states are those of RFC 9293, 3.3.2, some of them with more to it: a hole in what was
// received, an acknowledgement that is delayed, a socket that its program has closed.
var states = []state{
	{"SYN-SENT", (*conn).connect, "02", nil},
	{"SYN-RECEIVED", (*conn).halfAccept, "03", nil},
	{"ESTABLISHED, that connected", steps((*conn).connect, (*conn).answerSYN), "01", nil},
	{"ESTABLISHED, that accepted", (*conn).accept, "01", nil},
	{"ESTABLISHED, with a hole", steps((*conn).accept, (*conn).sendBeyondHole), "01", []place{
		{"next+100, where the hole ends", 100, false}, {"next+200, where the data behind it ends", 200, false}}},
	{"ESTABLISHED, with an acknowledgement to come", steps((*conn).accept, (*conn).sendUnacknowledged), "01", []place{
		{"next-100, what it acknowledged", -100, false}, {"next-101", -101, false}}},
	{"FIN-WAIT-1", steps((*conn).accept, (*conn).shut), "04", nil},
	{"FIN-WAIT-2", steps((*conn).accept, (*conn).shut, (*conn).acknowledge), "05", nil},
	{"FIN-WAIT-2, closed", steps((*conn).accept, (*conn).shutAndClose, (*conn).acknowledge), "05", nil},
	{"CLOSE-WAIT", steps((*conn).accept, (*conn).peerFIN), "08", nil},
	{"CLOSING", steps((*conn).accept, (*conn).shut, (*conn).crossingFIN), "0B", nil},
	{"LAST-ACK", steps((*conn).accept, (*conn).peerFIN, (*conn).shut), "09", nil},
	{"TIME-WAIT", steps((*conn).accept, (*conn).shut, (*conn).peerFIN), "06", nil},
}

// steps are taken one after the other.
func steps(list ...func(*conn) error) func(*conn) error {
	return func(c *conn) error {
		for _, f := range list {
			if err := f(c); err != nil {
				return err
			}
		}
		return nil
	}
}

// connect has the kernel open the connection.
func (c *conn) connect() (err error) {
	c.connects = true
	if c.fd, err = syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0); err != nil {
		return err
	}
	if err = syscall.Bind(c.fd, &syscall.SockaddrInet4{Addr: kernelIP, Port: int(c.kernelPort)}); err != nil {
		return err
	}
	if err = syscall.Connect(c.fd, &syscall.SockaddrInet4{Addr: peerIP, Port: int(c.peerPort)}); err != syscall.EINPROGRESS {
		return fmt.Errorf("connect: %v", err)
	}
	return c.expect(flagSYN)
}

// answerSYN completes the handshake of connect.
func (c *conn) answerSYN() error {
	return steps(c.sending(flagSYN|flagACK, 0), expecting(flagACK))(c)
}

// halfAccept has the kernel answer a SYN.
func (c *conn) halfAccept() (err error) {
	if c.listener, err = syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0); err != nil {
		return err
	}
	// SACK and no quick acknowledgements are as usual behind the handshake of a server.
	if err = syscall.SetsockoptInt(c.listener, syscall.IPPROTO_TCP, syscall.TCP_QUICKACK, 0); err != nil {
		return err
	}
	if err = syscall.Bind(c.listener, &syscall.SockaddrInet4{Addr: kernelIP, Port: int(c.kernelPort)}); err != nil {
		return err
	}
	if err = syscall.Listen(c.listener, 4); err != nil {
		return err
	}
	return steps(c.sending(flagSYN, 0), expecting(flagSYN|flagACK))(c)
}

// accept has the kernel accept the connection.
func (c *conn) accept() error {
	if err := steps((*conn).halfAccept, (*conn).acknowledge)(c); err != nil {
		return err
	}
	fd, _, err := syscall.Accept4(c.listener, syscall.SOCK_CLOEXEC)
	if err != nil {
		return err
	}
	c.fd = fd
	return syscall.SetsockoptInt(c.fd, syscall.IPPROTO_TCP, syscall.TCP_QUICKACK, 0)
}

// sendBeyondHole sends 100 bytes behind 100 that are lost.
func (c *conn) sendBeyondHole() error {
	if err := c.send(flagACK|flagPSH, c.expected+100, 100, c.kernelNext); err != nil {
		return err
	}
	return c.expect(flagACK)
}

// sendUnacknowledged sends 100 bytes, whose acknowledgement the kernel delays.
func (c *conn) sendUnacknowledged() error {
	if err := c.send(flagACK|flagPSH, c.expected, 100, c.kernelNext); err != nil {
		return err
	}
	c.expected += 100
	return nil
}

// shut has the kernel send its FIN.
func (c *conn) shut() error {
	if err := syscall.Shutdown(c.fd, syscall.SHUT_WR); err != nil {
		return err
	}
	return c.expect(flagFIN | flagACK)
}

// shutAndClose is shut by a program that has no more to do with the socket.
func (c *conn) shutAndClose() error {
	if err := syscall.Close(c.fd); err != nil {
		return err
	}
	c.fd = -1
	return c.expect(flagFIN | flagACK)
}

// acknowledge acknowledges what the kernel has sent.
func (c *conn) acknowledge() error { return c.send(flagACK, c.expected, 0, c.kernelNext) }

// peerFIN sends a FIN that acknowledges what the kernel has sent.
func (c *conn) peerFIN() error {
	return steps(c.sending(flagFIN|flagACK, 0), expecting(flagACK))(c)
}

// crossingFIN sends a FIN that does not acknowledge the kernel's.
func (c *conn) crossingFIN() error {
	return steps(c.sending(flagFIN|flagACK, 1), expecting(flagACK))(c)
}

// sending is a step that sends a SYN or FIN, which takes a sequence number. It leaves
// the last missing of what the kernel sent unacknowledged.
func (c *conn) sending(flags byte, missing uint32) func(*conn) error {
	return func(c *conn) error {
		err := c.send(flags, c.expected, 0, c.kernelNext-missing)
		c.expected++
		return err
	}
}

// expecting is a step that waits for a packet with these flags.
func expecting(flags byte) func(*conn) error { return func(c *conn) error { return c.expect(flags) } }
