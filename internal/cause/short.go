package cause

import "github.com/kaanalyze/kaanalyze/internal/analyze"

const (
	// shortEnd is how soon after the last byte, in ns, a server closes that takes its
	// response for whole.
	shortEnd = 10e6
	// shortWait is how long, in ns, it is silent at least where it keeps the connection,
	// and the client waits for the rest.
	shortWait = 1e9
)

// noteShort notes a response that ends before the length that it says, as it seems to
// its server: that closes at once, or sends nothing more until the client gives up.
func (s *Summary) noteShort(c *analyze.Connection) {
	e := &c.Evidence
	if e.Lacks == 0 || c.MissingClient+c.MissingServer > 0 || e.ResponseUnacked || e.Stall > 0 || e.ServerRST.OK() {
		return
	}
	if c.Close.Began == analyze.Server && e.Quiet < shortEnd || c.Close.Began == analyze.Client && e.Quiet >= shortWait {
		s.note(c, AnomalyShort, analyze.Server, e.Lacks, 0)
	}
}
