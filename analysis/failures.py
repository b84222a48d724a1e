"""What failed, and what did the server say?

Attempts that failed by outcome, HTTP status and the server's words, numbers in them folded to #, with how many there
were and when. Beside them what is no failure and yet no plain answer: streams that were sent again on a new connection,
unknown finish reasons, answers that the behaviour stopped.
"""

from __future__ import annotations

from collections.abc import Iterator

from firsttoken.decide.measure.connections import Connections
from firsttoken.decide.measure.failures import Failure
from firsttoken.decide.study import Study
from firsttoken.decide.words.failure_words import shorten
from firsttoken.decide.words.units import write_value
from firsttoken.report.chart.series import join_words, write_percent
from firsttoken.report.endings import Endings, describe_run_failures, read_endings
from firsttoken.report.page import Cell, Cells, Column, Page, Table, run_alone

ORDER = 38
MOST_ROWS, MOST_WORDS = 14, 3
"""Kinds of failure in the table; unknown finish reasons that are named."""
MOST_LETTERS = 160
FEW_KEPT, FEWEST = 0.5, 10
"""Connections are not kept where less than this share of at least so many attempts found theirs open."""
HEADS = (
    Column("Target", words=True), Column("Outcome", words=True), Column("Status"),
    Column("Said", words=True, wide=True), Column("Attempts"), Column("First", "s"), Column("Last", "s"),
)  # fmt: skip
NOTES = (
    "Attempts of every phase, retried ones too: what failed while the load rose failed as well. First and last: when "
    "such an attempt ended, in seconds since the run began.",
    "Said: by the server, or by this machine where no answer came. # stands for any number, time or id.",
)


def build(study: Study) -> Page | None:
    """The page: a row per kind of failure; None where nothing failed and every connection was kept."""
    endings, remarks = read_endings(study.run), []
    remarks += [words for target in study.targets for words in _describe_connections(study, target)]
    remarks += [words for target in study.targets for words in _describe_endings(endings[target], target)]
    if not study.failures and not remarks:
        return None
    rows = _rows(study.failures)
    return Page(
        slug="failures",
        title="What failed",
        question="What failed, and what did the server say?",
        finding=describe_run_failures(study) or f"No attempt failed. {remarks[0].rstrip('.')}",
        table=Table(HEADS, rows) if rows else None,
        notes=(*remarks, *(NOTES if rows else ())),
    )


def _rows(failures: list[Failure]) -> list[Cells]:
    rows = [_row(failure) for failure in failures[:MOST_ROWS]]
    if left := failures[MOST_ROWS:]:
        count = f"{sum(each.count for each in left):,}"
        kinds = "1 more kind" if len(left) == 1 else f"{len(left):,} more kinds"
        rows.append(("", "", "", Cell("", f"{kinds} of failure"), count, "", ""))
    return rows


def _row(failure: Failure) -> Cells:
    return (
        failure.target,
        failure.outcome,
        "–" if failure.status is None else f"{failure.status}",
        shorten(failure.words, MOST_LETTERS) or Cell("", "nothing"),
        f"{failure.count:,}",
        *(_seconds(at_ns) for at_ns in (failure.first_ns, failure.last_ns)),
    )


def _seconds(at_ns: int | None) -> str:
    return "–" if at_ns is None else f"{at_ns / 1e9:,.1f}"


def _describe_connections(study: Study, target: str) -> Iterator[str]:
    """Of a target whose server closes connections: how few were kept, and what sending again cost.

    Of one whose name has several addresses: how often one of them failed.
    """
    kept = study.connections.get(target)
    if kept is not None and kept.detoured:
        yield (
            f"{target}: before {kept.detoured:,} of {kept.sent:,} attempts an address of the name refused or was "
            "silent, and they went on to another."
        )
    wanted = next(each.connection for each in study.scenario.target if each.name == target)
    if kept is None or wanted != "reuse":
        return
    if kept.sent >= FEWEST and kept.reused < FEW_KEPT * kept.sent:
        none = "no connection could be kept" if not kept.reused else "few connections could be kept"
        yield (
            f"{target}: {none}: {kept.reused:,} of {kept.sent:,} attempts found theirs open, the others opened a new "
            'one; connection = "per_request" opens one for every request.'
        )
    if kept.resent:
        yield f"{target}: {_describe_resends(kept)}"


def _describe_resends(kept: Connections) -> str:
    times = "attempt was" if kept.resent == 1 else "attempts were"
    words = f"{kept.resent:,} {times} sent again, as the server had closed the connection that was kept for it"
    if kept.ttft_ms is None or kept.resent_ttft_ms is None:
        return f"{words}."
    waits = [write_value(wait_ms, "ms") for wait_ms in (kept.resent_ttft_ms, kept.ttft_ms)]
    return (
        f"{words}; the median time to first token is {waits[0]} with that, counted from the first sending, and "
        f"{waits[1]} without."
    )


def _describe_endings(endings: Endings, target: str) -> Iterator[str]:
    if endings.unknown_finishes:
        count = sum(endings.unknown_finishes.values())
        named = [f'"{shorten(word, 40)}"' for word in list(endings.unknown_finishes)[:MOST_WORDS]]
        more = ["others"] if len(endings.unknown_finishes) > MOST_WORDS else []
        yield (
            f"{target}: {count:,} answers ({write_percent(count / endings.attempts)} of attempts) ended with an "
            f"unknown finish reason, {join_words([*named, *more])}; they are taken for whole."
        )
    if endings.stopped:
        yield (
            f"{target}: the behaviour itself stopped {endings.stopped:,} of {endings.attempts:,} attempts; they are "
            "judged neither as success nor as failure."
        )


if __name__ == "__main__":
    raise SystemExit(run_alone(build, __doc__))
