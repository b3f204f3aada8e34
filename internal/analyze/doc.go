// Package analyze joins what TCP and HTTP tell of each connection, and adds it
// up: reuse, pools, who closed, and the TIME_WAIT population over time.
//
// [New] makes an [Analyzer] for the [Options]. It takes segments with
// [Analyzer.Apply], in the order of the capture, and gives a [Result] with
// [Analyzer.Finish]; while the capture goes on, [Analyzer.ResultSoFar] and
// [Analyzer.Snapshot] tell how things stand. Per connection it keeps a flows.Conn
// and a small record of the messages. A [Connection], the form for reading with
// the [Evidence] of why it carried no further request, is made of both when it is
// asked for: by [Result.Connection], or for [Options.OnConnection]. All numbers
// mean what the README's chapter on them says.
//
// Times are nanoseconds since the Unix epoch, durations nanoseconds, and [Unknown]
// stands for what the capture does not tell.
//
// The files stand in this order, each above those that it uses: analyze.go, and
// so_far.go and snapshot.go beside it; consumer.go, which the engine of package
// flows calls; messages.go, exchanges.go and story.go; describe.go, and
// connections.go for what a Result has; summary.go, fold.go and totals.go for the
// sums; states.go, packed.go and state.go for the HTTP state of a connection;
// pools.go, population.go, bins.go and samples.go for counting; result.go,
// connection.go and evidence.go, the vocabulary.
package analyze
