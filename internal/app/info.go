package app

import (
	"fmt"
	"io"

	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/report/machine"
	"github.com/kaanalyze/kaanalyze/internal/report/text"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// Version is the version of the program, which reports tell.
const Version = report.ToolVersion

// WriteSchema writes the JSON Schema of the JSON report.
func WriteSchema(w io.Writer) error { return WriteText(w, string(machine.Schema())) }

// WriteRules writes the list of rules.
func WriteRules(w io.Writer) error { return text.WriteRules(w) }

// WriteMetrics writes the list of metrics that conditions are about.
func WriteMetrics(w io.Writer) error { return text.WriteMetrics(w) }

// ExplainRule returns what writes the explanation of a rule. A name that no rule
// has is a [*UsageError].
func ExplainRule(id string) (write func(io.Writer) error, err error) {
	rule, err := rules.ByID(id)
	if err != nil {
		return nil, &UsageError{fmt.Errorf("--explain: %w", err), "--list-rules lists them"}
	}
	return func(w io.Writer) error { return text.WriteRule(w, rule) }, nil
}

// WriteText writes text to standard output.
func WriteText(w io.Writer, text string) error {
	if _, err := io.WriteString(w, text); err != nil {
		return fmt.Errorf("write to standard output: %w", err)
	}
	return nil
}
