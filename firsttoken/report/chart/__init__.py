"""How charts look and what they share: theme, curves, labels, letters."""
