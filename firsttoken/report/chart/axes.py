"""The axes of a chart: loads on a logarithmic scale, numbers at round steps, and as many of them as have room.

Rule: the loads that were run are the ticks. Numbers at the foot are left out only once the panel's width is known, and
the highest and the lowest stay.
"""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

CLOSEST = 0.06
"""Ticks of load that are nearer than this share of the axis would write their numbers over each other."""
DIGIT_PT = 4.9
"""How wide a digit of a tick stands."""


def load_axis(panel: Axes, levels: Sequence[float], label: str = "users at once", reach: float = 0.0) -> None:
    """A logarithmic axis of load (base 2) with the levels that were run as ticks, up to `reach` if that is further."""
    ticks = sorted(set(levels)) or [1.0]
    low, high = ticks[0], max(ticks[-1], reach)
    panel.set_xscale("log", base=2)
    panel.xaxis.set_major_locator(FixedLocator(_thin(ticks, math.log(max(high / low, 2.0)))))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.xaxis.set_major_formatter(FuncFormatter(lambda level, _: f"{level:,g}"))
    edge = max(high / low, 2.0) ** 0.04
    panel.set_xlim(low / edge, high * edge)
    panel.set_xlabel(label)


def level_axis(panel: Axes, levels: Sequence[float], label: str) -> None:
    """The same axis of load, standing: for charts that show loads over something else."""
    ticks = sorted(set(levels))
    panel.set_yscale("log", base=2)
    panel.yaxis.set_major_locator(FixedLocator(_thin(ticks, math.log(max(ticks[-1] / ticks[0], 2.0)))))
    panel.yaxis.set_minor_locator(NullLocator())
    panel.yaxis.set_major_formatter(FuncFormatter(lambda level, _: f"{level:,g}"))
    panel.set_ylabel(label)


def _thin(ticks: Sequence[float], width: float) -> list[float]:
    """Ticks of a logarithmic axis so wide whose numbers do not touch; the first and the last stay, and the higher."""
    kept = [ticks[-1]]
    for tick in reversed(ticks[:-1]):
        apart = math.log(kept[-1] / tick)
        if apart >= CLOSEST * width and (tick == ticks[0] or math.log(tick / ticks[0]) >= CLOSEST * width):
            kept.append(tick)
    return kept[::-1] if kept[-1] == ticks[0] else [ticks[0], *kept[::-1]]


def few_ticks(steps: int = 3) -> MaxNLocator:
    """So many steps of a round size at most."""
    return MaxNLocator(nbins=steps, steps=[1, 2, 5, 10], min_n_ticks=2)


def clear_ticks(panel: Axes) -> None:
    """Leave out what would write numbers over each other along the foot, now that the panel's width is known."""
    locator = panel.xaxis.get_major_locator()
    if isinstance(locator, FixedLocator):
        ticks = [float(tick) for tick in locator.tick_values(0, 1)]
        panel.xaxis.set_major_locator(FixedLocator(_keep_apart(panel, ticks)))
    elif isinstance(locator, MaxNLocator):
        for steps in range(8, 0, -1):
            ticks = [float(tick) for tick in panel.get_xticks() if _is_within(panel, tick)]
            if len(_keep_apart(panel, ticks)) == len(ticks):
                break
            panel.xaxis.set_major_locator(few_ticks(steps))


def _keep_apart(panel: Axes, ticks: list[float]) -> list[float]:
    """The ticks whose numbers do not touch: the last stays, then the first, then what has room, the higher first."""
    if not ticks:
        return []
    places = {tick: float(panel.transData.transform((tick, 1.0))[0]) for tick in ticks}
    labels = panel.xaxis.get_major_formatter().format_ticks(ticks)
    dots = panel.figure.dpi / 72
    halves = {tick: DIGIT_PT * dots * max(1, len(label)) / 2 for tick, label in zip(ticks, labels, strict=True)}
    order = dict.fromkeys([ticks[-1], ticks[0], *reversed(ticks)])
    kept: list[float] = []
    for tick in order:
        if all(abs(places[tick] - places[other]) > halves[tick] + halves[other] + DIGIT_PT * dots for other in kept):
            kept.append(tick)
    return sorted(kept)


def _is_within(panel: Axes, tick: float) -> bool:
    low, high = sorted(panel.get_xlim())
    return bool(low <= tick <= high)
