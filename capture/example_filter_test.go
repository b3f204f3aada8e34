//go:build cgo && !nolibpcap

package capture_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/flows"
)

// A filter leaves segments out; packets are numbered and counted as without it.
func ExampleOptions_filter() {
	src, err := capture.OpenFiles([]string{"../testdata/demo.pcap"}, capture.Options{Filter: "tcp[tcpflags] & (tcp-syn|tcp-ack) = tcp-syn"})
	if wrong, ok := errors.AsType[*capture.FilterError](err); ok {
		log.Fatalf("%s does not compile: %s", wrong.Expr, wrong.Reason)
	}
	if errors.Is(err, capture.ErrNoLibpcap) {
		log.Fatal("this program has no libpcap to compile filters")
	}
	if err != nil {
		log.Fatal(err)
	}
	defer src.Close()
	opened := 0
	if err := src.Run(context.Background(), func(segments []flows.Segment) error {
		opened += len(segments)
		return nil
	}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(opened, "connections opened in", src.Stats().Packets, "packets")
	// Output: 72 connections opened in 888 packets
}
