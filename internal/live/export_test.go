package live

// Looked returns how many connections the last turn of the window looked at.
func (s *Session) Looked() int { return s.looked }
