package assemble

import (
	"cmp"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// digits are what the names of the captures of one point differ in.
var digits = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[0-9]+`) })

// PointKey returns what the names of the captures of one point have in common: their folder,
// and all but digits.
func PointKey(name string) (folder, bare string) {
	return filepath.Dir(name), digits().ReplaceAllString(filepath.Base(name), "")
}

// farthestOverlap is how long, in ns, two captures of one point overlap at most: a rotated
// file ends with the packets that were under way.
const farthestOverlap = 1e9

// SeveralPoints names two captures that were not made at one point, one after the other and
// alike, and says why; "" if there are none.
func SeveralPoints(stats *capture.Stats) (a, b, why string) {
	list := slices.DeleteFunc(slices.Clone(stats.Sources), func(s capture.SourceStats) bool { return s.Packets == 0 })
	if len(list) < 2 {
		return "", "", ""
	}
	slices.SortFunc(list, func(a, b capture.SourceStats) int { return cmp.Compare(a.First, b.First) })
	for i := range list[1:] {
		if a, b := &list[i], &list[i+1]; a.Last-b.First > farthestOverlap {
			return a.Name, b.Name, fmt.Sprintf("overlap by %s", cause.Duration(a.Last-b.First))
		}
	}
	if len(stats.LinkTypes) > 1 {
		return list[0].Name, list[len(list)-1].Name, "have several link types (" + strings.Join(stats.LinkTypes, ", ") + ")"
	}
	return "", "", ""
}
