"""The command: its steps, the terminal, and every word that a person reads on the way."""
