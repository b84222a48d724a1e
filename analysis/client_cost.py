"""What does the SDK add to what the server does?

The same requests to the same model twice: on the wire, where an arrival is the kernel's own stamp, and through the
openai package, where it is when an application is handed the object. Shown where a scenario has both.
"""

from collections.abc import Iterator

from firsttoken.analysis import (
    Cell,
    Cells,
    Column,
    MetricPanel,
    Page,
    Pair,
    Study,
    Table,
    find_most_added,
    find_pairs,
    join_loads,
    join_words,
    list_apart,
    list_limited,
    metric_figure,
    number_cell,
    run_alone,
    write_bound,
    write_span,
    write_value,
)

ORDER = 65
PANELS = (
    MetricPanel("Time to first token, seconds", "ttft_ms", 0.5, "s", dashed=("ttft_ms", 0.95), marks=False),
    MetricPanel("Time per output token, milliseconds", "tpot_ms", 0.5, dashed=("tpot_ms", 0.95), marks=False),
)
HEADS = (
    Column("First token, median", "wire, s"), Column("", "package, s"), Column("", "added, ms"),
    Column("First token, p95", "wire, s"), Column("", "package, s"), Column("", "added, ms"),
    Column("Per token", "added, ms"), Column("Core, %", "wire"), Column("", "package"),
)  # fmt: skip


def build(study: Study) -> Page | None:
    """The page: both clients in both panels, a row per pair and load; None where nothing was asked both ways."""
    pairs = find_pairs(study)
    rows = [row for pair in pairs for row in _rows(study, pair)]
    if not rows:
        return None
    return Page(
        slug="client_cost",
        title="Client cost",
        question="What does the SDK add to what the server does?",
        finding=_finding(study),
        figure=metric_figure(study, PANELS, targets=list({each.name: None for pair in pairs for each in pair})),
        caption="Solid: median, with its 95 % interval. Dashed: p95. Both clients ran in one process, in turn, with "
        "the same prompts; all users of a load share its one core. " + write_bound(study),
        table=Table([Column("Model", words=True), Column(*study.unit.head), *HEADS], rows),
        notes=tuple(_notes(study)),
    )


def _rows(study: Study, pair: Pair) -> Iterator[Cells]:
    for place, level in enumerate(pair.levels(study)):
        cells: list[Cell] = []
        for q in (0.5, 0.95):
            cells += [number_cell(study.result(each.name, "ttft_ms", level=level, q=q), "s") for each in pair]
            cells.append(_added_cell(study, pair, level, "client_added_ttft_ms", q))
        shares = [number_cell(study.result(each.name, "client_cpu_share", level=level), "whole %") for each in pair]
        per_token = _added_cell(study, pair, level, "client_added_tpot_ms", 0.5)
        yield ("" if place else pair.wire.model, study.unit.number(level), *cells, per_token, *shares)


def _added_cell(study: Study, pair: Pair, level: float, metric: str, q: float) -> Cell:
    added = study.result(pair.sdk.name, metric, level=level, q=q)
    return number_cell(added, "± ms") if added and added.value is not None else Cell("n/a")


def _finding(study: Study) -> str:
    added = find_most_added(study)
    if added is None or added.value is None or added.lo is None or added.hi is None:
        apart = [f"{each}, so the overhead of the package is not shown" for each in list_apart(study)]
        return apart[-1] if apart else "Too few requests succeeded both ways to show the overhead of the openai package"
    load = study.unit.write(added.level or 0.0)
    if added.lo <= 0 <= added.hi:
        return f"At {load} the openai package adds no detectable change to the median wait for the first token"
    if added.value < 0:
        return f"At {load} the first token came sooner through the openai package: the server did not treat both alike"
    span = write_span(added.lo, added.hi, "ms")
    parts = [f"{write_value(added.value, 'ms')} to the median wait for the first token ({span})"]
    for metric, q, where in (("ttft", 0.95, "to its 95th percentile"), ("tpot", 0.5, "to each token after it")):
        further = study.result(added.target, f"client_added_{metric}_ms", level=added.level, q=q)
        if further and further.lo is not None and further.lo > 0:
            parts.append(f"{write_value(further.value, 'ms')} {where}")
    return f"At {load} the openai package adds {join_words(parts)}"


def _notes(study: Study) -> Iterator[str]:
    yield (
        "First token: from the first byte sent on an open connection, on both sides. The package opens a connection "
        "for every stream; user-perceived TTFT includes that time."
    )
    if apart := list_apart(study):
        yield from (f"{sentence}." for sentence in apart)
        yield (
            "The package asks for compressed answers, as applications do, and our client does not; with "
            'headers = { accept-encoding = "gzip, deflate" } both ask in the same way and can be compared.'
        )
    if limited := list_limited(study):
        yield (
            f"With the package the process itself was the limit at {join_loads(study, limited)}: an application that "
            "reads as many streams in one process is slowed down in the same way, and the server's limit is not shown."
        )


if __name__ == "__main__":
    raise SystemExit(run_alone(build, __doc__))
