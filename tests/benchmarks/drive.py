"""One run of the real load process against the truth server, and what it says once it is over.

Rule: the process is the one that `firsttoken run` starts, with everything on: Locust, journal, retries, health.
Errors are paired by request id, and everything is of the measure phase.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firsttoken.process.launch import Child, LoadSpec
from firsttoken.process.run_folder import open_folder
from firsttoken.results.folder import Run, open_run
from firsttoken.results.stage import Stage
from firsttoken.row import SUCCESS
from firsttoken.scenario.format import Scenario, Traffic
from firsttoken.scenario.load import Load
from firsttoken.scenario.target import Target
from firsttoken.simulator.truth import Truth
from tests.benchmarks.truth import MODEL, Schedule, count_tokens, serve_truth
from tests.benchmarks.watch import Watch, Window

Floats = NDArray[np.float64]


class Drive:
    """A run that has ended."""

    def __init__(self, run: Run, truths: list[Truth], watch: Watch) -> None:
        self.run, self.truths, self.watch = run, truths, watch

    @property
    def stage(self) -> Stage:
        return self.run.stages[0]

    @cached_property
    def window(self) -> Window:
        """The measure phase, CLOCK_MONOTONIC ns."""
        if self.stage.window is None:
            raise RuntimeError(f"expected a measure phase, got a stage that ended before: {self.stage.reason}")
        origin_ns = self.run.manifest.origin_monotonic_ns
        return self.stage.window[0] + origin_ns, self.stage.window[1] + origin_ns

    @property
    def others_share(self) -> float:
        """Of a core, what processes that are not ours used in the measure phase."""
        return self.watch.others_share(self.window)

    @property
    def cpu_share(self) -> float:
        """Of a core, what the load process used in the measure phase."""
        return self.watch.used_share("load", self.window)

    @property
    def cpu_us_per_token(self) -> float:
        used_ns = self.cpu_share * (self.window[1] - self.window[0])
        return used_ns / 1e3 / count_tokens(self.truths, self.window)

    @cached_property
    def failed(self) -> int:
        """Attempts of any phase that did not end well, those that the end of the run cut off not counted."""
        outcomes = self.run.attempts("outcome")["outcome"]
        return int((~np.isin(outcomes, [*SUCCESS, "cancelled_by_run"])).sum())

    @cached_property
    def ttft_errors_ms(self) -> Floats:
        """How far each measured TTFT is from the server's own, either way."""
        sent, first, _, arrival, true_first, _ = self._pairs
        return np.abs((first - sent) - (true_first - arrival)) / 1e6

    @cached_property
    def tpot_errors(self) -> Floats:
        """How far each measured time per token is from the server's own, as a share of it."""
        _, first, last, _, true_first, true_last = self._pairs
        return np.abs((last - first) / (true_last - true_first) - 1)

    @cached_property
    def _pairs(self) -> tuple[Floats, ...]:
        """sent, first and last token as measured; arrival, first and last token in truth. Of answers of two tokens."""
        names = ("server_request_id", "sent_ns", "first_token_ns", "last_token_ns")
        rows = self.run.attempts(*names, where="phase = 'measure' AND outcome IN ('ok', 'length')")
        truths = {truth.request_id: truth for truth in self.truths}
        paired = [truths[name] for name in rows["server_request_id"]]
        true = np.array([(truth.arrival_ns, truth.first_token_ns, truth.last_token_ns) for truth in paired], np.float64)
        return (*(rows[name] for name in names[1:]), *true.T)


@contextmanager
def start_load(scenario: Scenario, folder: Path) -> Iterator[Child]:
    """The load process of a scenario, for the block."""
    open_folder(scenario, folder)
    urls = {target.name: target.base_url for target in scenario.target}
    child = Child("firsttoken.load.main", LoadSpec(folder=str(folder), base_urls=urls, command=["make bench"]))
    try:
        yield child
    finally:
        child.stop()


def describe_run(
    base_url: str, streams: int, schedule: Schedule, phases_s: Sequence[float], locustfile: str
) -> Scenario:
    """A scenario that keeps so many streams open, back to back, for so long in ramp, settle and measure."""
    ramp, settle, measure = (f"{length_s:.3f}s" for length_s in phases_s)
    return Scenario(
        name="bench",
        target=[Target(model=MODEL, base_url=base_url, prices="unknown")],
        traffic=Traffic(locustfile=locustfile, input_tokens=40, output_tokens=schedule.tokens),
        load=Load(users=[streams], ramp=ramp, settle=settle, measure=measure, hold="20s"),
    )


@contextmanager
def drive(
    streams: int,
    measure_s: float,
    schedule: Schedule | None = None,
    locustfile: str = "chat",
    on_event: Callable[[dict[str, object], int], None] | None = None,
    ramp_s: float = 1.5,
    settle_s: float = 3.0,
) -> Iterator[Drive]:
    """Run it; the Drive is good for the block. `on_event` hears of progress with the load process's id."""
    schedule = schedule or Schedule()
    with tempfile.TemporaryDirectory() as place, serve_truth(schedule, Path(place)) as server:
        folder = Path(place) / "run"
        scenario = describe_run(server.base_url, streams, schedule, (ramp_s, settle_s, measure_s), locustfile)
        with start_load(scenario, folder) as child:
            pid = child.process.pid
            with Watch({"load": pid, "server": server.process.pid}) as watch:
                _follow(child, on_event)
        run = open_run(folder)
        try:
            yield Drive(run, server.end(), watch)
        finally:
            run.close()


def _follow(child: Child, on_event: Callable[[dict[str, object], int], None] | None) -> None:
    """Listen until the run is over. Raises RuntimeError where it did not come to its planned end."""
    event: dict[str, object] = {}
    for event in child.events():
        if on_event is not None:
            on_event(event, child.process.pid)
        if event["event"] == "end":
            break
    if event.get("state") != "complete":
        raise RuntimeError(f"expected the load process to come to its end, got {event}")
