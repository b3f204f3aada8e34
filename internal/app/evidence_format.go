package app

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/internal/evidence"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// EvidenceFormats are those of --evidence-format.
var EvidenceFormats = []string{"pcapng", "pcap"}

// checkEvidenceFormat refuses a format that there is not.
func (s *settings) checkEvidenceFormat() error {
	switch {
	case s.EvidenceFormat == "":
	case !slices.Contains(EvidenceFormats, s.EvidenceFormat):
		return usagef("--evidence-format %q: it is not one of %s", s.EvidenceFormat, strings.Join(EvidenceFormats, ", "))
	case s.Evidence == "":
		return usagef("--evidence-format needs --evidence FILE")
	}
	return nil
}

// evidencePcapng reports whether the evidence file is pcapng: by its ending, unless the
// format is asked for.
func (s *settings) evidencePcapng() bool {
	if s.EvidenceFormat != "" {
		return s.EvidenceFormat == "pcapng"
	}
	return strings.EqualFold(filepath.Ext(s.Evidence), ".pcapng")
}

// evidenceWriter returns what writes the evidence file, and what its packets' comments say.
func (j *Job) evidenceWriter(file *bytes.Buffer, r *report.Report, ids []uint64) (*capture.Writer, *evidence.Comments, error) {
	if !j.s.evidencePcapng() {
		w, err := capture.NewWriter(file)
		return w, nil, err
	}
	about := "evidence of: " + report.Plain(r.Diagnosed().Verdict.Words())
	w, err := capture.NewPcapngWriter(file, "kaanalyze "+r.Version, about)
	return w, commentsOf(r, ids), err
}

// commentsOf names the rules that connections, and packets of the examples, show.
func commentsOf(r *report.Report, ids []uint64) *evidence.Comments {
	say := &evidence.Comments{Packets: map[uint64][]string{}, Connections: map[uint64][]string{}}
	findings := r.Diagnosed().Findings
	for i := range findings {
		f := &findings[i]
		name := fmt.Sprintf("%s [%v]", f.Rule.ID, f.Severity)
		for id := range f.IDs() {
			text := fmt.Sprintf("%s, connection %d: %s", name, id, report.Plain(f.Title))
			if _, kept := slices.BinarySearch(ids, id); kept && !slices.Contains(say.Connections[id], text) {
				say.Connections[id] = append(say.Connections[id], text)
			}
		}
		for _, x := range f.Examples {
			for _, n := range x.Packets {
				say.Packets[n] = append(say.Packets[n], fmt.Sprintf("%s, packet %d of the capture: %s", name, n, report.Plain(x.Observed)))
			}
		}
	}
	return say
}
