package capture_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/flows"
)

// To read a capture is to open it and to run it: apply sees its segments.
func ExampleOpenFiles() {
	src, err := capture.OpenFiles([]string{"../testdata/demo.pcap"}, capture.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer src.Close()
	if err := src.Run(context.Background(), func([]flows.Segment) error { return nil }); err != nil {
		log.Fatal(err)
	}
	s := src.Stats()
	fmt.Println(s.Format, s.LinkTypes, s.Packets, "packets,", s.TCPPackets, "of TCP; damaged:", s.Damage != nil)
	// Output: pcap [EN10MB] 888 packets, 888 of TCP; damaged: false
}

// Segments come in runs, in the order of the capture, and are valid only while
// apply runs: what is to be kept is copied.
func ExampleSource_Run() {
	src, err := capture.OpenFiles([]string{"../testdata/demo.pcap"}, capture.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer src.Close()
	var opened []string
	enough := errors.New("enough")
	err = src.Run(context.Background(), func(segments []flows.Segment) error {
		for i := range segments {
			s := &segments[i]
			if s.Flags&(flows.SYN|flows.ACK) == flows.SYN {
				opened = append(opened, fmt.Sprintf("packet %d: %v > %v", s.Num, s.Src(), s.Dst()))
			}
			if len(opened) == 3 {
				return enough
			}
		}
		return nil
	})
	if err != nil && err != enough {
		log.Fatal(err)
	}
	for _, line := range opened {
		fmt.Println(line)
	}
	// Output:
	// packet 1: 10.20.0.1:36642 > 10.20.0.2:8081
	// packet 2: 10.20.0.1:36652 > 10.20.0.2:8081
	// packet 3: 10.20.0.1:36660 > 10.20.0.2:8081
}

// Several files are read as one capture, in order of time; Origin leads back to
// the packet's own file.
func ExampleSource_Origin() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	early, late := filepath.Join(dir, "early.pcap"), filepath.Join(dir, "late.pcap")
	if err := errors.Join(writeFile(early, 1, 3), writeFile(late, 2, 4, 5)); err != nil {
		log.Fatal(err)
	}
	src, err := capture.OpenFiles([]string{late, early}, capture.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer src.Close()
	if err := src.Run(context.Background(), func([]flows.Segment) error { return nil }); err != nil {
		log.Fatal(err)
	}
	for num := range src.Stats().Packets {
		name, packet := src.Origin(num + 1)
		fmt.Printf("packet %d is packet %d of %s\n", num+1, packet, filepath.Base(name))
	}
	// Output:
	// packet 1 is packet 1 of early.pcap
	// packet 2 is packet 1 of late.pcap
	// packet 3 is packet 2 of early.pcap
	// packet 4 is packet 2 of late.pcap
	// packet 5 is packet 3 of late.pcap
}

// writeFile writes a capture with an empty IP packet at each of those seconds.
func writeFile(name string, seconds ...int64) error {
	var b bytes.Buffer
	w, err := capture.NewWriter(&b)
	if err != nil {
		return err
	}
	packet := []byte{0x45, 0, 0, 20, 0, 0, 0, 0, 64, 59, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2}
	for _, s := range seconds {
		if err := w.Write(s*1e9, packet, len(packet)); err != nil {
			return err
		}
	}
	return os.WriteFile(name, b.Bytes(), 0o600)
}

// A Writer saves the few packets that somebody wants to keep.
func ExampleNewWriter() {
	var file bytes.Buffer
	w, err := capture.NewWriter(&file)
	if err != nil {
		log.Fatal(err)
	}
	packet := []byte{0x45, 0, 0, 40, 0, 1, 0x40, 0, 64, 6, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2,
		0x9c, 0x40, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0xff, 0xff, 0, 0, 0, 0}
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC).UnixNano()
	if err := w.Write(at, packet, len(packet)); err != nil {
		log.Fatal(err)
	}

	src, err := capture.OpenFiles([]string{"-"}, capture.Options{Stdin: &file})
	if err != nil {
		log.Fatal(err)
	}
	defer src.Close()
	if err := src.Run(context.Background(), func(segments []flows.Segment) error {
		s := &segments[0]
		fmt.Println(time.Unix(0, s.Time).UTC().Format(time.RFC3339Nano), s.Src(), s.Dst(), s.Flags)
		return nil
	}); err != nil {
		log.Fatal(err)
	}
	// Output: 2026-01-02T03:04:05.000000006Z 192.0.2.1:40000 192.0.2.2:80 S
}

// An interface is captured from until the context is done. Saving is optional.
func ExampleOpenLive() {
	src, err := capture.OpenLive(capture.Device{
		Name: "example0",
		Now:  func() int64 { return time.Now().UnixNano() },
	}, capture.Options{Filter: "tcp port 80"})
	if err != nil {
		log.Print(err) // fs.ErrPermission, say; here there is no such interface
		return
	}
	// A new file every hour, two days of them.
	if err := src.Save(capture.Saving{Name: "example0-%F-%H.pcap", Every: time.Hour, Count: 48}); err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err = src.Run(ctx, func(segments []flows.Segment) error {
		fmt.Println(len(segments), "segments")
		return nil
	})
	if err := errors.Join(err, src.Close()); err != nil {
		log.Fatal(err)
	}
	// Output:
}
