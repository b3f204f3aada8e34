package rules

import (
	"math"
	"strings"
)

// Nearest returns the name that begins with word, else the one that takes the
// fewest changes to come to.
func Nearest(word string, names []string) string {
	word = Shorten(word)
	best, least := "", math.MaxInt
	for _, name := range names {
		if strings.HasPrefix(name, word) {
			return name
		}
		if n := distance(word, name); n < least {
			best, least = name, n
		}
	}
	return best
}

// distance counts the letters to add, take away or change to make y of x
// (Levenshtein).
func distance(x, y string) int {
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(x) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(y) {
			change := diagonal
			if x[i] != y[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(y)]
}

// Shorten cuts what may be no name at all.
func Shorten(word string) string { return word[:min(len(word), 60)] }
