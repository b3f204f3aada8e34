package live

import "github.com/kaanalyze/kaanalyze/internal/analyze"

// Looked returns how many connections the last turn of the window looked at.
func (s *Session) Looked() int { return s.looked }

// Memory returns what is kept takes, in bytes, but for what judging will.
func (r *Reading) Memory() analyze.Memory { return r.analyzer.Memory() }
