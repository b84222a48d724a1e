"""Statistics: pure functions from arrays to numbers, one statistic a file, each with its reference."""
