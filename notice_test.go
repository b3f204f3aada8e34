package kaanalyze_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestNotice holds NOTICE to the modules that the command is linked with.
func TestNotice(t *testing.T) {
	if _, err := os.ReadFile("NOTICE"); err != nil { // so that go test knows what its answer depends on
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "notice")
	if out, err := exec.Command("go", "-C", "tools", "build", "-buildvcs=false", "-o", program, "./notice").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.Command(program, "-check", ".").CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == 3 {
		t.Skipf("not held: %s", bytes.TrimSpace(out))
	}
	if err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
