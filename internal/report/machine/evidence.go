package machine

import "github.com/kaanalyze/kaanalyze/internal/report"

// evidenceObject is the small capture beside the report.
type evidenceObject struct {
	File           str                    `json:"file"`
	Format         string                 `json:"format"`
	Bytes          number                 `json:"bytes"`
	LeftOutPackets uint64                 `json:"left_out_packets"`
	Bodies         bool                   `json:"bodies"`
	Verdict        verdictObject          `json:"verdict"`
	SameVerdict    bool                   `json:"same_verdict"`
	Connections    []evidenceStreamObject `json:"connections"`
	Packets        []uint64               `json:"packets"`
}

// evidenceStreamObject says which stream of that capture a connection is.
type evidenceStreamObject struct {
	Connection uint64 `json:"connection"`
	Stream     number `json:"evidence_stream"`
}

func newEvidence(e *report.Evidence) *evidenceObject {
	format := "pcap"
	if e.Pcapng {
		format = "pcapng"
	}
	return &evidenceObject{
		Format: format,
		File:   str(e.Name), Bytes: number(e.Bytes), LeftOutPackets: e.LeftOut, Bodies: e.Bodies,
		Verdict: newVerdict(e.Verdict), SameVerdict: e.SameVerdict,
		Connections: listOf(e.Connections, func(c *report.EvidenceConnection) evidenceStreamObject {
			return evidenceStreamObject{c.ID, number(c.Stream)}
		}),
		Packets: append([]uint64{}, e.Packets...),
	}
}
