"""How attempts ended that neither failed nor gave a plain answer, counted per target.

Rule: attempts of every phase count, as they do among failures.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from firsttoken.results.folder import Run
from firsttoken.row import UNKNOWN_FINISH

ENDED = (
    "SELECT target, count(*), count(*) FILTER (outcome = 'stopped_by_user') FROM attempts "
    "WHERE outcome IS NOT NULL GROUP BY target"
)
UNKNOWN = (
    "SELECT target, coalesce(finish_reason, 'none'), count(*) AS times FROM attempts "
    f"WHERE list_contains(checks, '{UNKNOWN_FINISH}') GROUP BY ALL ORDER BY times DESC, 2"
)


@dataclass
class Endings:
    """Of one target's attempts."""

    attempts: int = 0
    """Those that ended."""
    stopped: int = 0
    """By the behaviour."""
    unknown_finishes: dict[str, int] = field(default_factory=dict)
    """Unknown finish reason -> how many answers ended with it, the most frequent first."""


def read_endings(run: Run) -> Mapping[str, Endings]:
    """Target -> its endings; one that was asked nothing has none."""
    found: defaultdict[str, Endings] = defaultdict(Endings)
    for target, attempts, stopped in msgspec.convert(run.sql(ENDED)[1], list[tuple[str, int, int]]):
        found[target] = Endings(attempts, stopped)
    for target, word, times in msgspec.convert(run.sql(UNKNOWN)[1], list[tuple[str, str, int]]):
        found[target].unknown_finishes[word] = times
    return found
