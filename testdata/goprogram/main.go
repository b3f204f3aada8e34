package main

import (
	"context"
	"fmt"

	"github.com/kaanalyze/kaanalyze"
)

func main() {
	report, err := kaanalyze.Analyze(context.Background(), []string{"incident.pcapng"}, kaanalyze.Options{})
	if err != nil {
		panic(err)
	}
	fmt.Println(report.Verdict.Text)
	fmt.Println("TIME_WAIT:", report.Totals.TimeWait.Hosts)
}
