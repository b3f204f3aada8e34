package cause

import "github.com/kaanalyze/kaanalyze/internal/analyze"

// noteSocket notes a WebSocket that one side ended without a word, while it was idle: a
// timeout of that side or of a proxy, which knows nothing of its frames.
func (s *Summary) noteSocket(c *analyze.Connection) {
	x := c.WebSocket
	if x == nil || x.Stream != 0 || x.Lost || x.Close.By != analyze.Nobody || c.MissingClient+c.MissingServer > 0 {
		return
	}
	if by := c.Close.Began; (by == analyze.Client || by == analyze.Server) && x.Silence(c) >= minSocketIdle {
		s.note(c, AnomalySocketIdle, by, x.Silence(c), 0)
	}
}
