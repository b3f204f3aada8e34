package app

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/anonymize"
	"github.com/kaanalyze/kaanalyze/internal/evidence"
	"github.com/kaanalyze/kaanalyze/internal/kernel"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/tlswire"
)

// anonymizer returns a new anonymizer, nil if addresses and names stay. One is for
// one goroutine; all give the same pseudonyms.
func (s *settings) anonymizer() *anonymize.Anonymizer {
	if s.key == nil {
		return nil
	}
	return anonymize.New(s.key)
}

// replaceAddresses returns a function that replaces the addresses of segments before
// it calls apply, or apply itself if they stay.
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

// anonymizeAnalysis makes the analysis see heads without names, and look for the
// server under its pseudonym.
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
	// Connections are described on several goroutines.
	var lock sync.Mutex
	told := s.anonymizer()
	what.RewriteTLS = func(x *analyze.TLSInfo) {
		lock.Lock()
		defer lock.Unlock()
		x.ServerName, x.Protocol = told.Host(x.ServerName), told.Protocol(x.Protocol)
		for i, name := range x.Offered {
			x.Offered[i] = told.Protocol(name)
		}
	}
	what.RewriteAddr = func(ip [16]byte) [16]byte {
		lock.Lock()
		defer lock.Unlock()
		return told.Addr(ip)
	}
	what.Server = pseudonym(a, what.Server)
}

// pseudonym replaces an address; the zero value stays.
func pseudonym(a *anonymize.Anonymizer, at netip.AddrPort) netip.AddrPort {
	if !at.IsValid() {
		return at
	}
	return netip.AddrPortFrom(netip.AddrFrom16(a.Addr(at.Addr().As16())).Unmap(), at.Port())
}

// anonymizeEvidence keeps names out of an evidence file. The addresses of its segments
// have been replaced before.
func (s *settings) anonymizeEvidence(opt *evidence.Options) {
	if a := s.anonymizer(); a != nil {
		opt.Rewrite, opt.Anonymous = a.Head, true
		replace := func(with func(string) string) func([]byte) {
			return func(name []byte) { copy(name, with(string(name))) }
		}
		opt.RewriteHello = func(hello []byte, byClient bool) {
			tlswire.Mask(hello, byClient, replace(a.Host), replace(a.Protocol))
		}
	}
}

// anonymizeHost replaces the addresses in what the kernel says.
func (s *settings) anonymizeHost(h *kernel.Host) {
	if a := s.anonymizer(); a != nil {
		h.Anonymize(a.Addr)
	}
}

// withholdNames takes names of files, interfaces and addresses out of m if names are
// replaced.
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

// display returns the name under which reports and messages show a source.
func (j *Job) display(name string) string {
	switch {
	case j.s.Demo != nil:
		return demoName
	case j.s.key == nil:
		return name
	case j.s.live != nil:
		return fmt.Sprintf("interface-%d", slices.Index(j.s.Live.Interfaces, name)+1)
	}
	return fmt.Sprintf("capture-%d.pcap", slices.Index(j.s.files, name)+1)
}

// evidenceName returns the name under which the report shows the evidence file.
func (j *Job) evidenceName() string {
	switch {
	case j.s.key == nil:
		return j.s.Evidence
	case j.s.evidencePcapng():
		return "evidence.pcapng"
	}
	return "evidence.pcap"
}
