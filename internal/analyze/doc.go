// Package analyze joins what TCP and HTTP tell of each connection, and adds it
// up: reuse, pools, who closed, and the TIME_WAIT population over time.
//
// An [Analyzer] takes segments with [Analyzer.Apply], in the order of the
// capture, and gives a [Result] with [Analyzer.Finish]. Per connection it
// keeps a flows.Conn and a small record of the messages; a [Connection], the
// form for reading, is made of both when it is asked for. All numbers mean
// what the README's chapter on them says.
package analyze
