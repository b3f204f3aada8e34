package app

import (
	"time"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/internal/gate"
	"github.com/kaanalyze/kaanalyze/internal/live"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/report/formats"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// Config is what a run is asked for, as the user wrote it: [New] reads the
// values and refuses those that are wrong, naming the flag. Each field is the
// flag of its name unless it says otherwise. Start from [Defaults]: the zero
// value lacks what a run needs.
type Config struct {
	CommandLine []string // all arguments; the report tells them

	// OwnProcess says that this run is all that the process does: it gives up for good
	// what else the process may do. It is no flag.
	OwnProcess bool

	// Given reports whether the user gave the flag of this long name, for flags
	// that exclude each other. nil reports false for all.
	Given func(flag string) bool

	Read       []string // captures, "-" is standard input
	Follow     bool     // what is read grows: go on at its end
	Words      []string // the arguments without a flag: names of captures, then the pcap filter
	Demo       []byte   // a capture that is read instead of files, nil for none
	FilterFile string   // a file that holds the pcap filter, "" for none

	Count        uint64        // packets to read, 0 for all
	Since, Until string        // RFC 3339, HH:MM:SS or +SECONDS, "" for no bound
	Server       string        // ADDR:PORT, "" for all
	TLSKeyLog    string        // a key log of TLS sessions in the capture, "" for none
	TimeZone     string        // in which people are told times, "" to go by EnvZone
	Resolve      bool          // tell names of addresses beside them
	EnvZone      string        // the environment's TZ; it is no flag
	TimeWait     time.Duration // how long TIME_WAIT lasts
	Workers      int           // 0 is one for each CPU
	MaxMemory    string        // as 512MiB or 2GB, "" for the default

	Live Live

	Format         string   // of the report on standard output
	JSON           bool     // the same as Format "json"
	Output         []string // files for reports, in the formats of their endings
	Evidence       string   // a capture to write, "" for none
	EvidenceBodies bool     // keep all payload in it
	EvidenceFormat string   // one of [EvidenceFormats], "" to go by its ending

	Top          int      // rows that a table of the text report shows
	Conn         uint64   // the ID of the connection to tell packet by packet, 0 for a report of all
	Exchanges    bool     // list each request with its response
	ShowSecrets  bool     // keep queries and user names in targets
	Anonymize    string   // the key, [RandomKey] to make one up, "" to keep names
	SHA256       bool     // of files of any size
	Baseline     string   // a JSON report, "" for none
	OtherSide    string   // a capture of the same traffic at another point, "" for none
	FailOn       []string // conditions
	Each         bool     // a report of each capture, instead of one of all
	Point        string   // the name of where the captures were made, "" for one from names of files
	PartRows     bool     // keep each connection in a part
	CompleteRows bool     // write connections as NDJSON when all is known of them
	Strict       bool     // fail if a capture is damaged, packets were dropped, or times cannot be right

	Listen       string // ADDR:PORT or PORT, "" for no answers by HTTP
	MetricsLabel string // one of [MetricsLabels], "" for none
	TUI          bool   // show the view on the terminal
	Color        string // one of [Colours]
	Progress     string // one of [ProgressModes]
	Quiet        bool   // neither warnings nor a progress bar
	Verbose      bool   // say what is done
}

// Live is what a capture from an interface is asked for.
type Live struct {
	Interfaces    []string      // none: files are read; several are one capture
	Duration      time.Duration // 0 for no end
	SnapLen       int           // bytes of a packet, 0 for the longest
	BufferKiB     int           // of packets that the kernel buffers
	NoPromiscuous bool          // only what is for this host
	Engine        string        // what gets the packets: pcap, ring, or "" to choose
	Write         string        // the file to save packets to, "" for none, "-" for standard output
	Piped         bool          // Write is a pipe of Wireshark, which ends the capture by closing it
	RotateSeconds int           // begin another file after that time; 0 for never, as RotateSize
	RotateSize    int           // million bytes
	RotateCount   int           // files, of which the first is written over; 0 for no limit
	User          string        // who to be once the interface is open, "" to choose
	Window        time.Duration // judge the last so much time beside the whole, 0 for none; also with Listen
	Keep          int           // ended connections to keep in detail
	Exec          string        // a command: the capture ends with it, "" for none
	ReportEvery   time.Duration // write a report as of then, 0 for the last one alone; also with Follow
	Interval      time.Duration // between status lines where there is no terminal
}

// RandomKey is the value of Config.Anonymize that makes up a key.
const RandomKey = "random"

// Defaults returns the configuration of a command line without flags.
func Defaults() Config {
	return Config{
		TimeWait: time.Minute,
		Format:   "text",
		Top:      10,
		Color:    "auto",
		Progress: "auto",
		Live: Live{
			BufferKiB: capture.DefaultBuffer >> 10,
			Keep:      live.DefaultKeep,
			Interval:  10 * time.Second,
		},
	}
}

// The values that some flags take.
var (
	Colours       = []string{"auto", "always", "never"}
	ProgressModes = []string{"auto", "never"}
	MetricsLabels = []string{"server"}
)

// Formats returns the formats of reports, in the order in which help lists them.
func Formats() []report.Format { return formats.All }

// FormatNames returns the names of the formats.
func FormatNames() (names []string) {
	for i := range formats.All {
		names = append(names, formats.All[i].Name)
	}
	return names
}

// DidYouMean asks whether the nearest of names is meant, as what an error ends with; ""
// if none is near.
func DidYouMean(word string, names []string) string { return rules.DidYouMean(word, names) }

// RuleIDs returns the names of the rules that findings come from.
func RuleIDs() (ids []string) {
	for _, r := range rules.Rules {
		ids = append(ids, r.ID)
	}
	return ids
}

// MetricNames returns the names of the metrics that conditions are about.
func MetricNames() (names []string) {
	for i := range gate.Metrics {
		names = append(names, gate.Metrics[i].Name)
	}
	return names
}
