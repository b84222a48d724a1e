"""A run as it goes: the stage that runs, how it stands, and what each level has shown as soon as it has ended.

Rule: all of it goes to stderr. In a terminal the lines of the moment are drawn over; elsewhere one is printed now and
then, so that a log shows that the run is alive.
"""

import time
from collections.abc import Callable, Iterable, Mapping

from rich.live import Live
from rich.text import Text

from firsttoken.cli.console import ERR, say, warn
from firsttoken.decide.words.load_unit import USERS, rate_unit
from firsttoken.decide.words.units import write_dollars, write_share, write_value

LINE_EVERY_S = 30.0
"""Outside a terminal, how long nothing is printed at most while a stage runs."""

Event = Mapping[str, object]


def follow(events: Iterable[Event], turns: int = 1, now_s: Callable[[], float] = time.monotonic) -> Event | None:
    """Show a run's progress; return its last event, None if the load process ended without one.

    turns: requests of an arrival in open loop.
    """
    view = _View(turns, now_s)
    with Live(console=ERR, transient=True, auto_refresh=False) as live:
        for event in events:
            if event["event"] == "end":
                return event
            view.show(event)
            if ERR.is_terminal:
                live.update(Text("\n").join(view.lines()), refresh=True)
    return None


def follow_worker(events: Iterable[Event]) -> Event | None:
    """Show a worker's events; return its last one, None if it ended without one."""
    for event in events:
        if event["event"] == "end":
            return event
        if event["event"] == "joined":
            clocks = f"clocks agree within {_number(event, 'clock_error_ms'):.2g} ms"
            say(ERR, f"worker {event['worker']} of {event['run']}; {clocks}")
        elif event["event"] == "left":
            warn(str(event["sentence"]))
        elif event["event"] == "said":
            say(ERR, str(event["sentence"]))
    return None


class _View:
    """What has been shown of a run so far."""

    def __init__(self, turns: int, now_s: Callable[[], float]) -> None:
        self._turns = turns
        self._now_s = now_s
        self._told_s = now_s()
        self._ticks: dict[object, Event] = {}
        """The last word of each stage that runs, by its number."""
        self._group: set[object] = set()
        """The stages that began together."""
        self._has_result = False
        """One of them has ended."""

    def show(self, event: Event) -> None:
        """Take in an event, and print it where it lasts."""
        stage = event.get("stage")
        if event["event"] == "tick":
            self._ticks[stage] = event
            if not ERR.is_terminal and self._now_s() - self._told_s >= LINE_EVERY_S:
                self._print(f"  {', '.join([*_write_state(event), *_write_rest(event)])}")
        elif event["event"] == "stage":
            self._group = {stage} if self._has_result else self._group | {stage}
            self._has_result = False
            self._print(describe_stage(event, self._turns))
        elif event["event"] == "result":
            self._ticks.pop(stage, None)
            self._has_result = True
            self._print(f"  {describe_result(event, self._turns, names_target=len(self._group) > 1)}")
        elif event["event"] == "said":
            self._print(str(event["sentence"]))

    def lines(self) -> list[Text]:
        """The lines of the moment: one for each stage that runs, then the time left and the dollars so far."""
        ticks = list(self._ticks.values())
        states = [_write_state(tick) for tick in ticks]
        if len(ticks) > 1:
            states = [[f"{tick['target']}:", *state] for tick, state in zip(ticks, states, strict=True)]
        rest = [_write_rest(tick) for tick in ticks[-1:]]
        return [Text(f"  {'   '.join(parts)}", style="dim") for parts in [*states, *rest] if parts]

    def _print(self, sentence: str) -> None:
        say(ERR, sentence)
        self._told_s = self._now_s()


def describe_stage(event: Event, turns: int) -> str:
    """Which stage begins: "[2/8] gpt-5.4 at 64 users"; how many there will be is left out where it is unknown."""
    number, stages = f"{_number(event, 'stage') + 1:.0f}", event["stages"]
    place = number if stages is None else f"{number}/{stages}"
    unit = USERS if event.get("by", "users") == "users" else rate_unit(turns)
    where = unit._replace(shape=str(event.get("shape") or "")).where(_number(event, "level"))
    aside = ", to confirm the answer" if event.get("confirms") else ""
    return f"[{place}] {event['target']} {where}{aside}"


def describe_result(event: Event, turns: int, *, names_target: bool = False) -> str:
    """What a level has shown: "64 users: TTFT p50 1.24 s, ≈ 1,380 tok/s, 97.3 % of 640 met the SLO, 2 failed"."""
    unit = USERS if event.get("by", "users") == "users" else rate_unit(turns)
    load = unit._replace(shape=str(event.get("shape") or "")).name(_number(event, "level"))
    head = f"{event['target']}, {load}" if names_target else load
    if not event["measured"]:
        return f"{head}: no measured request has ended"
    share, usd, pace = event["slo_share"], event.get("usd"), _known(event, "tokens_per_s")
    parts = [
        f"TTFT p50 {write_value(_known(event, 'ttft_p50_ms'), 'ms')}",
        "" if pace is None else f"≈ {write_value(pace, 'tok/s')}",
        f"{write_share(float(share))} of {event['judged']:,} met the SLO" if isinstance(share, int | float) else "",
        f"{_number(event, 'failed'):,.0f} failed",
        f"{write_dollars(float(usd))} so far" if isinstance(usd, int | float) and usd else "",
    ]
    return f"{head}: {', '.join(filter(None, parts))}"


def _write_state(tick: Event) -> list[str]:
    """How a stage stands."""
    ttft_ms = _known(tick, "ttft_p50_ms")
    failed = f"{_number(tick, 'failed'):,.0f} failed" if tick["failed"] else ""
    first_token = "" if ttft_ms is None else f"TTFT p50 {write_value(ttft_ms, 'ms')} so far"
    return [
        f"{tick['phase']} {_number(tick, 'elapsed_s'):.1f} s",
        f"{_number(tick, 'in_flight'):,.0f} in flight",
        f"{_number(tick, 'ended'):,.0f} done",
        *filter(None, [failed, first_token]),
    ]


def _write_rest(tick: Event) -> list[str]:
    """The time left and the dollars so far, of the whole run, as far as they are known."""
    left_s, usd = _known(tick, "left_s"), _known(tick, "usd")
    left = "" if left_s is None else f"about {write_time(left_s)} left"
    spent = "" if usd is None else f"{write_dollars(usd)} so far"
    return [*filter(None, [left, spent])]


def write_time(seconds: float) -> str:
    """A time to wait, in its shortest form: "40 s", "3 min", "2.5 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


def _known(event: Event, key: str) -> float | None:
    value = event.get(key)
    return float(value) if isinstance(value, int | float) else None


def _number(event: Event, key: str) -> float:
    return _known(event, key) or 0.0
