"""Draws the pictures of docs/loads.md, each from the functions that drive a run: `.venv/bin/python docs/loads/draw.py`.

Rule: nothing is drawn by hand. A load's course, its arrivals, the next level of a search and the moment at which a
level has been measured for long enough come from the same code as in a run; only the model's answers are made up.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Sequence
from itertools import takewhile
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import matplotlib
import msgspec
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from firsttoken.decoding.duration import NS
from firsttoken.plan.arrivals import arrive
from firsttoken.plan.locust_shape import sample_shape
from firsttoken.plan.order import order_stages
from firsttoken.plan.profile import Profile, Segment, length_ns, profile_of
from firsttoken.plan.search import Verdict, grid, next_level
from firsttoken.report.chart import theme
from firsttoken.scenario.format import Scenario
from firsttoken.scenario.load import Load, Search
from firsttoken.stats.quantile import quantile_interval
from firsttoken.traffic.trace import read_trace

HERE = Path(__file__).parent
EXAMPLES = re.findall(r"```toml\n(.*?)```", HERE.with_suffix(".md").read_text(), re.DOTALL)
MINUTE = 60 * NS
BLUE, ORANGE = theme.SERIES[:2]

matplotlib.rcParams["svg.fonttype"] = "path"  # a page on the web has no Inter


def main() -> None:
    """Write every picture."""
    for name, draw in PICTURES.items():
        theme.save(draw(), HERE / f"{name}.svg")


def plot_profile(panel: Axes, profile: Profile, colour: str = BLUE) -> None:
    """The wanted load over time, in minutes, with its jumps."""
    times, values, at = [0.0], [0.0], 0
    for segment in profile:
        times += [at / MINUTE, (at + segment.length_ns) / MINUTE]
        values += [segment.start, segment.end]
        at += segment.length_ns
    panel.plot(times, values, color=colour)
    panel.fill_between(times, values, color=colour, alpha=0.12, linewidth=0)
    panel.set_xlim(0, at / MINUTE)
    panel.set_ylim(0, 1.15 * max(values))
    panel.set_xlabel("minutes")


def plot_arrivals(panel: Axes, instants_s: Iterable[float], y: float = 0.0, colour: str = BLUE) -> None:
    """A tick for each arrival, all of them one line with gaps: a small file."""
    ticks = np.array([[instant, instant, np.nan] for instant in instants_s]).ravel()
    panel.plot(ticks, np.tile([y - 0.3, y + 0.3, np.nan], ticks.size // 3), color=colour, linewidth=0.9)


def name_rows(panel: Axes, names: Sequence[str], until: float) -> None:
    """One named row above another, over an axis of seconds."""
    panel.set_yticks(range(len(names)), names[::-1])
    panel.set_ylim(-0.6, len(names) - 0.4)
    panel.set_xlim(0, until)
    panel.set_xlabel("seconds")
    panel.grid(visible=False)
    panel.get_figure(root=True).get_layout_engine().set(w_pad=0.06)


def schedule_s(profile: Profile, until_s: float, process: str = "poisson", cv: float = 1.0) -> list[float]:
    """The arrivals of a load until so many seconds."""
    return [at / NS for at in takewhile(lambda at: at < until_s * NS, arrive(profile, process, cv, "7"))]


def hold(value: float) -> Profile:
    """A load that never changes."""
    return (Segment(NS, value, value),)


def draw_ladder() -> Figure:
    """Rungs of a closed loop, each begun by a ramp and followed by its hold, in which nothing new is measured."""
    figure, (panel,) = theme.canvas(3.6)
    began = 0.0
    for users in (1, 4, 16, 64):
        panel.plot([began, began + 0.2, began + 2.4], [0.8, users, users], color=BLUE)
        panel.axvspan(began + 0.5, began + 2.1, color=BLUE, alpha=0.12, linewidth=0)
        panel.text(began + 1.3, users * 1.25, f"{users} user{'s'[: users - 1]}", ha="center", color=BLUE, fontsize=7)
        began += 2.5
    panel.set_yscale("log", base=2)
    panel.set_yticks([1, 4, 16, 64], ["1", "4", "16", "64"])
    panel.set_ylim(0.8, 128)
    panel.set_xlim(0, began)
    panel.set_xlabel("minutes; shaded: measured")
    panel.set_ylabel("users")
    return figure


def draw_arrivals() -> Figure:
    """The same rate three ways."""
    figure, (panel,) = theme.canvas(3.6)
    rows = {"constant": 1.0, "poisson": 1.0, "gamma, cv = 2": 2.0}
    for y, (name, cv) in enumerate(reversed(rows.items())):
        plot_arrivals(panel, schedule_s(hold(2.0), 30, name.split(",")[0], cv), y)
    name_rows(panel, list(rows), 30)
    return figure


def draw_sessions() -> Figure:
    """Sessions that arrive by chance; each asks, reads, thinks and asks again."""
    figure, (panel,) = theme.canvas(3.6)
    begins = schedule_s(hold(0.35), 22)
    answer = Random(7)
    for y, began in enumerate(begins):
        for _ in range(3):
            ended = began + 0.8 + 1.2 * answer.random()
            panel.plot([began, ended], [y, y], color=BLUE, linewidth=3, solid_capstyle="butt")
            panel.plot([ended, ended + 3], [y, y], color=theme.SOFT, linewidth=0.6, linestyle=(0, (2, 2)))
            began = ended + 3
    panel.plot(begins, range(len(begins)), "o", color=ORANGE, zorder=4)
    panel.set_yticks([])
    panel.set_xlim(0, 40)
    panel.set_ylim(-0.8, len(begins))
    panel.set_xlabel("seconds; a dot: a session arrives; a bar: a request; dashed: it thinks")
    panel.set_ylabel("sessions")
    return figure


def find_load(name: str) -> Load:
    """The load of the page's example with a shape of that name."""
    loads = (tomllib.loads(example).get("load", {}) for example in EXAMPLES)
    return msgspec.convert(next(load for load in loads if load.get("shape") == name), Load)


def shape_drawer(name: str) -> Callable[[], Figure]:
    """Draw a shape in requests a second, above the arrivals that it stands for."""

    def draw() -> Figure:
        profile = profile_of(find_load(name).load_profile.segments)
        figure, (above, below) = theme.strips(3.6, (4, 1))
        plot_profile(above, profile)
        above.set_xlabel("")
        above.set_ylabel("requests/s")
        length_s = length_ns(profile) / NS
        plot_arrivals(below, (at / 60 for at in schedule_s(profile, length_s)))
        below.set_xlim(0, length_s / 60)
        below.set_yticks([])
        below.grid(visible=False)
        below.set_xlabel("minutes; a tick: an arrival")
        return figure

    return draw


class DoubleWave:
    """The LoadTestShape of the example, as far as it is needed here."""

    def get_run_time(self) -> float:
        raise NotImplementedError

    def tick(self) -> tuple[int, float] | None:
        """Two waves of users in ten minutes."""
        now = self.get_run_time()
        if now >= 600:
            return None
        first, second = (np.exp(-(((now - top) / 90) ** 2)) for top in (200, 400))
        return round(5 + 35 * first + 20 * second), 10


def draw_custom() -> Figure:
    """A course that a class of the locustfile computes."""
    figure, (panel,) = theme.canvas(3.6)
    plot_profile(panel, sample_shape(DoubleWave))
    panel.set_ylabel("users")
    return figure


def draw_search() -> Figure:
    """The levels that a search measures when the SLO is met up to 37 users."""
    figure, (panel,) = theme.canvas(4.2)
    levels = grid(Search(by="users", from_=1, to=256))
    results: list[tuple[float, Verdict]] = []
    while (level := next_level(levels, results)) is not None:
        results.append((level, "keeps" if level <= 37 else "fails"))
    for place, (level, verdict) in enumerate(results, 1):
        good = verdict == "keeps"
        panel.plot(place, level, "o" if good else "X", color=theme.GOOD if good else theme.BAD, markersize=6)
        panel.annotate(f"{level:g}", (place, level), xytext=(0, 6), textcoords="offset points", ha="center", fontsize=7)
    panel.axhline(37, color=theme.INK, linewidth=0.8, linestyle=(0, (2, 2)))
    panel.set_yscale("log", base=2)
    panel.set_yticks([1, 4, 16, 64, 256], ["1", "4", "16", "64", "256"])
    panel.set_ylim(0.8, 400)
    panel.set_xticks(range(1, len(results) + 1))
    panel.set_xlabel("stages in their order; round: meets the SLO, cross: does not; dashed: where it really ends")
    panel.set_ylabel("users")
    return figure


def draw_until() -> Figure:
    """The 95 % interval of a p95 that narrows while the level runs, until it is within 5 % to either side."""
    figure, (panel,) = theme.canvas(3.6)
    chance = Random(7)
    values = [chance.lognormvariate(0.0, 0.35) for _ in range(3000)]
    points = []
    for n in range(60, len(values) + 1, 20):
        known = quantile_interval(np.array(values[:n]), 0.95)
        points.append(theme.Point(n / 10, known.value, known.lo, known.hi))
        if n >= 150 and known.value and known.lo and known.hi and (known.hi - known.lo) / 2 <= 0.05 * known.value:
            break
    panel.fill_between([p.x for p in points], [p.lo for p in points], [p.hi for p in points], color=BLUE, alpha=0.16)
    panel.plot([p.x for p in points], [p.y for p in points], color=BLUE)
    panel.axvline(points[-1].x, color=theme.INK, linewidth=0.8, linestyle=(0, (2, 2)))
    panel.annotate(
        "narrow enough", (points[-1].x, panel.get_ylim()[1]), xytext=(-3, -2), textcoords="offset points", ha="right",
        va="top", fontsize=7,
    )  # fmt: skip
    panel.set_xlim(0, points[-1].x * 1.1)
    panel.set_xlabel("seconds of measuring, ten requests a second")
    panel.set_ylabel("TTFT p95, s")
    return figure


def draw_trace() -> Figure:
    """A trace as it was recorded, and its second half minute replayed at twice its speed."""
    figure, (panel,) = theme.canvas(2.8)
    lines = ["TIMESTAMP,ContextTokens,GeneratedTokens"]
    lines += [f"2026-03-01 10:00:{at:010.7f},400,100" for at in schedule_s(hold(1.5), 60, "gamma", 1.5)]
    with TemporaryDirectory() as folder:
        path = Path(folder, "trace.csv")
        path.write_text("\n".join(lines))
        recorded = [arrival.at_ns / NS for arrival in read_trace(path)]
        replayed = [arrival.at_ns / NS for arrival in read_trace(path, speed=2.0, from_s=30.0, to_s=60.0)]
    panel.axvspan(30, 60, ymin=0.55, color=BLUE, alpha=0.08, linewidth=0)
    plot_arrivals(panel, recorded, 1)
    plot_arrivals(panel, replayed, 0, ORANGE)
    name_rows(panel, ["recorded", "replayed"], 60)
    return figure


def draw_order() -> Figure:
    """The stages of two targets, in each order."""
    figure, panels = theme.canvas(3.0, columns=3)
    for panel, order in zip(panels, ("abba", "shuffle", "together"), strict=True):
        way = order_stages(make_scenario({"users": [1, 4, 16, 64], "order": order}, targets=("A", "B")))
        for place, group in enumerate(iter(way.next_group, None)):
            for plan in group:
                y, colour = (1, BLUE) if plan.target == "A" else (0, ORANGE)
                panel.barh(y, 0.94, left=place, height=0.7, color=colour)
                panel.text(place + 0.47, y, f"{plan.level:g}", ha="center", va="center", color="white", fontsize=6)
        panel.set_yticks([0, 1], ["B", "A"])
        panel.set_xticks([])
        panel.set_xlim(0, 8)
        panel.set_title(order)
        panel.grid(visible=False)
    return figure


def make_scenario(load: dict[str, object], targets: Sequence[str]) -> Scenario:
    """A scenario with this load and targets, of which nothing else is drawn."""
    made = {
        "name": "drawn",
        "target": [{"model": "gpt-5.4", "name": name} for name in targets],
        "traffic": {"locustfile": "chat", "input_tokens": 400, "output_tokens": 128},
        "load": load,
    }
    return msgspec.convert(made, Scenario)


PICTURES: dict[str, Callable[[], Figure]] = {
    "ladder": draw_ladder,
    "arrivals": draw_arrivals,
    "sessions": draw_sessions,
    **{name: shape_drawer(name) for name in ("ramp", "step", "spike", "soak", "staircase")},
    "custom": draw_custom,
    "search": draw_search,
    "until": draw_until,
    "trace": draw_trace,
    "order": draw_order,
}

if __name__ == "__main__":
    main()
