package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/kaanalyze/kaanalyze/internal/app"
)

// completionFile returns the completion for a shell, in a file.
func completionFile(t *testing.T, shell string) (file, text string) {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run([]string{"--completion", shell}, strings.NewReader(""), &out, &errs); code != app.ExitOK || errs.Len() > 0 {
		t.Fatalf("%s: exit code %d, %s", shell, code, errs.String())
	}
	file = filepath.Join(t.TempDir(), "kaanalyze."+shell)
	if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, out.String()
}

// Every flag is completed, and the shells that are here can read their script.
func TestCompletion(t *testing.T) {
	for _, shell := range shells {
		file, text := completionFile(t, shell)
		newFlags(newCommandLine()).VisitAll(func(f *pflag.Flag) {
			want := "--" + f.Name
			if shell == "fish" {
				want = " -l " + f.Name + " "
			}
			if !strings.Contains(text, want) {
				t.Errorf("%s: %s is missing", shell, want)
			}
		})
		if _, err := exec.LookPath(shell); err != nil {
			continue
		}
		if out, err := exec.Command(shell, "-n", file).CombinedOutput(); err != nil {
			t.Errorf("%s -n: %v\n%s", shell, err, out)
		}
	}
	var out, errs bytes.Buffer
	if code := run([]string{"--completion", "cmd"}, strings.NewReader(""), &out, &errs); code != app.ExitUsage || !strings.Contains(errs.String(), "bash, zsh, fish") {
		t.Errorf("exit code %d, %q", code, errs.String())
	}
}

// What bash offers for the last word of a line.
func TestBashCompletion(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip(err)
	}
	file, _ := completionFile(t, "bash")
	dir := t.TempDir()
	for _, name := range []string{"incident.pcap", "a b.pcap"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct{ line, want []string }{
		{[]string{"--for"}, []string{"--format"}},
		{[]string{"-f", "j"}, []string{"json"}},
		{[]string{"--format", "=", "nd"}, []string{"ndjson"}},
		{[]string{"--color", "="}, app.Colours},
		{[]string{"--explain", "KA1001"}, []string{"KA1001"}},
		{[]string{"--fail-on", "reuse_r"}, []string{"reuse_ratio", "reuse_ratio_estimated"}},
		{[]string{"--since", ""}, nil},
		{[]string{"inc"}, []string{"incident.pcap"}},
		{[]string{"-o", "a"}, []string{"a b.pcap"}},
		{[]string{"incident.pcap", "--anony"}, []string{"--anonymize"}},
	} {
		cmd := exec.Command(bash, append([]string{"-c",
			`source "$1"; shift; COMP_WORDS=(kaanalyze "$@"); COMP_CWORD=$#; _kaanalyze; printf '%s\n' "${COMPREPLY[@]}"`, "bash", file}, tt.line...)...)
		cmd.Dir = dir
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%q: %v", tt.line, err)
		}
		if got := strings.FieldsFunc(string(out), func(r rune) bool { return r == '\n' }); !slices.Equal(got, tt.want) {
			t.Errorf("%q: got %q, want %q", tt.line, got, tt.want)
		}
	}
}
