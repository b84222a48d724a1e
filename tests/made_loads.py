"""Made runs of every kind of load, for the tests of what reads them: an open loop, a search, a spike."""

from pathlib import Path

from tests.made_run import Order, make_run
from tests.made_stage import FLAWLESS, Course, Windows


def make_open_run(
    folder: Path, rates: tuple[float, ...] = (0.5, 2.5, 14.0), most_open: int = 150, **made: object
) -> Path:
    """A ladder of rates; the last is more than gpt-5.2-codex, and gpt-5.4, can answer."""
    order = Order(course=Course(by="rate", most_open=most_open))
    load = {"rate": list(rates), "max_in_flight": most_open}
    return make_run(folder, levels=rates, order=order, load=load, windows=Windows(measure_s=40.0), **made)


def make_search_run(folder: Path, levels: tuple[float, ...] = (4, 32, 16, 24, 20, 24), **made: object) -> Path:
    """A search over users, one load of it tried twice, whose answer an open loop confirms for gpt-5.4 alone."""
    load = {"search": {"by": "users", "from": 1, "to": 64}}
    order, windows = Order(confirmed_at=5.2), Windows(measure_s=40.0)
    return make_run(folder, levels=levels, order=order, load=load, windows=windows, **made)


def make_spike_run(folder: Path, base: float = 3, after: float | None = None, **made: object) -> Path:
    """Two minutes at a base rate with 15 s at 12 a second; after them the base again, or the rate `after`."""
    steps = ((0, base), (40, 12), (55, base if after is None else after))
    spike = {"by": "rate", "base": base, "peak": 12, "before": "40s", "lasts": "15s", "after": "65s"}
    made = {"answers": FLAWLESS, "windows": Windows(measure_s=120.0), "load": {"shape": "spike", "spike": spike}} | made
    return make_run(folder, levels=(12.0,), order=Order(course=Course(by="rate", shape="spike", steps=steps)), **made)
