// Generate makes traffic to measure with: as a capture file, or as packets on an
// interface, which needs CAP_NET_RAW. The same seed makes the same bytes.
//
//	generate -kind churn -n 222000 -o FILE
//	generate -kind syn -i IF -rate 20000 -for 3m
//
// Floods, each connection with a client address of its own, one connection after the
// other:
//
//	syn        a SYN without an answer
//	midstream  a packet of data, whose opening is not seen
//	clients    a whole connection with one request
//
// Traffic of eight clients and a server, 64 connections beside each other:
//
//	churn            one request, and the server closes
//	servers          as churn, each ten connections have another server
//	keepalive        10,000 requests
//	tls-churn        as churn, with two requests, in TLS 1.3
//	tls-keepalive    as keepalive, in TLS 1.3
//	clear-churn      the packets of tls-churn, as many and as large, in clear text
//	clear-keepalive  those of tls-keepalive
//	h2-full          64 responses of 1 MiB in HTTP/2 and TLS 1.3, in full records, which the
//	                 key log FILE.keylog decrypts; 8 connections beside each other
//	h2-small         the same in records of 300 bytes
package main

import (
	"bufio"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"
)

func main() {
	name := flag.String("kind", "syn", "what to make")
	n := flag.Int("n", 1_000_000, "connections")
	rate := flag.Int("rate", 20_000, "connections a second of a flood")
	seed := flag.Uint64("seed", 1, "another one makes other sizes and sequence numbers")
	file := flag.String("o", "", "the capture file to write")
	device := flag.String("i", "", "the interface to send a flood on")
	length := flag.Duration("for", 10*time.Second, "how long to send")
	flag.Parse()
	if err := run(*name, *n, *rate, *seed, *file, *device, *length); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(name string, n, rate int, seed uint64, file, device string, length time.Duration) error {
	k, known := kinds[name]
	switch {
	case !known || n <= 0 || rate <= 0 || length <= 0 || (file == "") == (device == ""):
		return fmt.Errorf("want a kind, numbers above 0, and either -o or -i")
	case device != "" && k.beside > 1:
		return fmt.Errorf("only floods are sent on an interface")
	case device != "":
		return send(device, k, seed, rate, length)
	}
	return write(file, name, k, seed, n, rate)
}

// begins is the time of the first packet, seconds since the epoch.
const begins = 1_700_000_000

// between is how long after the last packet of any connection the next one comes where
// connections run beside each other, ns.
const between = 5000

// write writes the packets of n connections to a file.
func write(name, what string, k kind, seed uint64, n, rate int) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	defer file.Close()
	w := bufio.NewWriterSize(file, 1<<20)
	if strings.HasPrefix(what, "h2-") {
		keys, err := os.Create(name + ".keylog")
		if err != nil {
			return err
		}
		defer keys.Close()
		k.keys = keys
	}
	header := make([]byte, 24)
	binary.LittleEndian.PutUint32(header, 0xa1b23c4d) // nanoseconds
	header[4], header[6], header[20] = 2, 4, 1        // version 2.4, Ethernet
	binary.LittleEndian.PutUint32(header[16:], 65535)
	w.Write(header)

	record := make([]byte, 16)
	packet := func(at int64, b []byte) {
		binary.LittleEndian.PutUint32(record, uint32(begins+at/1e9))
		binary.LittleEndian.PutUint32(record[4:], uint32(at%1e9))
		binary.LittleEndian.PutUint32(record[8:], uint32(len(b)))
		binary.LittleEndian.PutUint32(record[12:], uint32(len(b)))
		w.Write(record)
		w.Write(b)
	}
	if k.beside == 1 {
		for i := range n {
			at := int64(i) * 1e9 / int64(rate)
			for b := range k.packets(i, seed) {
				packet(at, b)
				at += 1000
			}
		}
	} else {
		at := int64(0)
		for b := range k.mixed(n, seed) {
			packet(at, b)
			at += between
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return file.Close()
}
