"""From verdicts to sentences. Pure."""
