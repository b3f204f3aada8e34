package anonymize

import (
	"slices"
	"strings"

	"github.com/kaanalyze/kaanalyze/httpparse"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

// knownMethods are those that httpparse knows.
var knownMethods = func() map[string]bool {
	known := map[string]bool{}
	for m := httpparse.GET; m < httpparse.OtherMethod; m++ {
		known[m.String()] = true
	}
	return known
}()

// fieldNames are the names of fields that everybody uses, in lower case: of the
// IANA registry and what browsers, proxies and tracing add to it.
var fieldNames = set(`
		accept accept-charset accept-encoding accept-language accept-patch accept-post accept-ranges
		access-control-allow-credentials access-control-allow-headers access-control-allow-methods
		access-control-allow-origin access-control-expose-headers access-control-max-age
		access-control-request-headers access-control-request-method age allow alt-svc alt-used
		authentication-info authorization b3 baggage cache-control cache-status cdn-cache-control cdn-loop
		cf-connecting-ip cf-ray clear-site-data client-cert connection content-digest content-disposition
		content-encoding content-language content-length content-location content-range content-md5
		content-security-policy content-security-policy-report-only content-type cookie
		cross-origin-embedder-policy cross-origin-opener-policy cross-origin-resource-policy date depth
		destination device-memory digest dnt downlink early-data ect etag expect expect-ct expires forwarded
		from front-end-https grpc-status host http2-settings if if-match if-modified-since if-none-match
		if-range if-unmodified-since keep-alive last-event-id last-modified link location max-forwards nel
		origin origin-agent-cluster overwrite p3p permissions-policy pragma prefer preference-applied priority
		proxy-authenticate proxy-authentication-info proxy-authorization proxy-connection proxy-status range
		ratelimit ratelimit-limit ratelimit-remaining ratelimit-reset referer referrer-policy refresh
		reporting-endpoints repr-digest retry-after rtt save-data
		sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform sec-fetch-dest sec-fetch-mode sec-fetch-site
		sec-fetch-user sec-purpose sec-websocket-accept sec-websocket-extensions sec-websocket-key
		sec-websocket-protocol sec-websocket-version server server-timing set-cookie soapaction sourcemap
		strict-transport-security te timeout timing-allow-origin traceparent tracestate trailer
		transfer-encoding true-client-ip uber-trace-id upgrade upgrade-insecure-requests user-agent vary via
		want-content-digest warning www-authenticate
		x-amz-cf-id x-amzn-trace-id x-api-key x-b3-parentspanid x-b3-sampled x-b3-spanid x-b3-traceid x-cache
		x-client-ip x-cloud-trace-context x-content-type-options x-correlation-id x-csrf-token
		x-dns-prefetch-control x-download-options x-envoy-attempt-count
		x-envoy-upstream-service-time x-forwarded-by x-forwarded-for x-forwarded-host x-forwarded-port
		x-forwarded-prefix x-forwarded-proto x-forwarded-scheme x-forwarded-server x-forwarded-uri
		x-frame-options x-http-method-override x-original-url x-permitted-cross-domain-policies x-powered-by
		x-proxy-user-ip x-ratelimit-limit x-ratelimit-remaining x-ratelimit-reset x-real-ip x-request-id
		x-requested-with x-response-time x-rewrite-url x-robots-tag x-runtime x-scheme x-served-by
		x-ua-compatible x-varnish x-xss-protection`)

// keptWords stay in Transfer-Encoding, TE, Upgrade and Expect.
var keptWords = []string{"chunked", "gzip", "x-gzip", "compress", "x-compress", "deflate", "identity", "br", "zstd",
	"trailers", "websocket", "h2c", "100-continue"}

// programs are how the values of User-Agent, Server and X-Powered-By begin of the
// programs that there is advice for.
var programs = func() (all []string) {
	for _, id := range products.All() {
		all = append(all, id.Row().Says...)
	}
	return all
}()

// eventStream begins the Content-Type of a stream of events, as package analyze
// recognizes it.
const eventStream = "text/event-stream"

// mediaTypes are those that say nothing about who uses them.
var mediaTypes = []string{
	"application/json", "application/javascript", "application/octet-stream", "application/pdf", "application/xml",
	"application/x-ndjson", "application/x-www-form-urlencoded", "application/grpc", "application/problem+json",
	"application/zip", "application/gzip", "application/soap+xml",
	"audio/mpeg", "font/woff", "font/woff2", "image/avif", "image/gif", "image/jpeg", "image/png", "image/svg+xml",
	"image/webp", "image/x-icon", "image/vnd.microsoft.icon", "multipart/form-data", "multipart/mixed",
	"multipart/byteranges", "text/css", "text/csv", "text/html", "text/javascript", "text/plain", "text/xml", "video/mp4",
}

// set returns the words of a text.
func set(text string) map[string]bool {
	words := map[string]bool{}
	for word := range strings.FieldsSeq(text) {
		words[word] = true
	}
	return words
}

// hasMeaning reports whether a pseudonym would be read as a name that the standards
// give, or as a program.
func hasMeaning(k kind, pseudonym []byte) bool {
	s := string(pseudonym)
	switch k {
	case fieldName:
		return fieldNames[s] || s == "close"
	case valueWord:
		return slices.Contains(keptWords, s) || slices.ContainsFunc(programs, func(p string) bool {
			return strings.HasPrefix(s, strings.TrimRight(p, "/ "))
		})
	}
	return false
}
