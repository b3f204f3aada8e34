package reporttest

import (
	"fmt"
	"math"
	"reflect"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// Absurd are reports whose numbers no capture should give, but a damaged or a
// made-up one may: every whole number and every fraction at an end of its type,
// times in front of the earliest and behind the latest, shares of nothing.
func Absurd() map[string]*report.Report {
	all := map[string]*report.Report{}
	whole := map[string]int64{"least": math.MinInt64 + 1, "unknown": analyze.Unknown, "most": math.MaxInt64, "negative": -1, "zero": 0}
	for name, n := range whole {
		for _, f := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			for shape, r := range map[string]*report.Report{"incident": Incident(), "host": Hosted(), "story": told()} {
				fill(reflect.ValueOf(r).Elem(), n, f)
				all[fmt.Sprintf("%s, %s, %v", shape, name, f)] = r
			}
		}
	}
	add := func(name string, change func(r *report.Report, s *analyze.Series)) {
		r := Incident()
		change(r, &r.Result.Series)
		all[name] = r
	}
	add("reused requests where there are none", func(_ *report.Report, s *analyze.Series) { s.Requests[5], s.Reused[5] = 0, 1 })
	add("fewer requests than were reused", func(_ *report.Report, s *analyze.Series) { s.Reused[5] = math.MaxInt64 })
	add("counts that add up to too much", func(_ *report.Report, s *analyze.Series) {
		for i := range s.Requests {
			s.Requests[i], s.NewConnections[i], s.TimeWait[i] = math.MaxInt64-int64(i), math.MaxInt64/2, math.MaxInt64
		}
	})
	ends := []int64{math.MinInt64 + 1, 0, Noon, math.MaxInt64}
	for _, first := range ends {
		for _, last := range ends {
			for _, step := range []int64{-1, 0, 1, math.MaxInt64} {
				add(fmt.Sprintf("from %d to %d by %d", first, last, step), func(r *report.Report, s *analyze.Series) {
					r.Meta.First, r.Result.First = first, first
					r.Meta.Last, r.Result.Last = last, last
					s.Start, s.Step = first, step
				})
			}
		}
	}
	return all
}

// told is an incident of which one connection is told.
func told() *report.Report {
	r := Incident()
	r.Story = Story()
	return r
}

// fill sets every number in v that can be reached and is of 64 bits: n, or its
// bits where it has no sign, or f.
func fill(v reflect.Value, n int64, f float64) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() && v.Elem().Kind() != reflect.Func && (v.Kind() == reflect.Pointer || v.Elem().Kind() == reflect.Pointer) && v.Type().String() != "*rules.Rule" {
			fill(v.Elem(), n, f)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i), n, f)
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), n, f)
		}
	case reflect.Int64:
		v.SetInt(n)
	case reflect.Uint64:
		v.SetUint(uint64(n))
	case reflect.Float64:
		v.SetFloat(f)
	}
}
