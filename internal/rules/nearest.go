package rules

import "strings"

// DidYouMean asks whether the nearest of names is meant by word, as what an error ends
// with: the one that begins with it, else the one that takes the fewest changes to come
// to. It returns "" if that is another word altogether.
func DidYouMean(word string, names []string) string {
	word = strings.ToLower(Shorten(word))
	best, least := "", len(word)/3+1
	for _, name := range names {
		if len(word) > 1 && strings.HasPrefix(strings.ToLower(name), word) {
			best = name
			break
		}
		if n := distance(word, strings.ToLower(name)); n < least {
			best, least = name, n
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
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
