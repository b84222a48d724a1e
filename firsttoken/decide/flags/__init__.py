"""Whether a measurement is worth an answer: the table of validity flags and what finds them. Pure."""
