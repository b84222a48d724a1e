"""The ramp of a calibration: more and more simulated streams, until the results of one worker are no longer right.

Rule: a step is a run like any other (Locust, rows, retries, health), in a folder that is thrown away afterwards; it is
read like any other, by a study, and compared with the simulator's own log.
"""

import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple

from firsttoken import __version__
from firsttoken.catalogue import Simulated
from firsttoken.decide.study import Study, study_run
from firsttoken.machine.calibration import MOST_STREAMS, Calibration, Step, choose_streams, conclude
from firsttoken.machine.host import describe_host, read_busy_s, read_used_s
from firsttoken.machine.limits import SPARE_FILES, LimitError, read_most_files
from firsttoken.process import launch, run_folder
from firsttoken.process.start import Workspace, open_workspace
from firsttoken.results.columns import ended_in
from firsttoken.row import SUCCESS
from firsttoken.scenario.format import Scenario, Traffic
from firsttoken.scenario.load import Load
from firsttoken.scenario.retry import Retry
from firsttoken.scenario.target import Target

NAME = "calibration"
TTFT_S, TOKENS_PER_S, TOKENS = 0.5, 100.0, 100
CYCLE = "1500ms"
"""A request from sending to its last token: streams begin evenly spread over it, and settle for as long."""

FAILED = f"phase = 'measure' AND NOT {ended_in(SUCCESS)}"
PLANNED_NS = round((TTFT_S + (TOKENS - 1) / TOKENS_PER_S) * 1e9)
LATENESS = f"SELECT (median(last_token_ns - arrival_ns) - {PLANNED_NS}) / 1e6 FROM truth"


def calibrate(show: Callable[[Step], None], most: int = MOST_STREAMS) -> Calibration:
    """Take step after step, show each, and conclude; `most` bounds the streams, as does the limit of open files.

    Raises LimitError where no step is allowed, LaunchError where a process died.
    """
    files = read_most_files()
    if files <= SPARE_FILES:
        raise LimitError(f"calibrate: expected a limit of more than {SPARE_FILES} open files, got {files}; raise it")
    most = min(most, files - SPARE_FILES)
    steps: list[Step] = []
    while (streams := choose_streams(steps, most)) is not None:
        steps.append(measure_step(streams))
        show(steps[-1])
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return conclude(steps, describe_host(), __version__, now)


def measure_step(streams: int) -> Step:
    """Drive so many streams for some seconds. Raises LaunchError where a process died."""
    with tempfile.TemporaryDirectory(prefix="firsttoken-") as name:
        scenario = describe_step(streams)
        folder = run_folder.open_folder(scenario, name)
        looks = _drive(scenario, folder)
        study = study_run(folder)
        try:
            return _read_step(study, streams, looks)
        finally:
            study.run.close()


def describe_step(streams: int) -> Scenario:
    """The scenario of a step. Without jitter the simulator's schedule is known, and so is how late it was."""
    simulator = Simulated(
        ttft_s=TTFT_S, tokens_per_s=TOKENS_PER_S, prefill_rate=1e9, jitter=0.0,
        slots=streams, queue=streams, batch_slowdown=0.0,
    )  # fmt: skip
    return Scenario(
        name=NAME,
        target=[Target(model=NAME, name=NAME, prices="unknown", simulator=simulator)],
        traffic=Traffic(locustfile="chat", input_tokens=40, output_tokens=TOKENS),
        load=Load(users=[streams], ramp=CYCLE, settle=CYCLE, measure="3s", hold="10s"),
        retry=Retry(policy="none"),
    )


class Look(NamedTuple):
    """CPU seconds used so far; None where the system does not report them."""

    at_s: float
    server_s: float | None
    client_s: float | None
    busy_s: float | None
    """By all processes of the machine."""


def _drive(scenario: Scenario, folder: Path) -> list[Look]:
    """Run a step to its end, looking at the machine every now and then in the measure window."""
    with open_workspace(scenario, folder) as workspace:
        looks, ending = _look_on(workspace)
    if ending.get("event") != "end" or ending["failure"]:
        failure = ending.get("failure") or "the load process died"
        raise launch.LaunchError(f"calibrate: expected a step of a few seconds to succeed, got: {failure}")
    return looks


def _look_on(workspace: Workspace) -> tuple[list[Look], dict[str, object]]:
    simulators = workspace.simulators
    spec = launch.LoadSpec(
        folder=str(workspace.folder), base_urls=simulators.base_urls, command=["firsttoken", "calibrate"]
    )
    load = launch.Child("firsttoken.load.main", spec, keeps=[workspace.hold])
    looks: list[Look] = []
    ending: dict[str, object] = {}
    try:
        for ending in load.events():
            if ending.get("phase") == "measure":
                server_s, client_s = (read_used_s(pid) for pid in (*simulators.pids, load.process.pid))
                looks.append(Look(time.monotonic(), server_s, client_s, read_busy_s()))
    finally:
        load.stop()
    return looks, ending


def _share(looks: list[Look], field: Literal["server_s", "client_s", "busy_s"]) -> float | None:
    """Cores used between the first look and the last."""
    if len(looks) < 2:
        return None
    first, last = looks[0], looks[-1]
    before_s, after_s = getattr(first, field), getattr(last, field)
    return None if before_s is None or after_s is None else (after_s - before_s) / (last.at_s - first.at_s)


def _read_step(study: Study, streams: int, looks: list[Look]) -> Step:
    accuracy = study.instrument(NAME, float(streams))
    pace = study.result(NAME, "system_tok_s", level=float(streams))
    server, client, busy = _share(looks, "server_s"), _share(looks, "client_s"), _share(looks, "busy_s")
    late_ms = study.run.sql(LATENESS)[1][0][0]
    return Step(
        streams=streams,
        tokens_per_s=0.0 if pace is None or pace.value is None else pace.value,
        error_p50_ms=accuracy.error_p50_ms,
        error_p99_ms=accuracy.error_p99_ms,
        hub_lag_p99_ms=accuracy.hub_lag_p99_ms,
        cpu_share=accuracy.cpu_share,
        server_late_ms=late_ms if isinstance(late_ms, float) else None,
        server_cpu_share=server,
        others_cpu_share=None if server is None or client is None or busy is None else max(0.0, busy - server - client),
        failed=len(study.run.attempts("outcome", where=FAILED)["outcome"]),
        client_limits=accuracy.thrown_out,
    )
