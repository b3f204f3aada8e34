//go:build !linux

package app

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// ofRoot is who root becomes, which has no capabilities here that it could give up.
func ofRoot() (*identity, error) { return named("nobody") }

// mayBecome reports whether root can become another user.
func mayBecome() bool { return true }

// overrides reports whether root may read and write the files of others.
func overrides() bool { return true }

// dropPrivileges becomes that user, unless it is nil, for good.
func dropPrivileges(to *identity) error {
	if to == nil {
		return nil
	}
	err := errors.Join(syscall.Setgroups(to.groups), syscall.Setgid(to.gid), syscall.Setuid(to.uid))
	if err == nil && to.uid != 0 && (os.Geteuid() == 0 || syscall.Setuid(0) == nil) {
		err = errors.New("the process could still become root")
	}
	if err != nil {
		return fmt.Errorf("become user %s: %w", printable(to.name), err)
	}
	return nil
}
