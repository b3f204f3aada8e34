// Package cause says why connections were not reused.
//
// A [Collector] takes the connections of an analysis one by one. It judges each
// by its own evidence where that suffices; the rest waits for its group: the
// other connections of its server, or of its client and server. Finish then
// gives every connection one [Cause], infers the policies behind them, and
// returns [Decisions]: a [Record] for each connection, in the groups [Server],
// [Pair] and [Host]. Package rules makes findings of these.
//
// Every threshold that a judgement depends on stands in thresholds.go.
package cause
