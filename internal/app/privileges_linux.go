package app

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"unsafe"

	"kernel.org/pub/linux/libs/security/libcap/psx"
)

// Capabilities are those of a thread, and so is the promise to gain no more
// privileges. Package syscall changes all threads of a program only where no C
// is linked, which libpcap is; so psx does.

// capHeader and capData are what capget(2) and capset(2) take.
type capHeader struct {
	version uint32
	pid     int32
}

type capData [2]struct{ effective, permitted, inheritable uint32 }

const (
	capVersion3     = 0x20080522
	prSetNoNewPrivs = 38
)

// dropPrivileges becomes that user, unless it is nil, and gives up all
// capabilities, on all threads and for good.
func dropPrivileges(to *identity) error {
	if to != nil {
		if err := become(to); err != nil {
			return fmt.Errorf("become user %s: %w", printable(to.name), err)
		}
	}
	if _, _, errno := psx.Syscall6(syscall.SYS_PRCTL, prSetNoNewPrivs, 1, 0, 0, 0, 0); errno != 0 {
		return fmt.Errorf("set no_new_privs: %w", errno)
	}
	header, none := capHeader{version: capVersion3}, capData{}
	if _, _, errno := psx.Syscall3(syscall.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&none)), 0); errno != 0 {
		return fmt.Errorf("give up capabilities: %w", errno)
	}
	if has, err := privileged(); err != nil || has {
		return errors.Join(errors.New("give up capabilities: some are left"), err)
	}
	return nil
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
		return errors.New("it was still possible to be root")
	}
	return nil
}

// privileged reports whether this thread has capabilities.
func privileged() (bool, error) {
	header, has := capHeader{version: capVersion3}, capData{}
	_, _, errno := syscall.RawSyscall(syscall.SYS_CAPGET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&has)), 0)
	if errno != 0 {
		return false, fmt.Errorf("ask for capabilities: %w", errno)
	}
	return has != capData{}, nil
}

// dropCapabilities gives up what `make install-setcap` gives, where it is not
// needed: files may be read by anybody who may read them.
func dropCapabilities() error {
	if os.Geteuid() == 0 {
		return nil
	}
	if has, err := privileged(); err != nil || !has {
		return nil
	}
	return dropPrivileges(nil)
}
