//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// What -live leaves beside the recording: the report of what was captured at
// the same time, and the packets that it saved.
var liveFiles = []string{".live.json", ".live.pcap"}

// sniff starts kaanalyze where tcpdump runs, and returns what stops it.
func (r *recording) sniff(ctx context.Context, namespace string) (stop func() error, err error) {
	cmd := r.in(ctx, namespace, r.live, "-v", "-i", "eth0", "-Z", "root",
		"-w", filepath.Join(r.dir, "live.pcap"), "-o", filepath.Join(r.dir, "live.json"))
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", r.live, err)
	}
	var said bytes.Buffer
	begun, read := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(read)
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			fmt.Fprintln(&said, lines.Text())
			if strings.Contains(lines.Text(), "capturing from") {
				close(begun)
			}
		}
	}()
	select {
	case <-begun:
	case <-read:
		cmd.Wait()
		return nil, fmt.Errorf("%s ended: %s", r.live, said.String())
	}
	return func() error {
		cmd.Process.Signal(os.Interrupt)
		select {
		case <-read:
		case <-time.After(10 * time.Second):
			cmd.Process.Kill()
			<-read
		}
		if err := cmd.Wait(); err != nil {
			return fmt.Errorf("%s: %w: %s", r.live, err, said.String())
		}
		return nil
	}, nil
}
