package cause

import "slices"

// afterErrors reports whether the server closed these after errors, rather than for how
// many requests they carried.
func (s *Server) afterErrors(closed []*Record) bool {
	_, ok := s.ClosesAfterErrors(closed)
	return ok
}

// ClosesAfterErrors returns the least status of the responses after which the server
// closed these connections at once, if each is an error, and no error kept one of
// its connections.
func (s *Server) ClosesAfterErrors(closed []*Record) (status uint16, ok bool) {
	if len(closed) < MinSamples {
		return 0, false
	}
	for _, r := range closed {
		if r.observation.kind != observedIdleEnd || r.observation.status < clientError || r.Paused() {
			return 0, false
		}
		if status == 0 || r.observation.status < status {
			status = r.observation.status
		}
	}
	return status, !slices.ContainsFunc(s.Records, func(r *Record) bool { return r.has(isKeptAfterError) })
}
