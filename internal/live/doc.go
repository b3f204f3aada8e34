// Package live follows a capture that may never end, in bounded memory, and can say at
// any time what goes on.
//
// A [Session] takes segments as an Analyzer does. Of connections that have ended
// it keeps the sums, and a window of the last ones; what they were judged to be
// is counted before they leave the window. A [Snapshot] is all that can be said
// at a moment: the terminal view, the metrics and interim reports are made of
// snapshots, and the report in the end is the last of them. [StateOf] says what a
// connection is doing at a moment, and [Compare] sets what the kernel says beside
// a snapshot.
package live
