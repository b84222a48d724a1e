"""When the tokens of a stream are written: one timer for all streams of a process."""
