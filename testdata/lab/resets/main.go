//go:build linux

// Resets records which RSTs Linux accepts: it brings a socket of this kernel into
// each state of TCP, sends it one forged RST at each place of the sequence space, and
// writes down whether the socket is gone, and what the kernel answered.
//
//	resets > testdata/resets/linux.txt
//
// It needs root. Everything happens in a network namespace of its own, which ends with
// the program: the kernel's socket has one end of a TUN interface, and the program
// plays the peer at the other end, so that no other TCP answers.
//
// The output has a block for each state: the packets that lead there, as a script of
// package capturetest, and a row for each RST.
package main

import (
	"bufio"
	"fmt"
	"log"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("resets: error: ")
	runtime.LockOSThread() // the namespace is the thread's
	if err := record(os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// record writes the table.
func record(to *os.File) error {
	l, err := newLine()
	if err != nil {
		return err
	}
	out := bufio.NewWriter(to)
	fmt.Fprintf(out, "# What Linux %s does with an RST that is forged: recorded by testdata/lab/resets.\n", release())
	fmt.Fprint(out, "# place | packet | the socket then | answer. Places count from next, the sequence number that the socket\n",
		"# expects, and edge, the first one behind its window.\n")
	for _, s := range states {
		if err := l.recordState(out, s); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return out.Flush()
}

// release returns the kernel's version, without what who built it has added.
func release() string {
	var u syscall.Utsname
	if err := syscall.Uname(&u); err != nil {
		return "of an unknown version"
	}
	var b strings.Builder
	for _, c := range u.Release {
		if c == 0 || c == '-' {
			break
		}
		b.WriteByte(byte(c))
	}
	return b.String()
}

// place is where an RST lies.
type place struct {
	name   string
	offset int64 // from next, or from edge
	edge   bool
}

// places are tried in every state.
var places = []place{
	{"next-2", -2, false}, {"next-1", -1, false}, {"next", 0, false}, {"next+1", 1, false}, {"next+1000", 1000, false},
	{"edge-1", -1, true}, {"edge", 0, true}, {"edge+1", 1, true}, {"edge+100000", 100_000, true},
}

// acks are the acknowledgements that an RST may carry.
var acks = []struct {
	has    bool
	offset uint32 // from what the socket has sent
}{{false, 0}, {true, 0}, {true, 5000}}

// state is one of the states, and how a socket gets there.
type state struct {
	name   string
	lead   func(*conn) error
	kernel string // its number in /proc/net/tcp
	more   []place
}

// recordState writes the block of a state. Each RST meets a socket of its own.
func (l *line) recordState(out *bufio.Writer, s state) error {
	list, first := append(append([]place(nil), places...), s.more...), true
	for _, p := range list {
		for _, a := range acks {
			c, err := l.reach(s)
			if err != nil {
				return err
			}
			if first {
				fmt.Fprintf(out, "\nstate %s\n", s.name)
				for _, t := range c.trace {
					fmt.Fprintln(out, t)
				}
				first = false
			}
			seq := c.expected + uint32(p.offset)
			if p.edge {
				seq = c.edge() + uint32(p.offset)
			}
			n := len(c.trace)
			flags := byte(flagRST)
			if a.has {
				flags |= flagACK
			}
			if err := c.send(flags, seq, 0, c.kernelNext+a.offset); err != nil {
				return err
			}
			packet := untimed(c.trace[n])
			c.settle()
			fmt.Fprintf(out, "%s | %s | %s\n", p.name, packet, c.outcome(c.trace[n+1:]))
			c.end()
		}
	}
	return nil
}

// reach makes a connection whose socket is in state s.
func (l *line) reach(s state) (*conn, error) {
	c := l.newConn()
	if err := s.lead(c); err != nil {
		return nil, err
	}
	if got := c.kernelState(); got != s.kernel {
		return nil, fmt.Errorf("the socket is in state %q of /proc/net/tcp, not %q", got, s.kernel)
	}
	return c, nil
}

// outcome says what became of the socket, and what the kernel answered.
func (c *conn) outcome(answers []string) string {
	what := "goes on"
	if c.kernelState() == "" {
		what = "closed"
	}
	if len(answers) == 0 {
		return what
	}
	for i := range answers {
		answers[i] = untimed(answers[i])
	}
	return what + " | " + strings.Join(answers, "; ")
}

// untimed returns a line of a script without its time.
func untimed(line string) string { return line[strings.IndexByte(line, ' ')+1:] }

// settle waits for what the kernel answers. It is less than the time for which an
// acknowledgement is delayed.
func (c *conn) settle() {
	for end := time.Now().Add(15 * time.Millisecond); c.receive(time.Until(end)); {
	}
}
