package app

import (
	"time"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/kernel"
	"github.com/kaanalyze/kaanalyze/internal/live"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// lookAtHost asks the kernel what it knows when a live capture begins. Of files
// it knows nothing.
func (j *Job) lookAtHost() *kernel.Host {
	if j.s.live == nil {
		return nil
	}
	h, err := kernel.Read(time.Now())
	if err != nil {
		j.ui.tell("the report does not tell of this host: %v", err)
		return nil
	}
	if h.SocketsErr != nil {
		j.ui.tell("the report does not tell of this host's sockets: %v", h.SocketsErr)
	}
	j.s.anonymizedHost(h)
	return h
}

// besides asks the kernel again, and sets that beside what the packets say.
func (j *Job) besides(r *analyze.Result, connections report.Facts) *report.Host {
	if j.host == nil {
		return nil
	}
	now, err := kernel.Read(time.Now())
	if err != nil {
		return nil
	}
	j.s.anonymizedHost(now)
	return live.Compare(now, j.host, r, connections, j.s.TimeWait)
}
