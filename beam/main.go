// Command beam makes one report of many capture points, on Apache Beam.
//
//	beam --input 'captures/*/*.pcap*' --output report.json
//
// A point is a set of rotated captures, or a part that kaanalyze has written. Each point is
// analysed by one worker, which makes its part; one worker joins the parts and judges. With
// --shuffle the packets of a point are divided among workers by their pair of addresses, for
// points that are too large for one.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem/gcs"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem/local"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem/s3"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/x/beamx"
)

// config is what the command line asks for.
type config struct {
	inputs   []string // globs
	output   string
	shuffle  int // shards of a point, 0 for one worker for each
	timeWait time.Duration
}

const mostShards = 4096

// check refuses what cannot be done.
func (c *config) check() error {
	switch {
	case len(c.inputs) == 0:
		return errors.New("--input: no glob of captures or parts is given")
	case c.output == "":
		return errors.New("--output: no file for the report is given")
	case c.shuffle < 0 || c.shuffle > mostShards:
		return fmt.Errorf("--shuffle %d: it is not from 0 to %d", c.shuffle, mostShards)
	case c.timeWait <= 0 || c.timeWait > 24*time.Hour:
		return fmt.Errorf("--time-wait %v: it is not within 24h", c.timeWait)
	}
	_, err := formatOf(c.output)
	return err
}

// run lists the points, and runs the pipeline.
func run(ctx context.Context, c *config) error {
	if err := c.check(); err != nil {
		return err
	}
	points, err := listPoints(ctx, c.inputs)
	if err != nil {
		return err
	}
	p, s := beam.NewPipelineWithRoot()
	pipeline(s, points, c)
	if err := beamx.Run(ctx, p); err != nil {
		return fmt.Errorf("run the pipeline: %w", err)
	}
	return nil
}

func main() {
	c := &config{timeWait: time.Minute}
	flag.Func("input", "`GLOB` of captures and parts (*.kap), local, s3:// or gs:// (repeatable)", func(glob string) error {
		c.inputs = append(c.inputs, glob)
		return nil
	})
	flag.StringVar(&c.output, "output", "", "`FILE` for the report, in the format of its ending, as report.json")
	flag.IntVar(&c.shuffle, "shuffle", 0, "divide each point's packets into `N` shards by pair of addresses; 0 leaves a point to one worker")
	flag.DurationVar(&c.timeWait, "time-wait", c.timeWait, "`TIME` that TIME_WAIT lasts")
	beam.Init() // which may be a worker, and then does not return
	flag.Parse()
	if err := run(context.Background(), c); err != nil {
		fmt.Fprintf(os.Stderr, "beam: error: %s\n", strings.TrimSpace(err.Error()))
		os.Exit(1)
	}
}

// threads is how many goroutines read one capture.
func threads() int { return runtime.GOMAXPROCS(0) }
