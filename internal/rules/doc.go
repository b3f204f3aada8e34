// Package rules says what goes wrong between clients and servers, and what to
// change.
//
// [Diagnose] takes the connections that a [cause.Collector] has judged, runs the
// [Rules] over them and puts what they found into a [Diagnosis]: a [Verdict] in one
// line and one [Finding] for each rule and subject. [Run] does both for an analysis
// that keeps its connections.
//
// A rule that lacks what it needs abstains, and says so. Rules decide by packets
// and times alone; what programs say of themselves only shapes advice.
package rules
