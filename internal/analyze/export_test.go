package analyze

// FoldTurns counts the requests that are estimated, as is done when there are many.
func (a *Analyzer) FoldTurns() { a.foldTurns() }
