//go:build linux

package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
)

// million is how many connections NDJSON is measured with.
const million = 1_000_000

// stretches are how many times longer than it took the capture is made to last:
// once most connections are still in TIME_WAIT at the end, once few are.
var stretches = []int64{1, 20}

// measureMillion prints how much memory kaanalyze takes for NDJSON of a million
// connections, made of a capture of fewer.
func measureMillion(file, kaanalyze string) error {
	for _, stretch := range stretches {
		cmd := exec.Command(kaanalyze, "--quiet", "-f", "ndjson", "-")
		in, err := cmd.StdinPipe()
		if err != nil {
			return fmt.Errorf("make a pipe: %w", err)
		}
		var lines counter
		cmd.Stdout, cmd.Stderr = &lines, os.Stderr
		if err := cmd.Start(); err != nil {
			return fmt.Errorf("run %s: %w", kaanalyze, err)
		}
		lasts, err := multiply(in, file, stretch)
		in.Close()
		if waited := cmd.Wait(); err == nil {
			err = waited
		}
		if err != nil {
			return fmt.Errorf("measure a million connections: %w", err)
		}
		peak := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss * 1024
		fmt.Printf("NDJSON of %d connections within %d s: %.0f MB\n", lines.n, lasts/1e9, float64(peak)/1e6)
	}
	return nil
}

// counter counts the connections in NDJSON that is written to it.
type counter struct {
	rest []byte // of an unfinished line
	n    int
}

func (c *counter) Write(p []byte) (int, error) {
	lines := append(c.rest, p...)
	whole := bytes.LastIndexByte(lines, '\n') + 1
	c.n += bytes.Count(lines[:whole], []byte(`{"type":"connection"`))
	c.rest = append([]byte(nil), lines[whole:]...)
	return len(p), nil
}

// multiply writes the capture so often, one copy after the other, that it has a
// million connections. In each copy clients have other addresses, and
// connections other sequence numbers. It returns how long that lasts, in ns.
func multiply(to io.Writer, file string, stretch int64) (lasts int64, err error) {
	out := bufio.NewWriterSize(to, 1<<20)
	left := million
	for k := 0; left > 0; k++ {
		f, err := os.Open(file)
		if err != nil {
			return 0, err
		}
		c := &copying{in: bufio.NewReaderSize(f, 1<<20), out: out, k: uint32(k), stretch: stretch, shift: lasts, left: left}
		err = c.run()
		f.Close()
		if err != nil {
			return 0, fmt.Errorf("copy %s: %w", file, err)
		}
		if c.left == left {
			return 0, fmt.Errorf("copy %s: it has no connections", file)
		}
		lasts, left = c.last-c.first, c.left
	}
	return lasts, out.Flush()
}

// copying is one copy of a capture: a pcap file of Ethernet, as record.sh makes it.
type copying struct {
	in          io.Reader
	out         io.Writer
	k           uint32
	stretch     int64
	shift       int64 // ns, by which the copy is later than the capture
	first, last int64 // times written, the first as if there were no shift
	left        int   // connections to write
}

func (c *copying) run() error {
	header := make([]byte, 24)
	if _, err := io.ReadFull(c.in, header); err != nil {
		return err
	}
	unit := int64(1000)
	switch binary.LittleEndian.Uint32(header) {
	case 0xa1b23c4d:
		unit = 1
	case 0xa1b2c3d4:
	default:
		return fmt.Errorf("not a pcap file of this byte order")
	}
	if c.k == 0 {
		if _, err := c.out.Write(header); err != nil {
			return err
		}
	}
	record := make([]byte, 16, 1<<18)
	for {
		record = record[:16]
		if _, err := io.ReadFull(c.in, record); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		n := binary.LittleEndian.Uint32(record[8:])
		if n > 1<<18-16 {
			return fmt.Errorf("a packet of %d bytes", n)
		}
		record = record[:16+n]
		if _, err := io.ReadFull(c.in, record[16:]); err != nil {
			return err
		}
		at := int64(binary.LittleEndian.Uint32(record))*1e9 + int64(binary.LittleEndian.Uint32(record[4:]))*unit
		if c.first == 0 {
			c.first = at
		}
		c.last = c.first + (at-c.first)*c.stretch + c.shift
		binary.LittleEndian.PutUint32(record, uint32(c.last/1e9))
		binary.LittleEndian.PutUint32(record[4:], uint32(c.last%1e9/unit))
		if c.rewrite(record[16:]) && c.left < 0 {
			return nil
		}
		if _, err := c.out.Write(record); err != nil {
			return err
		}
	}
}

// rewrite makes a packet one of this copy, and reports whether it opens a
// connection.
func (c *copying) rewrite(frame []byte) bool {
	if len(frame) < 14+20+20 || frame[12] != 8 || frame[13] != 0 || frame[14] != 0x45 || frame[23] != 6 {
		return false
	}
	tcp := frame[34:]
	const syn, ack = 2, 16
	flags := tcp[13]
	from, to := binary.BigEndian.Uint16(tcp), binary.BigEndian.Uint16(tcp[2:])
	client, server := uint32(from), uint32(to)
	if from > to { // the servers of record.sh have the lower port
		frame[28] += byte(c.k) // the third byte of the source
	} else {
		client, server = server, client
		frame[32] += byte(c.k) // of the destination
	}
	mine, other := mixed(client<<16|server, c.k), mixed(client<<16|server, ^c.k)
	if from < to {
		mine, other = other, mine
	}
	binary.BigEndian.PutUint32(tcp[4:], binary.BigEndian.Uint32(tcp[4:])+mine)
	if flags&ack != 0 {
		binary.BigEndian.PutUint32(tcp[8:], binary.BigEndian.Uint32(tcp[8:])+other)
	}
	if flags&(syn|ack) != syn {
		return false
	}
	c.left--
	return true
}

// mixed returns some number for two.
func mixed(x, y uint32) uint32 {
	x ^= y * 0x9e3779b9
	x = (x ^ x>>16) * 0x85ebca6b
	x = (x ^ x>>13) * 0xc2b2ae35
	return x ^ x>>16
}
