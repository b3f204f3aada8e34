package app

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"os/user"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// An execCommand is the one of --exec, which runs while packets are captured. Its methods
// are no-ops where there is none, which is nil.
type execCommand struct {
	cmd     *exec.Cmd
	gate    *os.File  // what it waits for before it begins
	decided sync.Once // it begins, or never does
	begun   bool
	ended   chan struct{} // closed when it has ended
	result  error         // how it ended, once it has
}

// gated is a shell script that runs another one when a line has come on descriptor 3, and
// fails if none comes.
const gated = `read -r begin <&3 || exit 125; exec 3<&-; exec /bin/sh -c "$1" sh`

// startCommand starts the process of a command, which waits until begin is called. It is
// started before privileges are given up: so root's command keeps those of root. Where the
// program becomes somebody else, the command is theirs from its beginning.
func (j *Job) startCommand(who *identity) error {
	if j.s.Live.Exec == "" {
		return nil
	}
	keepDescriptors()
	waits, gate, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("--exec: %w", err)
	}
	defer waits.Close()
	c := &execCommand{cmd: exec.Command("/bin/sh", "-c", gated, "sh", j.s.Live.Exec), gate: gate, ended: make(chan struct{})}
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = j.stdin, j.stdout, j.ui.w
	c.cmd.ExtraFiles = []*os.File{waits}
	if who != nil {
		c.cmd.Env = append(os.Environ(), who.environment()...)
		c.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: who.credential()}
	}
	if signal.Ignored(syscall.SIGPIPE) { // by this program: a command would have it ignored, too, as Reset leaves it
		signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
		defer signal.Ignore(syscall.SIGPIPE)
	}
	if err := c.cmd.Start(); err != nil {
		gate.Close()
		return fmt.Errorf("--exec: %w", err)
	}
	go func() {
		c.result = c.cmd.Wait()
		close(c.ended)
		j.stop()
	}()
	j.command.Store(c)
	return nil
}

// keepDescriptors keeps what is open, as the socket that libpcap captures with, from the
// programs that are started.
func keepDescriptors() {
	const most = 1024
	for fd := 3; fd < most; fd++ {
		syscall.CloseOnExec(fd)
	}
}

// credential returns what a process of that user has.
func (i *identity) credential() *syscall.Credential {
	c := &syscall.Credential{Uid: uint32(i.uid), Gid: uint32(i.gid)}
	for _, g := range i.groups {
		c.Groups = append(c.Groups, uint32(g))
	}
	return c
}

// environment returns what programs of that user find in it, where it was root's.
func (i *identity) environment() []string {
	found, err := user.LookupId(strconv.Itoa(i.uid))
	if err != nil {
		return nil
	}
	return []string{"HOME=" + found.HomeDir, "USER=" + found.Username, "LOGNAME=" + found.Username}
}

// begin lets the command begin.
func (c *execCommand) begin() {
	if c == nil {
		return
	}
	c.decided.Do(func() {
		c.begun = true
		_, _ = io.WriteString(c.gate, "\n")
		_ = c.gate.Close()
	})
}

// giveUp ends the process of a command, if it has not begun.
func (c *execCommand) giveUp() {
	if c == nil {
		return
	}
	c.decided.Do(func() { _ = c.gate.Close() })
}

// commandTime is how long the report waits for a command that a signal should have ended.
const commandTime = time.Second

// waitForCommand waits for the end of the command, so that its output does not come with
// the report; after a signal only for some time.
func (j *Job) waitForCommand() {
	c := j.command.Load()
	if c == nil {
		return
	}
	select {
	case <-c.ended:
		return
	case <-j.interruption.come:
	}
	select {
	case <-c.ended:
	case <-time.After(commandTime):
	}
}

// endCommand waits for the end of a command, however long that takes. One that has not
// begun does not.
func (j *Job) endCommand() {
	c := j.command.Load()
	if c == nil {
		return
	}
	j.interruption.enter(phaseJudging)
	c.giveUp()
	<-c.ended
}

// signal passes a signal on. One that a terminal sends to its foreground, it has sent to
// the command, too.
func (c *execCommand) signal(s os.Signal) {
	if c == nil || (s == os.Interrupt || s == syscall.SIGQUIT) && inForeground() {
		return
	}
	_ = c.cmd.Process.Signal(s)
}

// exitCode returns the exit code of a run that would have another one without the
// command: that of the command, as a shell has it, unless a gate failed or the command
// went well.
func (c *execCommand) exitCode(own int) int {
	if c == nil || !c.begun || own == ExitGate {
		return own
	}
	var exit *exec.ExitError
	switch {
	case c.result == nil:
		return own
	case !errors.As(c.result, &exit):
		return max(own, ExitFailed)
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		const bySignal = 128
		return bySignal + int(status.Signal())
	}
	return exit.ExitCode()
}

// checkExec checks --exec.
func (s *settings) checkExec() error {
	switch {
	case !s.given("exec") && s.Live.Exec == "":
		return nil
	case strings.TrimSpace(s.Live.Exec) == "":
		return usagef("--exec: the command is empty")
	case s.TUI:
		return usagef("--exec and --tui exclude each other: the command has the terminal")
	case s.Live.Write == "-":
		return usagef("--exec and -w - exclude each other: the command has standard output")
	case s.Format == "ndjson":
		return &UsageError{errors.New("--exec and -f ndjson exclude each other: the command has standard output"), "name a file, as in -o report.ndjson"}
	}
	return nil
}
