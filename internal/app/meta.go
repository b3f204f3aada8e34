package app

import (
	"runtime"
	"strings"
	"sync"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/internal/assemble"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// meta returns the facts about the capture as reports show them.
func (j *Job) meta(s *capture.Stats) report.Meta {
	m := assemble.Meta(s, j.narrowed)
	m.Zone, m.Naming = j.s.zone, j.naming()
	m.CommandLine, m.Followed = reportedCommandLine(j.s.CommandLine), j.s.Follow
	if l := j.s.live; l != nil {
		m.Filter, m.InterfaceDropped = l.filter, s.InterfaceDropped
	}
	for i := range m.Sources {
		m.Sources[i].Name = j.display(m.Sources[i].Name)
	}
	for i, w := range s.Warnings {
		m.Warnings[i] = w.Say(j.display)
	}
	if m.Damage != nil {
		m.Damage.Source = j.display(m.Damage.Source)
	}
	j.withholdNames(&m, s)
	return m
}

// narrowed says which part of a capture the settings ask for.
func (s *settings) narrowed(opt capture.Options) report.Narrowed {
	n := report.Narrowed{Since: opt.Since, Until: opt.Until, Server: s.server, Count: s.Count, Filter: s.filter, Zone: s.zone}
	if s.live != nil && s.live.filter != defaultFilter && s.live.filter != resolvingFilter {
		n.Filter = s.live.filter
	}
	return n
}

// workers returns how many goroutines judge connections and encode them.
func (j *Job) workers() int {
	if j.s.Workers > 0 {
		return j.s.Workers
	}
	return runtime.GOMAXPROCS(0)
}

// A sharedSource holds the source that is read, for goroutines that tell of it
// meanwhile.
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

// reportedCommandLine returns the command line as reports tell it: without --workers,
// which must not change a byte of them.
func reportedCommandLine(args []string) []string {
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
