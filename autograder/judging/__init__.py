"""From evidence to verdicts: behaviours, hidden checks, one notebook graded, a verdict replayed."""
