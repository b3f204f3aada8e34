// Package app is one run of the program: it reads a capture, or packets from an
// interface, analyses them and writes the reports. It decides nothing that the
// user has not said: the command fills a [Config] from its flags, [New] reads the
// values in it, and [Job.Run] does the rest, in this order:
//
//   - give up privileges: to read files at once, else when the interface is open (live.go,
//     privileges.go)
//   - open the terminal, if the view is asked for, and the capture
//   - create the outputs, so that an error comes before the reading (output.go)
//   - begin what goes on beside the reading: the sums of the files (sums.go), a look
//     at this host's sockets (host.go), answers by HTTP (listen.go)
//   - read (read.go) and analyse, in one of three ways: files to their end (job.go), a
//     capture that is being made in bounded memory (session.go), or either with the
//     view in front (view.go)
//   - judge, and write the capture that proves the report (evidence.go)
//   - warn of what is missing in the report, write it everywhere, and say which
//     conditions hold (deliver.go)
//
// Meanwhile it answers signals (signals.go): status lines (ticker.go) and interim
// reports (interim.go).
//
// This is the only package that asks what time it is and that writes files. How the
// program speaks stands in ui.go. A Job does one run; a process may do several, one
// after the other.
package app
