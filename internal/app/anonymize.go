package app

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/anonymize"
	"github.com/kaanalyze/kaanalyze/internal/evidence"
	"github.com/kaanalyze/kaanalyze/internal/kernel"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// anonymizer returns what replaces addresses and names, nil if they stay. Each
// goroutine has its own; they all answer the same.
func (s *settings) anonymizer() *anonymize.Anonymizer {
	if s.key == nil {
		return nil
	}
	return anonymize.New(s.key)
}

// replaceAddresses returns apply with the addresses of the segments replaced before.
func (s *settings) replaceAddresses(apply func([]flows.Segment) error) func([]flows.Segment) error {
	a := s.anonymizer()
	if a == nil {
		return apply
	}
	return func(segs []flows.Segment) error {
		for i := range segs {
			x := &segs[i]
			x.SrcIP, x.DstIP = a.Addr(x.SrcIP), a.Addr(x.DstIP)
		}
		return apply(segs)
	}
}

// anonymizeAnalysis has the analysis see no name and look for the server under its new
// address.
func (s *settings) anonymizeAnalysis(what *analyze.Options) {
	a := s.anonymizer()
	if a == nil {
		return
	}
	var head []byte
	what.Rewrite = func(raw []byte) []byte {
		head = a.Head(head, raw)
		return head
	}
	what.Server = pseudonym(a, what.Server)
}

// pseudonym replaces an address, if there is one.
func pseudonym(a *anonymize.Anonymizer, at netip.AddrPort) netip.AddrPort {
	if !at.IsValid() {
		return at
	}
	return netip.AddrPortFrom(netip.AddrFrom16(a.Addr(at.Addr().As16())).Unmap(), at.Port())
}

// anonymizeEvidence has an evidence file hold no name either. Segments come with
// their addresses replaced.
func (s *settings) anonymizeEvidence(opt *evidence.Options) {
	if a := s.anonymizer(); a != nil {
		opt.Rewrite, opt.Anonymous = a.Head, true
	}
}

// anonymizeHost replaces the addresses in what the kernel says.
func (s *settings) anonymizeHost(h *kernel.Host) {
	if a := s.anonymizer(); a != nil {
		h.Anonymize(a.Addr)
	}
}

// withholdNames takes out of m what names files, interfaces and addresses.
func (j *Job) withholdNames(m *report.Meta, s *capture.Stats) {
	a := j.s.anonymizer()
	if a == nil {
		return
	}
	m.Anonymized, m.CommandLine = true, nil
	m.Narrowed.Server = pseudonym(a, m.Narrowed.Server)
	for _, filter := range []*string{&m.Filter, &m.Narrowed.Filter} {
		if *filter != "" {
			*filter = "(withheld)"
		}
	}
	if m.Damage != nil {
		m.Damage.Reason = strings.ReplaceAll(m.Damage.Reason, s.Damage.Source, m.Damage.Source)
	}
}

// display returns a source's name for people.
func (j *Job) display(name string) string {
	switch {
	case j.s.Demo != nil:
		return demoName
	case j.s.key == nil:
		return name
	case j.s.live != nil:
		return "interface-1"
	}
	return fmt.Sprintf("capture-%d.pcap", slices.Index(j.s.files, name)+1)
}

// evidenceName returns the name of the evidence file for people.
func (j *Job) evidenceName() string {
	if j.s.key != nil {
		return "evidence.pcap"
	}
	return j.s.Evidence
}
