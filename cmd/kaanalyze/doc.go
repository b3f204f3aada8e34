// Command kaanalyze reads packet captures and tells why HTTP kept opening new TCP
// connections instead of reusing them, and what to change: how many requests each carried, who
// closed it, how and why, who holds TIME_WAIT now, and what the TCP keep-alive
// probes did.
//
// Usage:
//
//	kaanalyze [flags] [FILE...] [FILTER...]
//	kaanalyze -i IF [flags] [FILTER...]
//
// The leading arguments that name existing files (or -, standard input) are
// captures; the rest is a pcap filter, as for tcpdump. Without a FILE standard
// input is read, unless it is a terminal. A FILE is pcap or pcapng, plain or
// compressed with gzip, zstd, xz or lz4, of any link type. Several files are one
// capture, in the order of time, so the files of a rotated capture can be given
// together. "kaanalyze --help" lists the flags.
//
// # Examples
//
// The report of a capture, and that of a built-in one:
//
//	kaanalyze incident.pcapng
//	kaanalyze --demo
//
// Part of a capture: one server, some ports, ten seconds:
//
//	kaanalyze incident.pcapng --server 10.20.0.2:8080
//	kaanalyze incident.pcapng tcp port 8080 or tcp port 8081
//	kaanalyze --since +2 --until +12 incident.pcapng
//
// The packets of connection 3, and what each of them means:
//
//	kaanalyze --conn 3 incident.pcapng
//
// Browse it on the terminal, or watch live traffic:
//
//	kaanalyze --tui incident.pcapng
//	sudo kaanalyze -i eth0 --tui port 8080
//
// The report for a ticket, and the numbers for programs:
//
//	kaanalyze -o report.html -o ticket.md -o connections.csv incident.pcapng
//	kaanalyze --demo --exchanges -o demo.html
//	kaanalyze -o timewait.svg -o timewait.png incident.pcapng
//	kaanalyze --anonymize -o ticket.md incident.pcapng
//	kaanalyze --json --exchanges incident.pcapng
//	kaanalyze -o report.html --evidence proof.pcap incident.pcapng
//	kaanalyze -f ndjson incident.pcapng
//
// Unrelated captures, with a report of each:
//
//	kaanalyze --each -o report.html incident.pcapng after.pcapng
//
// A part for each host's capture, and one report of all parts:
//
//	kaanalyze -o web1.kap incident.pcapng
//	kaanalyze web1.kap
//
// What a rule means, and what has changed since an earlier report:
//
//	kaanalyze --explain KA1011
//	kaanalyze -o before.json incident.pcapng
//	kaanalyze --baseline before.json after.pcapng
//
// A test that fails if connections are not reused, or if a rule fires:
//
//	kaanalyze --fail-on 'reuse_ratio<0.4' --fail-on finding=KA1002 incident.pcapng
//	sudo kaanalyze -i lo --exec 'go test -count=1 ./...' --fail-on 'reuse_ratio<0.9' tcp port 8080
//
// A capture that is still being made: in a file that grows, on another host, on standard input:
//
//	kaanalyze --follow --duration 0.5s incident.pcapng
//	ssh web1 tcpdump -U -w - tcp | kaanalyze
//	kaanalyze - <incident.pcapng
//
// Live, from an interface, two or all, until Ctrl-C or for a minute:
//
//	sudo kaanalyze -i lo port 8087
//	sudo kaanalyze -i eth0 -i lo port 8087
//	sudo kaanalyze -i any --duration 1m -o report.json
//	sudo kaanalyze -i eth0 --report-every 10m -o report.json
//
// The same, saving the packets: in one file, in one for each hour, or in ten of 100 MB
// that are written over in turn:
//
//	sudo kaanalyze -i eth0 -w incident.pcap tcp port 8080
//	sudo kaanalyze -i eth0 -w 'trace-%Y%m%d-%H%M%S.pcap' -G 3600
//	sudo kaanalyze -i eth0 -w trace.pcap -C 100 -W 10
//
// # Live capture
//
// -i captures from an interface, "-i any" from all (in Linux's cooked form, which
// does not tell them apart), and -D lists them. -i may be given again, with another
// interface: all of them are one capture, in order of time, and what passes several counts
// once. If one goes down, a warning says so and the others go on. The kernel applies the
// filter, so packets that it leaves out have no number. Without a filter it is tcp, and the
// report says so.
// All words after the flags are the filter, whether there are files of such names
// or not. Ctrl-C, -c or --duration end the capture, and the report follows: the
// same as that of a file with these packets. Memory does not grow with time: of
// connections that have ended the last ones are kept in detail, at least --keep of
// them; those before are in the sums, the causes and the findings alone, and the
// report says how many they are. At most 20,000 pairs of client and server and 10,000
// servers have a row, those that were active last; the others are counted together.
//
// -w saves the packets that were analysed, as a pcap file with nanoseconds; those of several
// interfaces as a pcapng file, which names them. What
// could not be written is not in the report either, so reading the file again
// gives the same; only drops are not in it, unless it is pcapng. If the disk is full the capture ends:
// the report follows, then the error and exit code 1. "-w -" is standard output,
// which the report leaves then: -o must name a file for it. A pipe waits until
// somebody opens it for reading; if nobody does before the capture ends, the report covers
// what the kernel has kept, and the error and exit code 1 follow.
//
// -G begins another file after so many seconds, -C after so many million bytes, -W
// says how many there are, as in tcpdump: with -C they are written over in turn,
// with -G alone the capture ends after the last one. With -G the name is a format:
// %Y %m %d %H %M %S %s %F %T %j and others of strftime(3), in local time. Files
// given together are read as one capture.
//
// --exec captures while a command runs, a line for /bin/sh, and ends with it. The command
// begins when all is ready, has standard input, output and error as they are, and the
// report follows its output; no line of status comes between. The exit code is the command's
// (128 and the signal's number, if one ended it), unless that is 0 or a condition of
// --fail-on holds. Signals reach both. If the command is still running a second after one,
// the report is written without waiting for it; the program itself ends after the command.
// The command runs as the user that the program becomes: the one who called sudo, or the
// one that -Z names. Where root itself started the program, the command keeps root's rights.
//
// -s cuts packets; heads of messages need about 500 bytes. -B is how much the kernel
// buffers for the program, 64 MiB for each interface; packets that find no room are dropped,
// and the report counts them as kernel drops, with a warning. It tells what the
// interface dropped, too. -p leaves out what is not for this host.
//
// On a terminal a status line is updated each second; elsewhere one is written every
// --interval. With -f ndjson connections are written when they have ended and their
// TIME_WAIT is over by the time of the packets, so with the first packet after that.
//
// --report-every writes a report each period, such as 10m, to the files of -o with a time
// stamp before the ending, and to standard output without them. It covers all since the
// capture began, as the last one does; the period itself is judged beside that, as by
// --window, which may name another time.
//
// # Memory
//
// --max-memory says how much memory to take, as 512MiB or 2GB, live or for files; else
// it is a quarter of the machine's memory, or of its cgroup's limit if that is less.
// When it is nearly used up, detail is given up, the oldest first, and the report says
// what and since when. Sums go on; those that are bounds from then on are named.
//
// # Files that grow
//
// --follow reads a capture that another program is writing: at its end it waits for more,
// until Ctrl-C or --duration. A packet that is not whole there is no damage. It goes on in
// the files that follow: those that tcpdump numbers with -C and -W, in turn, those of names
// with the time as by -G or by dumpcap, if they differ in their digits alone, of which six
// are in a row, and a new one of the same name. Each is named as a source. A compressed
// file cannot be followed. A pipe is read until its end. Memory is bounded as in a live
// capture, and --keep, --interval, --window and --report-every work as there.
//
// # Privileges
//
// Only a live capture needs any: root's, or the capability cap_net_raw, which "make
// install-setcap" gives to the installed program, with cap_net_admin. When the
// interface is open, and before a packet is looked at or a file is created, the
// program gives up all capabilities for good, on all threads, with no_new_privs set
// and the bounding set empty. For files it does so before the first is opened.
//
// Started by root itself it stays root, and keeps cap_dac_override alone, where it has
// it: so it reads and writes any file. Started with sudo, a live capture becomes the
// user who called it, and with -Z the one that it names, by name or number; "nobody" is
// 65534 where no user has that name. All files are that user's. A folder where that
// user may not write is refused at the start; -Z root stays root. Files of captures
// are read as whoever started the program. Where root may not become another user, as
// in a container that has cap_net_raw alone, it stays root, without capabilities.
//
// # More about some flags
//
// --since and --until take a time as in 2026-11-20T04:13:20Z (RFC 3339), or
// HH:MM:SS.FFF of the day on which the first packet was captured, or +SECONDS
// (+90, +90s, +1m30s) after the first packet. The last two need a file, which is
// opened twice. Connections that were open before --since count as midstream.
//
// --tz is the zone in which text, Markdown, HTML, pictures and the view tell times, and in
// which --since and --until are where they have none: Europe/Berlin, UTC, or local for that
// of this machine. Without it the variable TZ says so, else it is UTC. JSON, NDJSON and CSV
// are always in UTC.
//
// A report that --since, --until, --server, -c or a filter narrows to a part of
// the capture says so at its beginning; CSV does not.
//
// --time-wait is how long TIME_WAIT lasts on the hosts; the default is Linux's 60s.
//
// --conn names a connection by its id in the report, which is not the stream
// number of Wireshark; both are shown. With --since, a filter or -c the ids are
// those of the packets that are left.
//
// --tui shows the capture on the terminal: the verdict, new connections, requests,
// reuse and TIME_WAIT over time, and tabs of findings, servers, client-server pairs
// and connections, to sort, filter and open; ? tells the keys. A finding opens with
// its cause, its fix and its connections, a connection with its packets, as --conn
// tells them, for which the files are read again. With -i, and of standard input, it
// shows what there is once a second and what each connection is doing now; the last
// 20,000 that ended are kept in detail, and the report in the end lists those. When
// --duration is over the view stays until it is left. The view draws on /dev/tty alone. When it is left
// the report goes to standard output, unless -q. Colours are never needed; ASCII is
// enough where the locale is not UTF-8.
//
// -o writes a file besides what goes to standard output, under a temporary name, and
// renames it when it is complete. In a folder for all, as /tmp, -o, --evidence and -w follow a
// symbolic link only if that and what it leads to belong to the user, and -w saves to no
// file of somebody else there. Only its owner may read what
// --evidence and -w create, and one program at a time saves to a file. The ending picks the format: .txt, .md, .html, .json,
// .ndjson, .csv, .svg, .png. Markdown is cut to 60,000 characters: tables get
// shorter, and say so. HTML is one file that needs no network; it holds up to 20,000
// connections, of more the findings' examples and a sample. With --exchanges its
// timeline shows each request, up to 50,000 in all, else the last one of each
// connection and from when to when there were others; it says what it leaves out.
//
// --resolve tells names beside addresses, in text, Markdown and HTML, and in JSON as names:
// those of the hosts file, and those that clients asked for, by the answers of DNS that the
// capture holds (over UDP, from port 53). Nobody is asked, so a name is as good as who sent
// the answer. A filter has to let them pass, as in "tcp or port 53", which is the default of
// a live capture then.
//
// --evidence writes pcapng where the name ends in .pcapng, and pcap otherwise, unless
// --evidence-format says which. Packets of a pcapng file have comments that name the rules
// which they, or their connection, show: frame.comment contains "KA1011" finds them.
//
// Where the extcap folder of Wireshark and tshark holds a link to the program, as make
// install and the packages put it there, both list its interfaces (tshark -i kaanalyze-lo),
// and it writes a report beside what they show. They call it with the flags of extcap(4).
//
// A picture (.svg, .png) is of a whole capture, never of one connection: the
// verdict, the fix that helps most, and charts over time. PNG does not go to a
// terminal.
//
// -f ndjson writes the line of a connection when it ends, and forgets it then: without
// another format memory stays small, however long the capture. Most causes are known only at
// the end: such a line has null, and a line of type cause follows.
//
// --complete-rows writes them all at the end instead: each connection with its final cause,
// its point, both initial sequence numbers, whether a pool would have spared it (avoidable),
// and when each side is in TIME_WAIT. That takes as much memory as JSON does, and captures that end; where
// --max-memory would leave rows out there are none, and the exit code is 1.
//
// --each makes a report of each capture, instead of one of all. On standard output they
// follow each other, as text, md, json (one document after the other) or ndjson; the
// files of -o and --evidence get the name of the capture before their ending: report.html
// becomes report-web1.html for web1.pcapng, .html becomes web1.html, and where two would be
// the same the second gets a number. One that cannot be read does not stop the others. The exit code is the worst: 2, then 1, 4, 3. A signal ends the capture that is
// being read, with its report, and no other follows.
//
// -F reads the filter from a file, in which # begins a comment.
//
// -c stops after that many packets, of those that the filter lets pass.
//
// --sha256: the SHA-256 of each file up to 64 MiB is in the report anyway.
// Standard input has none.
//
// --anonymize replaces addresses, hosts, paths and header values by pseudonyms
// before anything is analysed, so that no format has them: the key is made up, or
// given as in --anonymize=KEY, and the same key gives the same pseudonyms. --server
// and the filter are still those of the capture; the report withholds filter,
// command line, file names, and processes. Messages on standard error name files.
// With it --baseline takes only an anonymised report. It leaves alone what -w saves.
//
// --fail-on names a failure: a metric, one of < <= > >= = (or ==) !=, and a
// number; a share may be written 90% or 0.9. finding=RULE fails if the rule fires.
// --list-metrics lists the metrics: most are the numbers of totals in the JSON
// report, by path. What cannot be judged does not pass, as a reuse_ratio without
// requests, or a rule about keep-alive probes without any; the report and
// standard error say why. In CSV, which holds connections alone, and with --conn in
// text only standard error and the exit code tell.
//
// --baseline compares with the JSON of an earlier report of any capture. Counts
// are compared per second. Findings are matched by rule and subject, and by rule
// alone where the subjects of both are in one capture only, as when addresses
// changed. Values are the same within 5%, shares within one point.
//
// --other-side reads a capture of the same traffic from another point of its path, such as
// the server's host, and tells what happened between the two points: which connections are
// the same though addresses are translated, the offset of the clocks with its bounds, what
// was lost each way, RSTs and FINs that their sender never sent, options that were changed,
// and where time went. Filter, --server, --since and --until are for the first capture
// alone. It takes 32 bytes of memory for each packet of both captures.
//
// With -i the report has a section on this host: the sockets, settings and
// counters of its kernel beside the packets, and the processes that have the
// connections. Who has which socket is read before privileges are given up, and again
// for a report: a process whose sockets are all newer is named only if the user that
// captures may look into it. Only the network namespace in which the program runs is asked.
//
// --listen answers HTTP while the capture is read: /metrics for Prometheus,
// /report (JSON, or ?format= with the name of a format), /healthz. PORT and :PORT are on
// 127.0.0.1; another address has to be written. Reading takes about twice the work then,
// and the last connections are kept twice. A file is read in no time, so it is
// useful live, with --follow and with a pipe. --metrics-label server labels the metrics of single servers:
// each of the --top with the most connections by its address and port, 100 in all at most,
// and the rest together as other.
//
// --explain and --list-rules tell of the rules that findings come from.
//
// --completion prints a script that completes command lines in bash, zsh or fish.
//
// NO_COLOR in the environment turns colours off.
//
// # Signals
//
// SIGINT, SIGTERM, SIGQUIT and, unless nohup has it ignored, SIGHUP end the reading;
// the report of what was read follows. What may never end, as an output that nobody
// reads or a filter that takes minutes to compile, is given up within two seconds.
// Another signal, a second later or more, ends the program. SIGUSR1 writes a status
// line to standard error.
// SIGUSR2 writes the reports of a live capture as of now, under the names of -o with
// a time stamp before the ending: report-20261120T041320Z.json. With --tui, lines for
// standard error wait until the view ends. After a signal a live capture goes on for a third
// of a second, for packets that the kernel has not handed over yet.
//
// # Exit codes
//
//	0    the capture was analysed, maybe with warnings on standard error
//	1    a file could not be read or written, or there was no packet to read; an
//	     interface could not be opened, or the last one went down: then the report is written,
//	     as are all others where one cannot be
//	2    the command line is wrong: a flag, a filter, a file that does not exist,
//	     a condition, a baseline that is no report
//	3    a condition of --fail-on holds or cannot be judged; the report is written
//	4    with --strict: the capture is damaged, packets were dropped, or times of
//	     packets cannot be right
//	130  ended by a second signal, or by the first one before anything was read
//
// With --exec it is the command's code, unless that is 0 or 3 is due.
//
// 4 goes before 3: what was judged was not the whole capture.
//
// A capture that is damaged or cut is analysed up to the damage. A warning names
// the file, the packet, the byte and the reason. A packet with a time that none can
// have, such as 1970, counts at the time of the one before it, and is named.
//
// # TLS
//
// --tls-keylog reads the secrets that programs write to SSLKEYLOGFILE, and HTTP/1
// and HTTP/2 over TLS with them as if it were in the clear: TLS 1.3, and TLS 1.2 with AES-GCM,
// ChaCha20-Poly1305 or AES-CBC. A request counts, and has its time, from the packet
// with the last byte of its record, since a record can be decrypted when all of it
// is there. The file may grow while a capture is being made. TRUST tells how many
// sessions of the file are in the capture, how many connections were decrypted, and
// how many have no key. A pcapng file may carry its key log, which is read without
// the flag. No secret is in any output.
//
// # Limits
//
// HTTP over TLS is read only with --tls-keylog. Without keys the handshake and the
// lengths and times of records tell how many requests of HTTP/1.1 there were, which
// side announced its end first, and why a handshake failed: such numbers are
// estimates, named so, and never added to those that are counted. The requests of
// HTTP/2 over TLS without keys are unknown, not zero. Where bytes of HTTP/2 are missing,
// its frames are found again by what follows them; a target that its compressed header
// names by what was missing is not known. libpcap captures and compiles
// filters; a program built without it (no cgo) compiles those of host, net, port, portrange,
// tcp, ip, ip6 and a vlan with and, or, not and parentheses, names the word that it does not
// know in others, and captures on Linux
// alone, through a ring of the kernel's (--capture-engine). TIME_WAIT is
// told as Linux does it. Times are those of the packets where they were
// captured, so a capture at the client times the network too.
package main
