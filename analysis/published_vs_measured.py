"""Is each model, with one user, as fast as published?

Holds the median time to first token and the median pace of a stream at one user against what the target's price
source publishes (where it says nothing, the first source that does). A figure agrees when its 95 % interval holds the
published one, or when it lies within 3 % of it.
"""

from collections.abc import Iterator, Sequence

from firsttoken.analysis import (
    AGREE,
    BAD,
    GOOD,
    INK,
    SHOWN,
    SOFT,
    Cell,
    Cells,
    Column,
    Comparison,
    Difference,
    Page,
    Study,
    Table,
    compare_published,
    count_cell,
    draw_differences,
    explain_failures,
    is_alone,
    join_words,
    number_cell,
    run_alone,
    write_bound,
    write_percent,
    write_source,
)

ORDER = 10
COLOURS = {"agrees": GOOD, "slower": BAD, "faster": INK, "not measured": SOFT, "assumed": SOFT}
HEADS = (
    Column("Target", words=True), Column("Figure", words=True), Column("Published"), Column("Measured"),
    Column("Difference", "%"), Column("n"), Column("Verdict", words=True), Column("Source", words=True, wide=True),
)  # fmt: skip


def build(study: Study) -> Page | None:
    """The page: a dot with its interval for every published figure, zero being "as published"; None without any."""
    compared = list(compare_published(study))
    if not compared:
        return None
    load = join_words([study.unit.write(level) for level in sorted({study.levels(c.target)[0] for c in compared})])
    differences = [Difference(each.target, each.name, each.difference) for each in compared]
    return Page(
        slug="published_vs_measured",
        title="Published against measured",
        question="Is each model, with one user, as fast as published?",
        finding=_finding(study, compared),
        figure=draw_differences(study, differences, AGREE, "as published", "measured against published"),
        caption=f"Dot: median at {load}. Bar: 95 % interval. Grey: within {write_percent(AGREE)} of the published "
        f"figure. " + write_bound(study),
        table=Table(HEADS, list(_rows(compared))),
        notes=tuple(_notes(study, compared)),
    )


def _finding(study: Study, compared: Sequence[Comparison]) -> str:
    published = [each for each in compared if each.source is not None]
    known = [(each.difference[0], each) for each in published if each.difference]
    names = list(dict.fromkeys(each.target for each in ([each for _, each in known] or compared)))
    if not published:
        return (
            f"No source states how fast {join_words(names)} {'is' if len(names) == 1 else 'are'}: the speed is assumed"
        )
    if not known:
        return (
            f"Too few requests were measured at one user to compare with the published figures{explain_failures(study)}"
        )
    apart = [item for item in known if item[1].verdict != "agrees"]
    if not apart:
        return f"With one user, {join_words(names)} {'runs' if len(names) == 1 else 'run'} as fast as published"
    shift, worst = max(apart, key=lambda item: abs(item[0]))
    agree = f"{len(known) - len(apart)} of {len(known)} figures agree"
    side = f"{write_percent(abs(shift))} {'above' if shift > 0 else 'below'}"
    return f"{worst.target}: {worst.name} is {side} the published figure; {agree}"


def _notes(study: Study, compared: Sequence[Comparison]) -> Iterator[str]:
    yield "Published figures rarely state prompt length and load."
    if simulated := [target.name for target in study.scenario.target if not target.base_url]:
        yield (
            f"{join_words(simulated)}: simulated from these figures. Agreement shows that the instrument measures "
            "correctly, not that the vendor's figures are right."
        )
    if assumed := list(dict.fromkeys(each.target for each in compared if each.source is None)):
        yield f"{join_words(assumed)}: no source states the speed; it was simulated at an assumed one."
    crowded = [target for target in study.targets if study.levels(target) and not is_alone(study, target)]
    if crowded:
        yield f"{join_words(crowded)}: not measured at one user alone, so not compared."
    known = {*(each.target for each in compared), *crowded}
    if silent := [target for target in study.targets if target not in known]:
        yield f"{join_words(silent)}: no published figures."


def _rows(compared: Sequence[Comparison]) -> Iterator[Cells]:
    before = ""
    for each in compared:
        unit = "s" if each.metric == "ttft_ms" else "tok/s"
        yield (
            "" if each.target == before else each.target, f"{each.name}, {unit}", SHOWN[unit].write(each.published),
            number_cell(each.measured, unit), f"{100 * each.difference[0]:+.1f}" if each.difference else "unknown",
            count_cell(each.measured), Cell(each.verdict, "", COLOURS[each.verdict]),
            Cell("", write_source(each.source) if each.source else "assumed: no source states it"),
        )  # fmt: skip
        before = each.target


if __name__ == "__main__":
    raise SystemExit(run_alone(build, __doc__))
