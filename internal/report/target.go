package report

import (
	"regexp"
	"strings"
)

var (
	userInfo   = regexp.MustCompile(`(^|//)[^/]*@`) // RFC 3986, 3.2.1
	parameters = regexp.MustCompile(`;[^/]*`)       // of a path: RFC 3986, 3.3
)

// Target returns the target of a request as reports show it: without query, user
// information and parameters as ;jsessionid=1, which may hold secrets, unless
// secrets are asked for.
func Target(target string, showSecrets bool) string {
	if showSecrets {
		return target
	}
	if i := strings.IndexAny(target, "?#"); i >= 0 {
		target = target[:i]
	}
	return parameters.ReplaceAllString(userInfo.ReplaceAllString(target, "$1"), "")
}
