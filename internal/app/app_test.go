package app

import (
	"bytes"
	"cmp"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// update writes the capture of hostile text anew.
var update = flag.Bool("update", false, "write the capture of hostile text anew")

// recordings is where the captures are.
var recordings = filepath.Join("..", "..", "testdata")

// demo is the capture that is built into the program.
var demo = func() []byte {
	data, err := os.ReadFile(filepath.Join(recordings, demoName))
	if err != nil {
		panic(err)
	}
	return data
}()

// reading returns the configuration of a run that reads files.
func reading(files ...string) Config { return Config{Read: files} }

// filled returns c with the default of each field that has no value.
func filled(c Config) *Config {
	d := Defaults()
	c.TimeWait, c.Top = cmp.Or(c.TimeWait, d.TimeWait), cmp.Or(c.Top, d.Top)
	c.Format, c.Color, c.Progress = cmp.Or(c.Format, d.Format), cmp.Or(c.Color, d.Color), cmp.Or(c.Progress, d.Progress)
	if len(c.Live.Interfaces) == 0 {
		c.Live = d.Live
	}
	return &c
}

// command does a run with no standard input.
func command(c Config) (code int, stdout, stderr string) {
	return commandOn(strings.NewReader(""), c)
}

func commandOn(stdin io.Reader, c Config) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = runOn(c, stdin, &out, &err)
	return code, out.String(), err.String()
}

// runOn does a run as the command does it.
func runOn(c Config, stdin io.Reader, stdout, stderr io.Writer) int {
	j, err := New(filled(c), stdin, stdout, stderr)
	if err != nil {
		return Fail(stderr, err)
	}
	return j.Run()
}

// succeed does a run, which must end with 0, and returns its output.
func succeed(t rapid.TB, c Config) string {
	t.Helper()
	code, stdout, stderr := command(c)
	if code != ExitOK {
		t.Fatalf("%+v: got exit code %d, want 0; standard error:\n%s", c, code, stderr)
	}
	return stdout
}

// succeedJSON is succeed with the JSON report.
func succeedJSON(t rapid.TB, c Config) string {
	t.Helper()
	c.JSON = true
	return succeed(t, c)
}

// captures returns the committed captures, without directory and ending.
func captures(t *testing.T, folder string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.pcap"))
	if err != nil || len(files) == 0 {
		t.Fatalf("got no captures in %s, error %v", folder, err)
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(filepath.Base(f), ".pcap")
	}
	return files
}
