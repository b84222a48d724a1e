"""What does the SDK add to what the server does?

The same requests to the same model twice: on the wire, where an arrival is the kernel's own stamp, and through the
openai package, where it is when an application is handed the object. Shown where a scenario has both.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from firsttoken.decide.measure.held_back import are_alike
from firsttoken.decide.study import Study
from firsttoken.decide.words.units import UNKNOWN, round_significant, write_span, write_value
from firsttoken.report.chart import theme
from firsttoken.report.chart.series import curve_of, join_loads, join_words, number_cell, write_percent
from firsttoken.report.instrument import write_bound
from firsttoken.report.page import Cell, Cells, Column, Page, Table, run_alone
from firsttoken.scenario.target import Target
from firsttoken.stats.difference import subtract
from firsttoken.stats.estimate import Estimate, nothing

ORDER = 65
PANELS = (
    ("ttft_ms", "Time to first token, seconds", 1000.0),
    ("tpot_ms", "Time per output token, milliseconds", 1.0),
)
"""Metric, title, how many of the metric's units make one of the panel's."""
COMPARED = (("ttft_ms", 0.5), ("ttft_ms", 0.95), ("tpot_ms", 0.5))
HEADS = (
    Column("First token, median", "wire, s"), Column("", "package, s"), Column("", "added, ms"),
    Column("First token, p95", "wire, s"), Column("", "package, s"), Column("", "added, ms"),
    Column("Per token", "added, ms"), Column("Core, %", "wire"), Column("", "package"),
)  # fmt: skip

LEAST_MS = 0.1
"""Differences below this are not worth more digits."""

Pair = tuple[Target, Target]
"""Two targets that differ in their client: on the wire, through the package."""


def build(study: Study) -> Page | None:
    """The page: both clients in both panels, a row per pair and load; None where nothing was asked both ways."""
    places = list(_places(study))
    if not places:
        return None
    return Page(
        slug="client_cost",
        title="Client cost",
        question="What does the SDK add to what the server does?",
        finding=_finding(study),
        figure=_draw(study),
        caption="Solid: median, with its 95 % interval. Dashed: 95 of 100 wait no longer than this (p95). Both clients "
        "ran in one process, in turn, with the same prompts; all users of a load share its one core. "
        + write_bound(study),
        table=Table(
            [Column("Model", words=True), Column(*study.unit.head), *HEADS], [_row(study, *place) for place in places]
        ),
        notes=tuple(_notes(study)),
    )


def pairs(study: Study) -> list[Pair]:
    """Every target that goes through the package with the one that is the same but for its client."""
    targets = study.scenario.target
    packaged = [target for target in targets if target.client == "sdk"]
    return [(wire, sdk) for sdk in packaged for wire in targets if wire.client == "wire" and _is_same(wire, sdk)]


def _is_same(one: Target, other: Target) -> bool:
    """Whether they are asked the same in the same way but for the client; a tier in a header is part of it."""
    same = {key: getattr(other, key) for key in ("name", "client", "connection", "prices", "price")}
    return msgspec.structs.replace(one, **same) == other


def _places(study: Study) -> Iterator[tuple[Pair, float, str]]:
    """Every pair at every load that both were measured at, with the model's name as a table shows it: once."""
    for wire, sdk in pairs(study):
        levels = [level for level in study.levels(wire.name) if level in study.levels(sdk.name)]
        for place, level in enumerate(levels):
            yield (wire, sdk), level, "" if place else wire.model


def _is_comparable(study: Study, pair: Pair, level: float) -> bool:
    """Whether the answers came to both clients alike: else what held them back would be called the package's cost."""
    wire, sdk = pair
    return are_alike(study.held_back, wire.name, sdk.name, level)


def _added(study: Study, pair: Pair, level: float, metric: str, q: float) -> Estimate:
    """What the package adds to a quantile, in the metric's unit; nothing where the two cannot be compared."""
    if not _is_comparable(study, pair, level):
        return nothing()
    wire, sdk = (_estimate(study, target.name, level, metric, q) for target in pair)
    return subtract(wire, sdk)


def _estimate(study: Study, target: str, level: float, metric: str, q: float) -> Estimate:
    result = study.result(target, metric, level=level, q=q)
    drawn = {point.x: point for point in curve_of(study, target, metric, q)}.get(level)
    if result is None or drawn is None:
        return nothing()
    return Estimate(drawn.y, drawn.lo, drawn.hi, result.n, float(result.n))


def _row(study: Study, pair: Pair, level: float, name: str) -> Cells:
    cells: list[Cell] = []
    for metric, q in COMPARED:
        if metric == "ttft_ms":
            cells += [number_cell(study.result(target.name, metric, level=level, q=q), "s") for target in pair]
        cells.append(_added_cell(_added(study, pair, level, metric, q)))
    shares = [_core_share(study, target.name, level) for target in pair]
    return (
        name,
        study.unit.number(level),
        *cells,
        *(Cell(UNKNOWN if s is None else round_significant(100 * s, 2)) for s in shares),
    )


def _added_cell(added: Estimate) -> Cell:
    if added.value is None:
        return Cell("n/a")
    if added.lo is None or added.hi is None:
        return Cell(_signed(added.value))
    return Cell(_signed(added.value), f"{_signed(added.lo)} to {_signed(added.hi)}")


def _signed(ms: float) -> str:
    size = round_significant(abs(ms), 2) if abs(ms) >= LEAST_MS else f"{abs(ms):.2f}"
    return f"{'−' if ms < 0 else '+'}{size}"


def _core_share(study: Study, target: str, level: float) -> float | None:
    """What the load process used of a core in the mean second of the measure windows; None if not measured."""
    windows = [stage.window for stage in study.stages(target, level)]
    shares = [
        line.cpu_share
        for window in windows
        if window is not None
        for line in study.run.health
        if window[0] < line.at_ns <= window[1]
    ]
    return float(np.mean(shares)) if shares else None


def _finding(study: Study) -> str:
    """What the package adds to the median wait at the highest load of each pair; of the pairs, where it is most."""
    seen = []
    for pair in pairs(study):
        for level in reversed(study.levels(pair[1].name)):
            added = _added(study, pair, level, "ttft_ms", 0.5)
            if added.value is not None and added.lo is not None and added.hi is not None:
                seen.append((added.value, added, pair, level))
                break
    if not seen and (apart := list(_find_apart(study))):
        return f"{apart[-1]}, so nothing is said of what the package adds"
    if not seen:
        return "Too little succeeded both ways to say what the openai package adds"
    _, added, pair, level = max(seen, key=lambda found: found[0])
    load = study.unit.write(level)
    if added.lo is None or added.hi is None or added.lo <= 0 <= added.hi:
        return f"At {load} the openai package adds no detectable change to the median wait for the first token"
    if added.value is None or added.value < 0:
        return f"At {load} the first token came sooner through the openai package: the server was not the same for both"
    wait = f"{write_value(added.value, 'ms')} to the median wait for the first token"
    parts = [f"{wait} ({write_span(added.lo, added.hi, 'ms')})", *_further(study, pair, level)]
    return f"At {load} the openai package adds {join_words(parts)}"


def _find_apart(study: Study) -> Iterator[str]:
    """Where the clients' answers came in different ways, in words."""
    for (wire, sdk), level, _ in _places(study):
        if not _is_comparable(study, (wire, sdk), level):
            shares = [write_percent(study.held_back.get((target.name, level), 0.0)) for target in (sdk, wire)]
            yield (
                f"At {study.unit.write(level)} {shares[0]} of the answers to the package came compressed or in one "
                f"burst, and {shares[1]} of those on the wire: a server or a proxy holds them back, not the package"
            )


def _further(study: Study, pair: Pair, level: float) -> Iterator[str]:
    """What it adds elsewhere, where that is beyond doubt."""
    for metric, q, where in (("ttft_ms", 0.95, "to its 95th percentile"), ("tpot_ms", 0.5, "to each token after it")):
        added = _added(study, pair, level, metric, q)
        if added.value is not None and added.lo is not None and added.lo > 0:
            yield f"{write_value(added.value, 'ms')} {where}"


def _notes(study: Study) -> Iterator[str]:
    yield (
        "First token: from the first byte sent on an open connection, on both sides. The package opens a connection "
        "for every stream; that time is in the user-perceived first word."
    )
    apart = list(_find_apart(study))
    yield from (f"{sentence}." for sentence in apart)
    if apart:
        yield (
            "The package asks for compressed answers, as applications do, and our wire does not; with "
            'headers = { accept-encoding = "gzip, deflate" } both ask alike and can be compared.'
        )
    packaged = {sdk.name for _, sdk in pairs(study)}
    flags = [flag for flag in study.flags if flag.name == "CLIENT_LIMITED" and flag.target in packaged]
    limited = sorted({flag.level for flag in flags if flag.level is not None})
    if limited:
        yield (
            f"With the package the process itself was the limit at {join_loads(study, limited)}: an application that "
            "reads as many streams in one process is held up like that, and nothing is said of the server."
        )


def _draw(study: Study) -> Figure:
    figure, panels = theme.canvas(8.0, columns=2)
    for panel, (metric, title, per) in zip(panels, PANELS, strict=True):
        panel.set_title(title)
        _draw_panel(panel, study, metric, per)
    return figure


def _draw_panel(panel: Axes, study: Study, metric: str, per: float) -> None:
    colour, marker = theme.colours(study.targets), theme.markers(study.targets)
    ends: list[theme.End] = []
    for target in dict.fromkeys(target.name for pair in pairs(study) for target in pair):
        slow, median = (curve_of(study, target, metric, q, per) for q in (0.95, 0.5))
        theme.curve(panel, slow, colour[target], dashed=True)
        theme.curve(panel, median, colour[target], marker[target])
        ends += theme.end_of(median, target, colour[target])
    if not ends:
        theme.empty(panel, "nothing succeeded")
        return
    theme.load_axis(panel, [level for _, level, _ in _places(study)], study.unit.axis)
    panel.set_ylim(0, 1.08 * panel.get_ylim()[1])
    theme.label_ends(panel, ends)


if __name__ == "__main__":
    raise SystemExit(run_alone(build, __doc__))
