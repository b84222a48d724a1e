"""The decisions over one run: from rows to results, flags and a verdict. Pure: no clock, no chance, no door outside."""
