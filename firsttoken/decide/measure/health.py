"""Which seconds of the load processes a time is summed up by."""

from collections.abc import Sequence

from firsttoken.decide.measure.window_data import Window
from firsttoken.decoding.duration import NS
from firsttoken.row import Health


def find_seconds(windows: Sequence[Window], health: Sequence[Health]) -> list[Health]:
    """The lines that sum up a part of these windows.

    A line sums up what passed since the line before of the same process: a second, or longer where that was frozen.
    """
    before: dict[int, int] = {}
    found = []
    for line in health:
        since_ns = min(before.get(line.worker, line.at_ns), line.at_ns - NS)
        before[line.worker] = line.at_ns
        if any(line.at_ns > opens and since_ns < closes for opens, closes in windows):
            found.append(line)
    return found
