package app

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
)

// identity is who the program is once an interface is open.
type identity struct {
	name     string
	uid, gid int
	groups   []int
}

// unprivileged returns who to become: the user called name, or else who called
// sudo, or nobody. It is nil if the program does not run as root: then it stays who it
// is and only gives up its capabilities.
func unprivileged(name string) (*identity, error) {
	if os.Geteuid() != 0 {
		if name != "" {
			return nil, usagef("-Z %s: only root can become another user", printable(name))
		}
		return nil, nil
	}
	var found *user.User
	var err error
	switch caller := os.Getenv("SUDO_UID"); {
	case name != "":
		if found, err = user.Lookup(name); err != nil {
			return nil, usagef("-Z %s: there is no such user", printable(name))
		}
	case caller != "" && caller != "0":
		if found, err = user.LookupId(caller); err != nil { // as in a container
			found = &user.User{Username: caller, Uid: caller, Gid: os.Getenv("SUDO_GID")}
		}
	default:
		if found, err = user.Lookup("nobody"); err != nil {
			return nil, &hintError{fmt.Errorf("look up user nobody: %w", err), "-Z USER names who to be while capturing"}
		}
	}
	return newIdentity(found)
}

// newIdentity turns what the system says of a user into numbers.
func newIdentity(u *user.User) (*identity, error) {
	id := &identity{name: u.Username}
	var err error
	if id.uid, err = strconv.Atoi(u.Uid); err == nil {
		id.gid, err = strconv.Atoi(u.Gid)
	}
	if err != nil {
		return nil, fmt.Errorf("look up user %s: %w", printable(u.Username), err)
	}
	id.groups = []int{id.gid}
	more, _ := u.GroupIds() // a user that has none has the first one
	for _, g := range more {
		if n, err := strconv.Atoi(g); err == nil && n != id.gid {
			id.groups = append(id.groups, n)
		}
	}
	return id, nil
}
