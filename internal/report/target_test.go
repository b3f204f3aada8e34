package report

import (
	"testing"
)

func TestTarget(t *testing.T) {
	for in, want := range map[string]string{
		"/":                            "/",
		"/a?token=1":                   "/a",
		"/a#t=1":                       "/a",
		"/a@b/c?x":                     "/a@b/c",
		"*":                            "*",
		"":                             "",
		"http://u:p@h/x?y":             "http://h/x",
		"http://h?u@v":                 "http://h",
		"http://u:p@h":                 "http://h",
		"u:p@h:443":                    "h:443",
		"h:443":                        "h:443",
		"http://u@x@h/a@b":             "http://h/a@b",
		"http://u;p@h/a;b=c/d;e":       "http://h/a/d",
		"//u:p@h/x":                    "//h/x",
		"/redirect/http://u:p@h/b?c=1": "/redirect/http://h/b",
	} {
		if got := Target(in, false); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
		if got := Target(in, true); got != in {
			t.Errorf("%q with secrets: got %q", in, got)
		}
	}
}
