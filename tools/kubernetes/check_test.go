// Package kubernetes holds the files for Kubernetes and CI to the types of those who read them.
package kubernetes

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// decode reads a file, in which nothing is unknown, missing in the type or twice.
func decode(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../contrib/kubernetes", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(text, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func TestKubernetes(t *testing.T) {
	var set apps.DaemonSet
	decode(t, "daemonset.yaml", &set)
	var monitor monitoring.PodMonitor
	decode(t, "podmonitor.yaml", &monitor)
	var beside core.Container
	decode(t, "debug.yaml", &beside)

	if set.APIVersion != apps.SchemeGroupVersion.String() || set.Kind != "DaemonSet" {
		t.Errorf("got %s %s", set.APIVersion, set.Kind)
	}
	if monitor.APIVersion != monitoring.SchemeGroupVersion.String() || monitor.Kind != monitoring.PodMonitorsKind {
		t.Errorf("got %s %s", monitor.APIVersion, monitor.Kind)
	}
	for key, want := range monitor.Spec.Selector.MatchLabels {
		if got := set.Spec.Template.Labels[key]; got != want || set.Spec.Selector.MatchLabels[key] != want {
			t.Errorf("label %s: got %q, the monitor wants %q", key, got, want)
		}
	}
	watching := set.Spec.Template.Spec.Containers[0]
	for _, e := range monitor.Spec.PodMetricsEndpoints {
		if e.Port == nil || !slices.ContainsFunc(watching.Ports, func(p core.ContainerPort) bool { return p.Name == *e.Port }) {
			t.Errorf("the monitor asks for port %v, which no container has", e.Port)
		}
	}
	for _, c := range []core.Container{watching, beside} {
		has := c.SecurityContext.Capabilities
		if !slices.Equal(has.Drop, []core.Capability{"ALL"}) || !slices.Equal(has.Add, []core.Capability{"NET_RAW"}) || *c.SecurityContext.RunAsUser != 0 {
			t.Errorf("%q is not root with CAP_NET_RAW alone: %+v", c.Name, c.SecurityContext)
		}
	}
	runs(t, watching.Args...)
}

// TestKubectlDebug runs what README has kubectl run.
func TestKubectlDebug(t *testing.T) {
	text, err := os.ReadFile("../../contrib/kubernetes/README.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for line := range strings.Lines(string(text)) {
		if _, command, ok := strings.Cut(line, " -- /kaanalyze "); ok {
			found++
			runs(t, strings.Fields(command)...)
		}
	}
	if found == 0 {
		t.Error("README runs nothing")
	}
}

// runs has the program that KAANALYZE names understand a command line. What comes of the
// capture, which lasts a moment and needs privileges, does not matter here.
func runs(t *testing.T, args ...string) {
	t.Helper()
	program := os.Getenv("KAANALYZE")
	if program == "" {
		t.Skip("KAANALYZE names no program")
	}
	const usage = 2
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "$(HOST_IP):9190", "127.0.0.1:0")
	}
	cmd := exec.Command(program, append(args, "--duration=1s")...)
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || cmd.ProcessState.ExitCode() == usage {
		t.Errorf("%q: %v: %s", args, err, out)
	}
}

// TestCI reads the files for CI.
func TestCI(t *testing.T) {
	for _, name := range []string{"github-actions.yml", "gitlab-ci.yml"} {
		var job map[string]any
		decode(t, filepath.Join("..", "ci", name), &job)
		if len(job) == 0 {
			t.Errorf("%s holds nothing", name)
		}
	}
}
