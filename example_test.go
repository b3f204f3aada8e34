package kaanalyze_test

import (
	"context"
	"fmt"
	"log"

	"github.com/kaanalyze/kaanalyze"
)

// What is wrong, and which hosts hold TIME_WAIT.
func Example() {
	report, err := kaanalyze.Analyze(context.Background(), []string{"testdata/demo.pcap"}, kaanalyze.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(report.Verdict.Text)
	for _, h := range report.Totals.TimeWait.Hosts {
		fmt.Println(h.Host, "holds up to", h.Peak)
	}
	// Output:
	// 10.20.0.1 keeps only 2 idle connections to 10.20.0.2:8081, but needs 7; the client holds up to 35 TIME_WAIT
	// 10.20.0.1 holds up to 35
	// 10.20.0.3 holds up to 18
	// 10.20.0.2 holds up to 15
}

// Why connections were not reused, and what to change.
func ExampleAnalyze_causes() {
	report, err := kaanalyze.Analyze(context.Background(), []string{"testdata/python-http10.pcap"}, kaanalyze.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range report.Causes {
		fmt.Printf("%s (%s): %d connections\n", c.Cause, c.By, c.Connections)
	}
	for _, f := range report.Findings {
		fmt.Println(f.Rule, f.Subject)
	}
	// Output:
	// http10 (server): 4 connections
	// KA1004 10.20.0.1 to 10.20.0.2:8080
}

// A test that fails if connections are not reused.
func ExampleAnalyze_gate() {
	report, err := kaanalyze.Analyze(context.Background(), []string{"testdata/go-reuse.pcap"}, kaanalyze.Options{
		FailOn: []string{"reuse_ratio<0.4", "finding=KA1002"},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, g := range report.Gates {
		fmt.Println(g.Expression, "passed:", g.Passed)
	}
	// Output:
	// reuse_ratio<0.4 passed: true
	// finding=KA1002 passed: true
}
