package capturetest_test

import (
	"fmt"
	"log"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
)

// A script says what went over the wire; an expectation sits on the packet that
// causes it.
func ExampleParse() {
	script, err := capturetest.Parse(`
		0.000 > S  0:0(0)
		0.001 < S. 0:0(0)     ack 1
		0.002 > P. 1:17(16)   ack 1  "GET / HTTP/1.0\r\n"
		9.000 < R  1:1(0)            # want the server gives up`)
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range script.Segments() {
		fmt.Printf("%.3f %v > %v %v len %d\n", float64(s.Time-capturetest.Epoch)/1e9, s.Src(), s.Dst(), s.Flags, s.Len)
		if want, ok := script.Wants[s.Num]; ok {
			fmt.Println("wanted:", want)
		}
	}
	// Output:
	// 0.000 192.0.2.1:40000 > 198.51.100.1:80 S len 0
	// 0.001 198.51.100.1:80 > 192.0.2.1:40000 S. len 0
	// 0.002 192.0.2.1:40000 > 198.51.100.1:80 P. len 16
	// 9.000 198.51.100.1:80 > 192.0.2.1:40000 R len 0
	// wanted: the server gives up
}
