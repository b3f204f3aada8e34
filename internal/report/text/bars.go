package text

// Bars draws values as columns as high as their share of top. A value above
// zero is never drawn as nothing, and one above top as high as that.
func Bars(values []int64, top int64, ascii bool) string {
	levels := []rune(" ▁▂▃▄▅▆▇█")
	if ascii {
		levels = []rune(" .:-=+*#@")
	}
	steps := int64(len(levels) - 1)
	out := make([]rune, len(values))
	for i, v := range values {
		out[i] = levels[0]
		if v > 0 {
			share := float64(min(v, top)) / float64(max(top, 1))
			out[i] = levels[min(max(1, 1+int64(share*float64(steps-1)+0.5)), steps)]
		}
	}
	return string(out)
}
