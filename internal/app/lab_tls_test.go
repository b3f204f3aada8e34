package app

import "testing"

// agreed is what a handshake of TLS came to: of a report, what packets tell of it,
// null where they do not; of a truth, what a program said, with a null ALPN where it
// did not say that.
type agreed struct {
	Version, ALPN *string
	Resumed       *bool
}

// checkAgreed holds what is told of a handshake to what a program said: right, or null.
func checkAgreed(t *testing.T, what string, got, want *agreed) {
	t.Helper()
	if want == nil {
		return
	}
	if got == nil {
		t.Errorf("%s: tls: got null, want %s", what, *want.Version)
		return
	}
	equal(t, what+": tls.version", word(got.Version), *want.Version)
	if got.ALPN != nil && want.ALPN != nil {
		equal(t, what+": tls.alpn", *got.ALPN, *want.ALPN)
	}
	if got.Resumed != nil {
		equal(t, what+": tls.resumed", *got.Resumed, *want.Resumed)
	}
}

// checkEstimate holds the estimated requests of a connection over TLS to what its program
// counted. There is none of HTTP/2, and of what is no HTTP for long.
func checkEstimate(t *testing.T, what string, c *connectionAnswer, requests int64, protocol *agreed, want *truth) {
	t.Helper()
	noHTTP1 := want.NotHTTP1 || protocol != nil && protocol.ALPN != nil && *protocol.ALPN == "h2"
	switch {
	case c.NotReused.Cause == "tls_failed": // a client may write a request before it is refused
		if c.Estimated != nil {
			t.Errorf("%s: requests_estimated: got %d of a handshake that failed, want null", what, *c.Estimated)
		}
	case noHTTP1:
		if c.Estimated != nil {
			t.Errorf("%s: requests_estimated: got %d, want null", what, *c.Estimated)
		}
	case c.Estimated == nil && protocol == nil && requests == 0: // its program does not say what it is
	case c.Estimated == nil:
		t.Errorf("%s: requests_estimated: got null, want %d", what, requests)
	case want.Pipelined:
		if *c.Estimated > requests {
			t.Errorf("%s: requests_estimated: got %d, want at most %d", what, *c.Estimated, requests)
		}
	default:
		equal(t, what+": requests_estimated", *c.Estimated, requests)
	}
}

// checkHealth holds findings of traffic that has nothing wrong to low.
func checkHealth(t *testing.T, got *answer, want *truth) {
	t.Helper()
	if !want.Healthy {
		return
	}
	if got.Verdict.Level == "problem" {
		t.Error("verdict: got problem of healthy traffic")
	}
	for _, f := range got.Findings {
		if f.Severity != "low" {
			t.Errorf("got %s, %s, of healthy traffic", f.Rule, f.Severity)
		}
	}
}
