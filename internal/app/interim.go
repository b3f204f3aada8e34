package app

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// interim writes the reports of -o as of now, under names with a time stamp. A
// capture that is not being made has only the report at its end.
func (j *Job) interim(now time.Time) {
	f, src := j.session.Load(), j.source.get()
	switch {
	case f == nil || src == nil:
		j.ui.warn("SIGUSR2: there is no live capture under way, so the report comes at the end")
		return
	case len(j.s.outputs) == 0:
		j.ui.warn("SIGUSR2: no file was named with -o, so there is no interim report")
		return
	}
	stats := src.Stats()
	if stats.Packets == 0 {
		j.ui.warn("SIGUSR2: no packet has been captured yet")
		return
	}
	var none uint64
	x, _, _ := f.snapshot(&none, func() (first, last int64) { return stats.First, j.end(&stats, stats.Last) })
	if x == nil {
		return
	}
	for _, out := range j.s.outputs {
		name := withTime(out.name, now)
		if err := j.save(src, x, name); err != nil {
			j.ui.warn("SIGUSR2: %v", err)
			continue
		}
		j.ui.line("status", "interim report %s", printable(name))
	}
}

// withTime puts a time before the ending of a file's name.
func withTime(name string, t time.Time) string {
	ending := filepath.Ext(name)
	return fmt.Sprintf("%s-%s%s", strings.TrimSuffix(name, ending), t.UTC().Format("20060102T150405Z"), ending)
}
