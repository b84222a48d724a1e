"""What failed: attempts that ended badly, counted by outcome, HTTP status and what was said, numbers and ids folded.

Rule: attempts of every phase count, for what failed while the load rose failed too; what the run, its operator or a
behaviour cut off itself did not fail. A server that numbers its errors said one thing many times.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from firsttoken.results.columns import Columns, ended_in
from firsttoken.row import FAILED, Outcome

WHERE = ended_in(FAILED)
"""SQL that is true of a failed attempt."""
COLUMNS = ("target", "stage", "outcome", "http_status", "error", "server_request_id", "sent_ns", "end_ns", "phase")
"""What is read of a failed attempt."""
FOLD = "#"
"""The one sign that stands for any number or id."""
MOST_LETTERS = 200
"""Of a wording: servers that repeat the whole prompt in their error differ after that."""

TIME = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?: ?Z|[+-]\d\d:?\d\d)?"
UUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
HEX = r"\b(?:0x[0-9A-Fa-f]+|(?=[0-9A-Fa-f]*\d)(?=[0-9A-Fa-f]*[A-Fa-f])[0-9A-Fa-f]{8,})\b"
MIXED = (
    r"(?<![0-9A-Za-z])(?=[0-9A-Za-z]{8})(?:[A-Za-z]*\d+[A-Za-z]+\d+[A-Za-z]+|\d*[A-Za-z]+\d+[A-Za-z]+\d+)[0-9A-Za-z]*"
)
NUMBER = r"\d+(?:[.,:]\d+)*"
FOLDED = re.compile("|".join((TIME, UUID, HEX, MIXED, NUMBER)))
"""Times, ids (letters and digits that alternate, eight or more) and numbers."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Attempts of one target that failed in the same way. Times are ns since the run's origin."""

    target: str
    outcome: Outcome
    status: int | None
    """Of HTTP; None where no answer came."""
    words: str
    """What was said, numbers and ids folded; empty where nothing was."""
    example: str
    """The first of them as it was said."""
    count: int
    measured: int
    """Of requests that were intended in a measure window."""
    first_ns: int | None
    last_ns: int | None
    """When the first and the last of them ended; None where no end was recorded."""
    stages: Mapping[int, int]
    """Number of a stage -> how many of them fell into it."""


def fold_words(text: str, request_id: str | None = None, name: str = "") -> str:
    """A wording with every number, time and id as one sign: "current usage=11 of 10" is "current usage=# of #".

    The numbers of `name`, which is the target's, stay: "gpt-5.4 is busy" says which one is.
    """
    known = text.replace(request_id, FOLD) if request_id else text
    parts = (
        re.split(rf"(?<![\w.-])({re.escape(name)})(?![\w-]|\.\d)", known) if name and not name.isdecimal() else [known]
    )
    folded = "".join(part if place % 2 else FOLDED.sub(FOLD, part) for place, part in enumerate(parts))
    return " ".join(folded.split())[:MOST_LETTERS]


def count_failures(columns: Columns) -> list[Failure]:
    """The failures among attempts with these COLUMNS, the most frequent first; other attempts are passed over."""
    found: dict[tuple[str, str, int | None, str], list[int]] = {}
    folded: dict[tuple[str, str | None, str], str] = {}
    outcomes, statuses, errors = (columns[name] for name in ("outcome", "http_status", "error"))
    for place, outcome in enumerate(outcomes):
        if outcome not in FAILED:
            continue
        said = (errors[place] or "", columns["server_request_id"][place], columns["target"][place])
        if said not in folded:
            folded[said] = fold_words(*said)
        status = None if statuses[place] != statuses[place] else int(statuses[place])
        found.setdefault((columns["target"][place], outcome, status, folded[said]), []).append(place)
    failures = [_sum_up(columns, key[3], places) for key, places in found.items()]
    return sorted(failures, key=lambda each: (-each.count, each.target, each.outcome, each.words))


def _sum_up(columns: Columns, words: str, places: Sequence[int]) -> Failure:
    status = columns["http_status"][places[0]]
    at_ns = sorted(int(at) for at in columns["end_ns"][places] if at == at)
    return Failure(
        target=columns["target"][places[0]],
        outcome=columns["outcome"][places[0]],
        status=None if status != status else int(status),
        words=words,
        example=columns["error"][places[0]] or "",
        count=len(places),
        measured=int((columns["phase"][places] == "measure").sum()),
        first_ns=at_ns[0] if at_ns else None,
        last_ns=at_ns[-1] if at_ns else None,
        stages=dict(Counter(int(stage) for stage in columns["stage"][places])),
    )
