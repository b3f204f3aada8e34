package app

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"unsafe"

	"kernel.org/pub/linux/libs/security/libcap/psx"
)

// Capabilities are those of a thread, and so are the bounding set and the promise to gain
// no more privileges. Package syscall changes all threads of a program only where no C
// is linked, which libpcap is; so psx does.

// capHeader and capData are what capget(2) and capset(2) take.
type capHeader struct {
	version uint32
	pid     int32
}

type capData [2]struct{ effective, permitted, inheritable uint32 }

// Of linux/capability.h and linux/prctl.h.
const (
	capVersion3 = 0x20080522

	capDACOverride = 1
	capSetGID      = 6
	capSetUID      = 7
	capSetPCap     = 8

	prCapBSetRead   = 23
	prCapBSetDrop   = 24
	prSetNoNewPrivs = 38
)

// effective reports whether a capability may be used.
func (d *capData) effective(capability uint) bool {
	return d[capability/32].effective&(1<<(capability%32)) != 0
}

// capabilities returns those of this thread.
func capabilities() (has capData, err error) {
	header := capHeader{version: capVersion3}
	_, _, errno := syscall.RawSyscall(syscall.SYS_CAPGET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&has)), 0)
	if errno != 0 {
		return has, fmt.Errorf("ask for capabilities: %w", errno)
	}
	return has, nil
}

// mayBecome reports whether root can become another user, which it cannot in a container
// that has taken this away from it.
func mayBecome() bool {
	has, err := capabilities()
	return err == nil && has.effective(capSetUID) && has.effective(capSetGID)
}

// overrides reports whether root may read and write the files of others.
func overrides() bool {
	has, err := capabilities()
	return err == nil && has.effective(capDACOverride)
}

// ofRoot is who root becomes: it stays who it is, without its capabilities.
func ofRoot() (*identity, error) { return nil, nil }

// dropPrivileges becomes that user, unless it is nil, and gives up all capabilities, on
// all threads and for good. Who stays root keeps CAP_DAC_OVERRIDE if root has it, as root
// could read and write the files of others otherwise only by its capabilities.
func dropPrivileges(to *identity) error {
	has, err := capabilities()
	if err != nil {
		return err
	}
	var keep capData
	if to == nil {
		if os.Geteuid() != 0 && has == keep {
			return nil
		}
		if os.Geteuid() == 0 && has.effective(capDACOverride) {
			keep[0].effective, keep[0].permitted = 1<<capDACOverride, 1<<capDACOverride
		}
	}
	return onAllThreads(func() error { return limit(to, has, keep) })
}

// limit is dropPrivileges where all threads can be reached, of a process that has some
// capabilities and keeps others.
func limit(to *identity, has, keep capData) error {
	if has.effective(capSetPCap) {
		if err := emptyBoundingSet(); err != nil {
			return err
		}
	}
	if to != nil {
		if err := become(to); err != nil {
			return fmt.Errorf("become user %s: %w", printable(to.name), err)
		}
	}
	if _, _, errno := psx.Syscall6(syscall.SYS_PRCTL, prSetNoNewPrivs, 1, 0, 0, 0, 0); errno != 0 {
		return fmt.Errorf("set no_new_privs: %w", errno)
	}
	header := capHeader{version: capVersion3}
	if _, _, errno := psx.Syscall3(syscall.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&keep)), 0); errno != 0 {
		return fmt.Errorf("give up capabilities: %w", errno)
	}
	if has, err := capabilities(); err != nil || has != keep {
		return errors.Join(errors.New("give up capabilities: some are left"), err)
	}
	return nil
}

// emptyBoundingSet takes away from all programs that might be started what they could
// have been given.
func emptyBoundingSet() error {
	for c := uintptr(0); ; c++ {
		has, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, prCapBSetRead, c, 0, 0, 0, 0)
		if errno == syscall.EINVAL { // after the last one
			return nil
		}
		if errno == 0 && has != 0 {
			_, _, errno = psx.Syscall6(syscall.SYS_PRCTL, prCapBSetDrop, c, 0, 0, 0, 0)
		}
		if errno != 0 {
			return fmt.Errorf("empty the bounding set: %w", errno)
		}
	}
}

// become changes who the program is.
func become(to *identity) error {
	if err := syscall.Setgroups(to.groups); err != nil {
		return err
	}
	if err := syscall.Setresgid(to.gid, to.gid, to.gid); err != nil {
		return err
	}
	if err := syscall.Setresuid(to.uid, to.uid, to.uid); err != nil {
		return err
	}
	if to.uid != 0 && (os.Geteuid() == 0 || syscall.Setuid(0) == nil) {
		return errors.New("the process could still become root")
	}
	return nil
}
