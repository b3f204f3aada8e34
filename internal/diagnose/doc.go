// Package diagnose says why connections were not reused, and what to change.
//
// A [Collector] takes the connections of an analysis one by one. It judges each
// by its own evidence where that suffices; the rest waits for its group: the
// other connections of its server, or of its client and server. Finish then
// gives every connection one [Cause], finds the policies behind them, runs the
// [Rules] and puts what they found into a [Verdict].
//
// A rule that lacks what it needs abstains, and says so. The package decides by
// packets and times alone; what programs say of themselves only shapes advice.
package diagnose
