package report

import "strings"

// Target returns the target of a request as reports show it: without query
// and user information, which may hold secrets, unless secrets are asked for.
func Target(target string, showSecrets bool) string {
	if showSecrets {
		return target
	}
	if i := strings.IndexAny(target, "?#"); i >= 0 {
		target = target[:i]
	}
	if strings.HasPrefix(target, "/") {
		return target
	}
	// absolute-form and authority-form (RFC 9112, 3.2) begin with an authority.
	scheme, rest, ok := strings.Cut(target, "://")
	if !ok {
		scheme, rest = "", target
	} else {
		scheme += "://"
	}
	end := strings.IndexByte(rest, '/')
	if end < 0 {
		end = len(rest)
	}
	return scheme + rest[strings.LastIndexByte(rest[:end], '@')+1:]
}
