"""The numbers along the axes of a chart: at round steps, and as many as have room.

Rule: numbers at the foot are left out only once the panel's width is known, and the highest and the lowest stay.
"""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, MaxNLocator

DIGIT_PT = 4.9
"""How wide a digit of a tick stands."""


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
