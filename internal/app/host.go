package app

import (
	"time"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/kernel"
	"github.com/kaanalyze/kaanalyze/internal/live"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// readOwners reads which processes have which sockets while privileges allow to see that;
// nil where reports must not name them.
func (s *settings) readOwners() kernel.Owners {
	if s.key != nil {
		return nil
	}
	return kernel.ReadOwners()
}

// readHost asks the kernel about its sockets when a live capture begins; nil for
// files, of which the kernel knows nothing.
func (j *Job) readHost() *kernel.Host {
	if j.s.live == nil {
		return nil
	}
	h, err := kernel.ReadWith(time.Now(), j.owners)
	if err != nil {
		j.ui.inform("the report cannot describe this host: %v", err)
		return nil
	}
	if h.SocketsErr != nil {
		j.ui.inform("the report cannot show the sockets of this host: %v", h.SocketsErr)
	}
	j.s.anonymizeHost(h)
	return h
}

// hostSection asks the kernel again and compares its sockets with what the packets
// say; nil for files.
func (j *Job) hostSection(r *analyze.Result, connections report.Facts) *report.Host {
	if j.host == nil {
		return nil
	}
	now, err := kernel.Read(time.Now())
	if err != nil {
		return nil
	}
	j.s.anonymizeHost(now)
	return live.Compare(now, j.host, r, connections, j.s.TimeWait)
}
