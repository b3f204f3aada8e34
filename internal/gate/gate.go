package gate

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// Condition is a condition under which a run fails: a metric crosses a limit, or a
// rule fires.
type Condition struct {
	Expression string // as given, without space around it

	metric *Metric // nil for a rule
	fails  func(value, limit float64) bool
	limit  float64
	rule   *rules.Rule
}

// operators are what may stand between a metric and its limit.
var operators = map[string]func(value, limit float64) bool{
	"<":  func(v, l float64) bool { return v < l },
	"<=": func(v, l float64) bool { return v <= l },
	">":  func(v, l float64) bool { return v > l },
	">=": func(v, l float64) bool { return v >= l },
	"=":  func(v, l float64) bool { return v == l },
	"==": func(v, l float64) bool { return v == l },
	"!=": func(v, l float64) bool { return v != l },
}

var (
	syntax = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^\s*([\w.]+)\s*([<>=!]+)\s*(\S+)\s*$`)
	})
	decimals = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^-?\d{1,18}(\.\d{1,18})?$`)
	})
)

// Parse reads a condition: a run fails by "reuse_ratio<0.9" where the ratio is below
// 0.9, by "finding=KA1011" where that rule fires. Its errors name what is nearest.
func Parse(text string) (*Condition, error) {
	m := syntax().FindStringSubmatch(text)
	if m == nil {
		return nil, errors.New("it is not METRIC, one of < <= > >= = !=, and a number")
	}
	c := &Condition{Expression: strings.TrimSpace(text)}
	name, operator, limit := m[1], m[2], m[3]
	var ok bool
	if c.fails, ok = operators[operator]; !ok {
		return nil, fmt.Errorf("%q is not one of < <= > >= = !=", rules.Shorten(operator))
	}
	var err error
	if name == "finding" {
		if operator != "=" && operator != "==" {
			return nil, errors.New("finding takes = and the ID of a rule")
		}
		c.rule, err = rules.ByID(limit)
		return c, err
	}
	if c.metric, err = MetricByName(name); err != nil {
		return nil, err
	}
	c.limit, err = parseLimit(c.metric, limit)
	return c, err
}

// parseLimit reads a number. One that a share never comes to is a mistake, and
// would make a condition that never holds.
func parseLimit(m *Metric, text string) (float64, error) {
	if m.Unit == Seconds {
		if d, err := time.ParseDuration(text); err == nil { // 200ms, 1.5s, 2m
			return d.Seconds(), nil
		}
	}
	digits, percent := strings.CutSuffix(text, "%")
	if !decimals().MatchString(digits) {
		return 0, fmt.Errorf("%q is not a number", rules.Shorten(text))
	}
	if percent {
		if m.Unit != Share {
			return 0, fmt.Errorf("%s is not a share, so its limit has no %%", m.Name)
		}
		digits += "e-2"
	}
	limit, err := strconv.ParseFloat(digits, 64)
	if err == nil && m.Unit == Share && (limit < 0 || limit > 1) {
		err = fmt.Errorf("%s is from 0 to 1, or from 0%% to 100%%", m.Name)
	}
	return limit, err
}

// Outcome is what became of a condition.
type Outcome struct {
	Condition *Condition
	Value     float64 // of the metric, or how often the rule fired; NaN if not known
	Passed    bool    // it is known not to fail
	Lacks     string  // why Value is not known; "" if it is
}

// Judge says whether a capture passes. What is not known does not pass.
func (c *Condition) Judge(r *analyze.Result, d *rules.Diagnosis) Outcome {
	if c.rule != nil {
		i := slices.IndexFunc(d.Judged, func(j rules.Judgement) bool { return j.Rule == c.rule })
		if j := &d.Judged[i]; j.Lacks == "" {
			return Outcome{Condition: c, Value: float64(j.Findings), Passed: j.Findings == 0}
		}
		return Outcome{Condition: c, Value: math.NaN(), Lacks: d.Judged[i].Lacks}
	}
	v := c.metric.Of(NumbersOf(r, d))
	if math.IsNaN(v) {
		return Outcome{Condition: c, Value: v, Lacks: c.metric.Unknown}
	}
	return Outcome{Condition: c, Value: v, Passed: !c.fails(v, c.limit)}
}

// Said returns the value in words, or why it is not known.
func (o *Outcome) Said() string {
	switch {
	case o.Lacks != "":
		return "not known: " + o.Lacks
	case o.Condition.rule != nil:
		return cause.Plural(int64(o.Value), "finding", "findings")
	}
	said := "it is " + strconv.FormatFloat(math.Round(o.Value*1e6)/1e6, 'f', -1, 64)
	if o.Condition.metric.Unit == Seconds {
		said += " s"
	}
	return said
}
