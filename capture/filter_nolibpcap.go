//go:build !cgo || nolibpcap

package capture

func compileFilter(string, linkType, uint32) (*filter, error) { return nil, ErrNoLibpcap }
