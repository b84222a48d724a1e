"""From the data of a window to the results of a run: one table of metrics, each with its unit, words and formula."""
