"""From numbers to verdicts: levels, targets, runs. Pure."""
