"""The exit code of a run: page one's answer, for a pipeline.

Rule: it follows the words of the decisions, one code for each word, so it cannot say other than page one. Where several
codes hold, the one that says most about how far the run may be relied on wins: 130, 1, 4, 2, 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firsttoken.decide.judge.ruling import Word

FAILED = 1
"""The tool or its input failed."""
UNDECIDED = 4
"""The answer is unknown, or a part of the run is not what was asked for."""
INTERRUPTED = 130

EXIT_CODES: Mapping[Word, int] = {"GO": 0, "PROFILE": 0, "NO-GO": 2, "UNKNOWN": UNDECIDED}
PRECEDENCE = (INTERRUPTED, FAILED, UNDECIDED, 2, 0)


def find_exit_code(
    decisions: Iterable[Word], *, worker_lost: bool = False, failed: bool = False, interrupted: bool = False
) -> int:
    """The exit code of a run with these decisions, one for each target; of none, unknown."""
    codes = {EXIT_CODES[word] for word in decisions} or {UNDECIDED}
    codes |= {code for code, holds in ((UNDECIDED, worker_lost), (FAILED, failed), (INTERRUPTED, interrupted)) if holds}
    return min(codes, key=PRECEDENCE.index)
