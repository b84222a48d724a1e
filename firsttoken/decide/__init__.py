"""The decisions over one run: from rows to results, flags and a verdict. Pure: no clock, no chance, no I/O.

A run may have ten million rows: they are read a level at a time, and the gaps between tokens a part at a time
(`measure/streams.py`), so they are never all in memory.
"""
