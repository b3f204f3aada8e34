// Package app is one run of the program: it reads a capture, or packets from an
// interface, analyses them and writes the reports. It decides nothing that the
// user has not said: the command fills a [Config] from its flags, [New] reads the
// values in it, and [Job.Run] does the rest, in this order:
//
//   - open the terminal, if the view is asked for, and the capture; what the
//     program may do beyond reading is given up (privileges.go)
//   - create the outputs, so that what cannot be written is known before the
//     reading (output.go)
//   - begin what goes on beside the reading: the sums of the files (meta.go), a
//     look at this host's sockets (host.go), answers by HTTP (listen.go)
//   - read, by one of three ways: a file to its end, a live capture in bounded
//     memory (live.go, feed.go), or either with the view in front (view.go)
//   - judge, and write the capture that proves the report (evidence.go)
//   - warn of what is missing in the report, write it everywhere, and say which
//     conditions failed (deliver.go)
//
// Meanwhile it answers signals: the first SIGINT ends the reading, the second one
// the program, SIGUSR1 asks for a status line and SIGUSR2 for an interim report
// (interim.go).
//
// This is the only package that asks what time it is and that writes files. How the
// program speaks stands in ui.go. A Job does one run; a process may do several, one
// after the other.
package app
