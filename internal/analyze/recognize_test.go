package analyze_test

import (
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/httpparse"
	"github.com/kaanalyze/kaanalyze/internal/anonymize"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

// TestSoftwareAnonymized holds that a program is recognized in a head without
// names as well, and that of others nothing stays.
func TestSoftwareAnonymized(t *testing.T) {
	a := anonymize.New([]byte("key"))
	values := []string{"Intranet-Crawler/2.1", "internal"}
	for _, id := range products.All() {
		for _, says := range id.Row().Says {
			values = append(values, says+"secret", says+" secret/1.2 (secret)")
		}
	}
	for _, value := range values {
		raw := a.Head(nil, []byte("GET / HTTP/1.1\r\nUser-Agent: "+value+"\r\n\r\n"))
		got, _ := httpparse.Field(raw, "User-Agent")
		if is, want := products.Recognize(got), products.Recognize([]byte(value)); is != want {
			t.Errorf("%s became %s: got %q, want %q", value, got, is, want)
		}
		for _, gone := range []string{"secret", "Intranet", "internal", "1.2"} {
			if strings.Contains(string(got), gone) {
				t.Errorf("%s became %s: want no %q in it", value, got, gone)
			}
		}
	}
}
