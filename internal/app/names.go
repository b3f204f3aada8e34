package app

import (
	"errors"
	"io"
	"os"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/internal/names"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// hostsFile is the one of this machine, and maxHosts what is read of it.
const (
	hostsFile = "/etc/hosts"
	maxHosts  = 8 << 20
)

// resolvingFilter is defaultFilter with what --resolve needs. Every filter compiler knows it.
const resolvingFilter = "tcp or port 53"

// checkResolve refuses --resolve where names must not be told.
func (s *settings) checkResolve() error {
	switch {
	case !s.Resolve:
	case s.key != nil:
		return &UsageError{errors.New("--resolve and --anonymize exclude each other"), "names would tell whose addresses they are"}
	case s.given("numeric"):
		return usagef("--resolve and -n exclude each other")
	}
	return nil
}

// useNames makes the job collect names, if they are wanted.
func (j *Job) useNames() {
	if !j.s.Resolve {
		return
	}
	j.names = &names.Table{}
	f, err := os.Open(hostsFile)
	if err == nil {
		defer f.Close()
		var text []byte
		if text, err = io.ReadAll(io.LimitReader(f, maxHosts)); err == nil {
			j.names.AddHosts(text)
		}
	}
	if err != nil {
		j.ui.warn("no names of the hosts file: %v", err)
	}
}

// takeNames has a source hand over answers of DNS, if names are wanted.
func (j *Job) takeNames(opt *capture.Options) {
	if j.names != nil {
		opt.DNS = j.names.AddAnswer
	}
}

// naming returns what addresses are called so far, nil unless that is wanted.
func (j *Job) naming() *report.Naming {
	if j.names == nil {
		return nil
	}
	filter := j.s.filter
	if j.s.live != nil {
		filter = j.s.live.filter
	}
	return &report.Naming{Names: j.names.Names(), Answers: j.names.Answers(), NoDNS: filter != "" && filter != resolvingFilter}
}
