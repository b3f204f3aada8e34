package report

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// MethodName returns the method of a request as it was sent.
func MethodName(x *analyze.Exchange) string {
	if x.MethodName != "" {
		return x.MethodName
	}
	return x.Method.String()
}

// ExchangesOf returns the exchanges of one connection.
func (r *Report) ExchangesOf(id uint64) []analyze.Exchange {
	var list []analyze.Exchange
	for _, x := range r.Records().Exchanges() {
		if x.Connection == id {
			list = append(list, x)
		}
	}
	return list
}

// Redactor returns what takes the secrets of the targets of list out of a text that
// holds targets as they were sent, such as [StoryLine.Means]. The longest target goes
// first: a target may begin with another.
func (r *Report) Redactor(list []analyze.Exchange) *strings.Replacer {
	secret := make(map[string]bool)
	for i := range list {
		if sent := list[i].Target; Target(sent, r.Options.ShowSecrets) != sent {
			secret[sent] = true
		}
	}
	targets := slices.SortedFunc(maps.Keys(secret), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
	var pairs []string
	for _, sent := range targets {
		pairs = append(pairs, sent, Target(sent, false))
	}
	return strings.NewReplacer(pairs...)
}
