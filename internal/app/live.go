package app

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/kaanalyze/kaanalyze/capture"
)

// inRing is longer than a packet waits in the kernel's ring while no other packet is
// read.
const inRing = int64(time.Second)

// openLive opens the interface, then starts the command that is to run meanwhile, then gives
// up all privileges, then begins to save packets.
func (j *Job) openLive(opt capture.Options) (*capture.Source, error) {
	l := j.s.live
	who, err := unprivileged(l.user)
	if err != nil {
		return nil, err
	}
	opt.Filter = l.filter
	l.device.Lost = func(name string, err error) {
		if !j.s.TUI {
			j.ui.warn("%v; the capture goes on with the other interfaces", err)
		}
	}
	src, err := capture.OpenLive(l.device, opt)
	if err != nil {
		return nil, liveError(err)
	}
	if err := j.startCommand(who); err != nil {
		src.Close()
		return nil, err
	}
	j.owners = j.s.readOwners()
	if err = dropPrivileges(who); err == nil && l.saving.Name != "" {
		err = j.saveTo(src, l.saving)
	}
	if err != nil {
		src.Close()
		return nil, j.notAllowed(err, who)
	}
	j.identity = who
	j.ui.inform("capturing from %s, filter %q, buffer of %s KiB", l.names(), l.filter, grouped(uint64(l.device.Buffer>>10)))
	return src, nil
}

// notAllowed adds a hint to an error of a live capture: which user must be allowed to
// write, if that is what fails, or else what liveError adds.
func (j *Job) notAllowed(err error, who *identity) error {
	if !errors.Is(err, fs.ErrPermission) {
		return liveError(err)
	}
	if hint := mayNotWrite(who); hint != "" {
		return &hintError{err, hint}
	}
	return err
}

// liveError adds a hint about what to do if an interface cannot be captured from.
func liveError(err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission) && os.Geteuid() == 0:
		return &hintError{err, "live capture needs CAP_NET_RAW, which root lacks here, as in a container; to read a file, use -r FILE"}
	case errors.Is(err, fs.ErrPermission):
		return &hintError{err, "live capture needs CAP_NET_RAW; run with sudo, or once `make install-setcap`; to read a file, use -r FILE"}
	case errors.Is(err, syscall.ENODEV):
		return &hintError{err, "kaanalyze -D lists the interfaces; to read a file, use -r FILE"}
	case errors.Is(err, syscall.ENETDOWN):
		return &hintError{err, "kaanalyze -D tells which interfaces are up"}
	case errors.Is(err, capture.ErrNoEngine):
		return &hintError{err, "leave --capture-engine out: there is another one"}
	case errors.Is(err, capture.ErrNoLive):
		return &hintError{err, "build with cgo, a C compiler and libpcap-dev; or pipe: tcpdump -i IF -U -w - tcp | kaanalyze"}
	}
	return err
}
