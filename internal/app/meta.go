package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// meta returns the facts about the capture as reports show them.
func (j *Job) meta(s *capture.Stats) report.Meta {
	m := report.Meta{
		Format:           s.Format,
		LinkTypes:        s.LinkTypes,
		Packets:          s.Packets,
		TCPPackets:       s.TCPPackets,
		Bytes:            s.Bytes,
		First:            s.First,
		Last:             s.Last,
		KernelDropped:    s.KernelDropped,
		CutPackets:       s.CutPackets,
		UndecodedPackets: s.UndecodedPackets,
		Filter:           j.s.filter,
		Narrowed:         j.narrowed,
		CommandLine:      provenance(j.s.CommandLine),
	}
	if j.s.live != nil {
		m.Filter, m.InterfaceDropped = j.s.live.filter, s.InterfaceDropped
	}
	for _, src := range s.Sources {
		m.Sources = append(m.Sources, report.Source{
			Name: j.display(src.Name), Format: src.Format, Size: src.Size, Packets: src.Packets,
		})
	}
	if d := s.Damage; d != nil {
		m.Damage = &report.Damage{Source: j.display(d.Source), Packet: d.Packet, Offset: d.Offset, Reason: d.Reason}
	}
	j.withhold(&m, s)
	return m
}

// narrowed says which part of a capture the settings ask for.
func (s *settings) narrowed(opt capture.Options) report.Narrowed {
	n := report.Narrowed{Since: opt.Since, Until: opt.Until, Server: s.server, Count: s.Count, Filter: s.filter}
	if s.live != nil && s.live.filter != defaultFilter {
		n.Filter = s.live.filter
	}
	return n
}

// workers returns how many goroutines encode.
func (j *Job) workers() int {
	if j.s.Workers > 0 {
		return j.s.Workers
	}
	return runtime.GOMAXPROCS(0)
}

// maxSummed is the size of the largest file that is hashed without being asked:
// hashing a larger one takes longer than reading it.
const maxSummed = 64 << 20

// summing computes the SHA-256 of files beside the reading.
type summing struct {
	done chan struct{}
	sums []string // by file, "" if it is not known
}

func startSumming(ctx context.Context, s *settings) *summing {
	m := &summing{make(chan struct{}), make([]string, len(s.files))}
	go func() {
		defer close(m.done)
		for i, name := range s.files {
			if s.Demo != nil {
				sum := sha256.Sum256(s.Demo)
				m.sums[i] = hex.EncodeToString(sum[:])
			} else {
				m.sums[i] = fileSum(ctx, name, s.SHA256)
			}
		}
	}()
	return m
}

// wait returns the sums, in the order of the files.
func (m *summing) wait() []string {
	<-m.done
	return m.sums
}

// fileSum returns the SHA-256 of a regular file. It is "" if the file is too
// large and not asked for, or cannot be read; the reader tells of that.
func fileSum(ctx context.Context, name string, always bool) string {
	if name == "-" {
		return ""
	}
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxSummed && !always {
		return ""
	}
	f, err := os.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	h := sha256.New()
	for ctx.Err() == nil {
		switch _, err := io.CopyN(h, f, 1<<20); err {
		case nil:
		case io.EOF:
			return hex.EncodeToString(h.Sum(nil))
		default:
			return ""
		}
	}
	return ""
}

// sharedSource is the source that is being read, for the status line.
type sharedSource struct {
	mu  sync.Mutex
	src *capture.Source
}

func (s *sharedSource) set(src *capture.Source) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.src = src
}

// get returns the source, or nil if none has been opened yet.
func (s *sharedSource) get() *capture.Source {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.src
}

// provenance returns the command line as reports tell it: without --workers,
// which must not make a difference to any byte of them.
func provenance(args []string) []string {
	line := []string{"kaanalyze"}
	for i := 0; i < len(args); i++ {
		switch {
		case args[i] == "--":
			return append(line, args[i:]...)
		case args[i] == "--workers":
			i++
		case strings.HasPrefix(args[i], "--workers="):
		default:
			line = append(line, args[i])
		}
	}
	return line
}
