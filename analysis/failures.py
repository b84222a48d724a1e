"""What failed, and what did the server say?

Attempts that failed by outcome, HTTP status and the server's words, numbers in them folded to #, with how many there
were and when. Beside them what is no failure and yet no plain answer: streams that were sent again on a new connection,
unknown finish reasons, answers that the behaviour stopped.
"""

from collections.abc import Iterator, Sequence

from firsttoken.analysis import (
    Cell,
    Cells,
    Column,
    Failure,
    Page,
    Study,
    Table,
    describe_run_failures,
    join_words,
    run_alone,
    shorten,
    write_percent,
    write_value,
)

ORDER = 38
MOST_ROWS, MOST_WORDS = 14, 3
"""Kinds of failure in the table; unknown finish reasons that are named."""
FEW_KEPT, FEWEST = 0.5, 10
"""Connections are not kept where less than this share of at least so many attempts found theirs open."""
HEADS = (
    Column("Target", words=True), Column("Outcome", words=True), Column("Status"),
    Column("Message", words=True, wide=True), Column("Attempts"), Column("First", "s"), Column("Last", "s"),
)  # fmt: skip
NOTES = (
    "Attempts of every phase, retried ones too. First and last: when such an attempt ended, in seconds since the run "
    "began.",
    "Message: of the server, or of this machine where no answer came. # stands for any number, time or id.",
)


def build(study: Study) -> Page | None:
    """The page: a row per kind of failure; None where nothing failed and every connection was kept."""
    remarks = [words for target in study.targets for words in _describe_connections(study, target)]
    remarks += [words for target in study.targets for words in _describe_endings(study, target)]
    if not study.failures and not remarks:
        return None
    return Page(
        slug="failures",
        title="What failed",
        question="What failed, and what did the server say?",
        finding=describe_run_failures(study) or f"No attempt failed. {remarks[0].rstrip('.')}",
        table=Table(HEADS, list(_rows(study.failures))) if study.failures else None,
        notes=(*remarks, *(NOTES if study.failures else ())),
    )


def _rows(failures: Sequence[Failure]) -> Iterator[Cells]:
    for each in failures[:MOST_ROWS]:
        status = "–" if each.status is None else f"{each.status}"
        said = shorten(each.words, 160) or Cell("", "nothing")
        times = ["–" if at_ns is None else f"{at_ns / 1e9:,.1f}" for at_ns in (each.first_ns, each.last_ns)]
        yield (each.target, each.outcome, status, said, f"{each.count:,}", *times)
    if left := failures[MOST_ROWS:]:
        kinds = "1 more kind" if len(left) == 1 else f"{len(left):,} more kinds"
        yield ("", "", "", Cell("", f"{kinds} of failure"), f"{sum(each.count for each in left):,}", "", "")


def _describe_connections(study: Study, target: str) -> Iterator[str]:
    """How few connections were kept, what sending again cost, and how often an address of the name failed."""
    kept = study.connections.get(target)
    if kept is None:
        return
    if kept.detoured:
        yield (
            f"{target}: before {kept.detoured:,} of {kept.sent:,} attempts an address of the host name refused or "
            "did not answer, and they used another."
        )
    if next(each.connection for each in study.scenario.target if each.name == target) != "reuse":
        return
    if kept.sent >= FEWEST and kept.reused < FEW_KEPT * kept.sent:
        none = "few connections could be kept" if kept.reused else "no connection could be kept"
        yield (
            f"{target}: {none}: {kept.reused:,} of {kept.sent:,} attempts had an open one, the others opened a new "
            'one; connection = "per_request" opens one for every request.'
        )
    if kept.resent:
        times, waits = "attempt was" if kept.resent == 1 else "attempts were", ""
        if kept.ttft_ms is not None and kept.resent_ttft_ms is not None:
            waits = (
                f"; the median time to first token is {write_value(kept.resent_ttft_ms, 'ms')} with that, measured "
                f"from the first send, and {write_value(kept.ttft_ms, 'ms')} without"
            )
        yield (f"{target}: {kept.resent:,} {times} sent again, as the server had closed its kept connection{waits}.")


def _describe_endings(study: Study, target: str) -> Iterator[str]:
    endings = study.endings.get(target)
    if endings and endings.unknown_finishes:
        count = sum(endings.unknown_finishes.values())
        named = [f'"{shorten(word, 40)}"' for word in list(endings.unknown_finishes)[:MOST_WORDS]]
        named += ["others"] if len(endings.unknown_finishes) > MOST_WORDS else []
        yield (
            f"{target}: {count:,} answers ({write_percent(count / endings.attempts)} of attempts) ended with an "
            f"unknown finish reason, {join_words(named)}; they count as complete."
        )
    if endings and endings.stopped:
        yield (
            f"{target}: the behaviour itself stopped {endings.stopped:,} of {endings.attempts:,} attempts; they are "
            "judged neither as success nor as failure."
        )


if __name__ == "__main__":
    raise SystemExit(run_alone(build, __doc__))
