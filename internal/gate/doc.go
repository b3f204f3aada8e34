// Package gate judges a capture by its numbers, for runs that are to fail when
// something got worse.
//
// [Metrics] lists the numbers by name, and [NumbersOf] reads them from a
// capture. [Parse] reads a [Condition] such as "reuse_ratio<0.9", whose Judge
// gives an [Outcome].
package gate
