"""The run folder: what a run wrote, read back as rows, stages and health, and as numpy arrays."""
