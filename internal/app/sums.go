package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"math"

	"github.com/kaanalyze/kaanalyze/internal/assemble"
)

// fileSums computes the SHA-256 of files while they are read.
type fileSums struct {
	done chan struct{}
	sums []string // by file, "" if it is not known
}

func startSums(ctx context.Context, s *settings) *fileSums {
	m := &fileSums{make(chan struct{}), make([]string, len(s.files))}
	most := int64(assemble.MaxSummed)
	if s.SHA256 {
		most = math.MaxInt64
	}
	go func() {
		defer close(m.done)
		for i, name := range s.files {
			if s.Follow {
				break
			}
			if s.Demo != nil {
				sum := sha256.Sum256(s.Demo)
				m.sums[i] = hex.EncodeToString(sum[:])
			} else {
				m.sums[i] = assemble.Sum(ctx, name, most)
			}
		}
	}()
	return m
}

// noSums is of no file.
func noSums() *fileSums {
	m := &fileSums{done: make(chan struct{})}
	close(m.done)
	return m
}

// wait returns the sums, in the order of the files.
func (m *fileSums) wait() []string {
	<-m.done
	return m.sums
}
