"""What users ask: lengths and texts, drawn from the seed alone."""
