// Flood makes floods of connections, to see what they cost in memory: as a capture
// file, or as packets on an interface, which needs CAP_NET_RAW.
//
//	flood -kind syn -n 1000000 -o FILE
//	flood -kind syn -i IF -rate 20000 -for 3m
//
// Its kinds are syn, a SYN each without an answer; midstream, a packet of data each,
// whose opening is not seen; and clients, a whole connection with one request each.
// Each connection has a client address of its own.
package main

import (
	"bufio"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	kind := flag.String("kind", "syn", "syn, midstream or clients")
	n := flag.Int("n", 1_000_000, "connections")
	rate := flag.Int("rate", 20_000, "connections a second")
	file := flag.String("o", "", "the capture file to write")
	device := flag.String("i", "", "the interface to send on")
	length := flag.Duration("for", 10*time.Second, "how long to send")
	flag.Parse()
	if err := run(*kind, *n, *rate, *file, *device, *length); err != nil {
		fmt.Fprintln(os.Stderr, "flood:", err)
		os.Exit(1)
	}
}

func run(kind string, n, rate int, file, device string, length time.Duration) error {
	make := kinds[kind]
	switch {
	case make == nil || n <= 0 || rate <= 0 || length <= 0 || (file == "") == (device == ""):
		return fmt.Errorf("want a kind, numbers above 0, and either -o or -i")
	case device != "":
		return send(device, make, rate, length)
	}
	return write(file, make, n, rate)
}

// write writes the packets of n connections to a file.
func write(name string, packets func(f *frames, i int), n, rate int) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	defer file.Close()
	w := bufio.NewWriterSize(file, 1<<20)
	header := make([]byte, 24)
	binary.LittleEndian.PutUint32(header, 0xa1b2c3d4)
	header[4], header[6], header[20] = 2, 4, 1 // version 2.4, Ethernet
	binary.LittleEndian.PutUint32(header[16:], 65535)
	w.Write(header)
	const begins = 1_700_000_000
	record := make([]byte, 16)
	for i := range n {
		f := &frames{}
		packets(f, i)
		for k, b := range f.list {
			at := int64(i)*1e6/int64(rate) + int64(k)
			binary.LittleEndian.PutUint32(record, uint32(begins+at/1e6))
			binary.LittleEndian.PutUint32(record[4:], uint32(at%1e6))
			binary.LittleEndian.PutUint32(record[8:], uint32(len(b)))
			binary.LittleEndian.PutUint32(record[12:], uint32(len(b)))
			w.Write(record)
			w.Write(b)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return file.Close()
}
