"""At which load is the SLO missed first?

Only of a load that changes while it is measured (a ramp, a step, a spike, a soak, a staircase, a trace, a shape of
your own): the load profile in about ten slices, and what share of the requests of each met the SLO.
"""

from collections.abc import Sequence

from firsttoken.analysis import (
    VERDICT_COLOURS,
    Cell,
    Cells,
    Column,
    Page,
    Study,
    Table,
    TimeSlice,
    draw_load_profile,
    estimate_cell,
    find_break,
    join_words,
    run_alone,
    write_bound,
)

ORDER = 17
CLOSED = "In a closed loop waiting users send nothing new: slow slices have fewer requests."


def build(study: Study) -> Page | None:
    """The page: load, attainment and waits over time, a row per slice; None where the load is constant."""
    load_profiles = {target: parts for target, parts in study.load_profiles.items() if parts}
    if not load_profiles:
        return None
    heads = [
        Column("Target", words=True), Column("From", "s"), Column("To", "s"), Column(*study.unit.head),
        Column("Requests"), Column("Met the SLO", "%"), Column("First word", "median, s"),
        Column("Verdict", words=True),
    ]  # fmt: skip
    return Page(
        slug="course",
        title="Course",
        question="At which load is the SLO missed first?",
        finding=join_words([_describe(study, target, parts) for target, parts in load_profiles.items()]),
        figure=draw_load_profile(study, 11.0, waits=True),
        caption=f"Above: the mean load of each time slice, {_source(study)}. Lines: the share of the requests due in "
        f"a slice that met the SLO, and their median wait, retries included. Bands: 95 % intervals. "
        + write_bound(study),
        table=Table(heads, [row for target, parts in load_profiles.items() for row in _rows(study, target, parts)]),
        notes=(
            "The intervals of all shares hold together, so that many checks do not make a service near its limit fail.",
            "A time slice counts the requests that were due in it, also if they were answered later.",
            *([CLOSED] if study.unit.by == "users" else []),
        ),
    )


def _source(study: Study) -> str:
    if study.scenario.load.profile is not None:
        return "as planned"
    return "as measured: users at work" if study.unit.by == "users" else "as measured"


def _describe(study: Study, target: str, parts: Sequence[TimeSlice]) -> str:
    """Where the SLO was missed first, and up to which load it was met before."""
    whole = study.target_verdicts[target].levels[-1]
    if whole.voided_by:
        return f"{target}: the load profile was discarded ({', '.join(whole.voided_by)})"
    broke = find_break(parts)
    if broke is None:
        kept = "met the SLO over the whole load profile" if whole.verdict == "PASS" else "is not shown to meet it"
        return f"{target} {kept}; no time slice is shown to miss the SLO"
    at = f"{study.unit.write(_round(broke.load))}, {broke.begins_s:.0f} to {broke.ends_s:.0f} s into the load profile"
    held = [part.load for part in parts if part.verdict == "PASS" and part.ends_s <= broke.begins_s]
    before = f" and met it at {study.unit.write(_round(max(held)))} before" if held else ""
    return f"{target} first missed the SLO at {at}{before}"


def _round(load: float) -> float:
    """A load to the digits that a mean is worth."""
    return float(f"{load:.3g}")


def _rows(study: Study, target: str, parts: Sequence[TimeSlice]) -> list[Cells]:
    return [
        (
            "" if place else target, f"{part.begins_s:.1f}", f"{part.ends_s:.1f}",
            study.unit.number(_round(part.load)), f"{part.share.n:,}", estimate_cell(part.share, "%"),
            estimate_cell(part.wait_ms, "s"), Cell(part.verdict, "", VERDICT_COLOURS[part.verdict]),
        )
        for place, part in enumerate(parts)
    ]  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(run_alone(build, __doc__))
