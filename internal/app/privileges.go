package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"slices"
	"strconv"
)

// nobodyID is the user and the group that may do nothing, where the system has no user
// called nobody, as in a container with a single file in it.
const nobodyID = "65534"

// identity is who the program becomes once an interface is open.
type identity struct {
	name     string
	uid, gid int
	groups   []int
	sudo     bool // who called sudo, not who -Z names
}

// unprivileged returns who to become: the user called name, or else who called sudo.
// It is nil if the program stays who it is, and only gives up its capabilities: where
// root started it, or another user who may capture.
func unprivileged(name string) (*identity, error) {
	switch {
	case os.Geteuid() == 0:
	case name != "":
		return nil, usagef("-Z %s: only root can become another user", printable(name))
	default:
		return nil, nil
	}
	if name != "" {
		return named(name)
	}
	caller := os.Getenv("SUDO_UID")
	if caller == "" || caller == "0" || !mayBecome() {
		return ofRoot()
	}
	found, err := user.LookupId(caller)
	if err != nil { // as in a container
		found = &user.User{Username: caller, Uid: caller, Gid: os.Getenv("SUDO_GID")}
	}
	id, err := newIdentity(found)
	if err == nil {
		id.sudo = true
	}
	return id, err
}

// named returns who -Z names, nil for root.
func named(name string) (*identity, error) {
	found, err := user.Lookup(name)
	if err != nil {
		found, err = user.LookupId(name)
	}
	switch {
	case err == nil:
	case name == "nobody":
		found = &user.User{Username: name, Uid: nobodyID, Gid: nobodyID}
	case isNumber(name): // as in a container
		found = &user.User{Username: name, Uid: name, Gid: name}
	default:
		return nil, usagef("-Z %s: there is no such user", printable(name))
	}
	if found.Uid == "0" {
		return nil, nil
	}
	if !mayBecome() {
		return nil, &hintError{
			fmt.Errorf("-Z %s: root cannot become another user here without CAP_SETUID and CAP_SETGID", printable(name)),
			"without -Z it stays root, and gives up its capabilities",
		}
	}
	return newIdentity(found)
}

// realUser returns who called a program that is installed as set-user-ID root, nil if it
// is not.
func realUser() (*identity, error) {
	if os.Geteuid() != 0 || os.Getuid() == 0 {
		return nil, nil
	}
	groups, err := os.Getgroups()
	if err != nil {
		return nil, err
	}
	return &identity{name: strconv.Itoa(os.Getuid()), uid: os.Getuid(), gid: os.Getgid(), groups: groups}, nil
}

// newIdentity turns what the system says of a user into numbers.
func newIdentity(u *user.User) (*identity, error) {
	id := &identity{name: u.Username}
	var err error
	if id.uid, err = parseID(u.Uid); err == nil {
		id.gid, err = parseID(u.Gid)
	}
	if err != nil {
		return nil, fmt.Errorf("look up user %s: %w", printable(u.Username), err)
	}
	id.groups = []int{id.gid}
	more, _ := u.GroupIds() // a user that has none has the first one
	for _, g := range more {
		if n, err := parseID(g); err == nil && !slices.Contains(id.groups, n) {
			id.groups = append(id.groups, n)
		}
	}
	return id, nil
}

// parseID returns the number of a user or a group. The highest one is none: for the
// system it means that nothing changes.
func parseID(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 32)
	if err == nil && n == 1<<32-1 {
		err = strconv.ErrRange
	}
	if err != nil {
		return 0, fmt.Errorf("%q is not the number of a user or a group", text)
	}
	return int(n), nil
}

func isNumber(text string) bool {
	_, err := parseID(text)
	return err == nil
}

// limitProcess gives up, for good, what the process may do and a run of the configuration
// does not need, before anything is read. A live capture gives up the rest when the
// interface is open.
func limitProcess(c *Config) error {
	who, err := realUser()
	if err != nil {
		return err
	}
	if who != nil || len(c.Live.Interfaces) == 0 {
		return dropPrivileges(who)
	}
	return nil
}

// mayNotWrite returns the hint of an error that says that files may not be written: who
// they are written as, nil for who the program was started by. It is "" if there is
// nothing to say.
func mayNotWrite(who *identity) string {
	switch {
	case who == nil && os.Geteuid() == 0 && !overrides():
		return "this root has no CAP_DAC_OVERRIDE, so it may write only where any user with its number might; name another folder"
	case who == nil:
		return ""
	case who.sudo:
		return fmt.Sprintf("files are written as user %s, who called sudo; name a folder where that user may, or stay root with -Z root", printable(who.name))
	}
	return fmt.Sprintf("files are written as user %s; name a folder where that user may, or another user with -Z", printable(who.name))
}

// mayNotRead adds a hint to the error of a file that root may not read.
func mayNotRead(err error) error {
	if errors.Is(err, fs.ErrPermission) && os.Geteuid() == 0 && !overrides() {
		return &hintError{err, "this root has no CAP_DAC_OVERRIDE, so it may read only what any user with its number might"}
	}
	return err
}
