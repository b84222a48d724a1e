"""What one worker of a machine can watch: the record of a calibration, its file, and what a plan makes of it.

Rule: a ceiling is the load of a step in which every bound held. Where something else than the worker was the limit,
it says "at least". The figures hold for the machine that they were measured on, so each host has its own record.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec

from firsttoken.catalogue import Model
from firsttoken.decoding.unreadable import UNREADABLE
from firsttoken.error import FirstTokenError
from firsttoken.machine.host import Host
from firsttoken.plan.peak import most_rps, most_streams
from firsttoken.scenario.format import Scenario, mean_tokens

WITHIN_MS = 1.0
"""The bound: 99 of 100 first tokens are this close to the server's own truth."""
FIRST_STREAMS, MOST_STREAMS = 100, 3_200
SERVER_LATE_MS, SERVER_CPU = 15.0, 0.9
"""Past these the server is the limit: a stream of 1.5 s that is late by 1 %, a core that has nothing to spare."""
FILLED = 0.7
"""How full a worker is planned: at the ceiling itself nothing is left for a burst or a busy neighbour."""
LARGE_STREAMS = 200
"""Up to here a plan gives no warning only because it is unknown whether a worker can carry it."""
NEIGHBOUR_CPU = 0.05
"""From so much of a core on, other processes count."""


class CalibrationError(FirstTokenError):
    """The calibration file cannot be read or written; the message is a sentence for the user."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """So many streams at once for some seconds, and what became of the figures."""

    streams: int
    tokens_per_s: float
    error_p50_ms: float | None
    error_p99_ms: float | None
    """Distance of the measured first tokens from the server's truth; None where none was measured."""
    hub_lag_p99_ms: float | None
    cpu_share: float | None
    """Of the worker, in shares of a core; in its busiest second."""
    server_late_ms: float | None
    """By how much the median stream ended later than the server had planned."""
    server_cpu_share: float | None
    others_cpu_share: float | None
    """Of all other processes of the machine, in cores; like the server's, None where the system does not report it."""
    failed: int
    client_limits: str
    """The evidence of the flags that void such a window, else empty."""

    @property
    def is_right(self) -> bool:
        """Whether the worker's figures were right."""
        close = self.error_p99_ms is not None and self.error_p99_ms <= WITHIN_MS
        return close and not self.failed and not self.client_limits

    @property
    def limit(self) -> Literal["client", "server"] | None:
        """Which side exceeded a bound. A saturated server says nothing about the client."""
        if (self.server_late_ms or 0.0) > SERVER_LATE_MS or (self.server_cpu_share or 0.0) > SERVER_CPU:
            return "server"
        return None if self.is_right else "client"


Limit = Literal["client", "server", "others"]
"""Who sets a ceiling: the worker, the simulated server, or other processes on a machine with no core to spare."""


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """What one worker of this machine watches within the bound."""

    taken_utc: str
    version: str
    host: Host
    streams: int
    """0: not even the first step held."""
    tokens_per_s: float
    limit: Limit | None
    """None: no more was tried."""
    steps: list[Step]

    @property
    def is_lower_bound(self) -> bool:
        """Whether the worker may watch more."""
        return self.limit != "client"

    @property
    def ceiling(self) -> str:
        """In words: "600 streams and 40,000 tokens/s"."""
        least = "at least " if self.is_lower_bound else ""
        return f"{least}{self.streams:,} streams and {self.tokens_per_s:,.0f} tokens/s"


class Peak(msgspec.Struct, frozen=True):
    """The most that a scenario asks of the load process at once."""

    streams: int | None
    """None where only a class of the locustfile knows."""
    tokens_per_s: float | None
    """None where no speed of its targets is published."""

    def __str__(self) -> str:
        if self.streams is None:
            return "an unknown number of streams"
        pace = "" if self.tokens_per_s is None else f" (about {self.tokens_per_s:,.0f} tokens/s)"
        return f"{self.streams:,} stream{'' if self.streams == 1 else 's'}{pace}"


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """What a scenario needs of this machine."""

    scenario: str
    peak: Peak
    workers: int | None
    """None where the calibration found no ceiling, or the peak is not known."""


def choose_streams(steps: Sequence[Step], most: int = MOST_STREAMS) -> int | None:
    """How many streams the next step of a calibration has; None when it is over.

    They double until the client breaks a bound twice at the same number, as once may be a busy neighbour's doing;
    then the middle between that and the last that held is tried. A server at its end is the end of the ramp.
    """
    if not steps:
        return min(FIRST_STREAMS, most)
    last, refused = steps[-1], _find_refused(steps)
    if last.limit == "server" or (refused and last.streams not in refused):
        return None
    if refused:
        held = max((step.streams for step in steps if step.limit is None), default=0)
        return (held + last.streams) // 2 or None
    following = last.streams if last.limit else 2 * last.streams
    return following if following <= most else None


def _find_refused(steps: Sequence[Step]) -> set[int]:
    """Numbers of streams at which the client broke a bound more than once."""
    broken = [step.streams for step in steps if step.limit == "client"]
    return {streams for streams in broken if broken.count(streams) > 1}


def conclude(steps: Sequence[Step], host: Host, version: str, taken_utc: str) -> Calibration:
    """What the steps of a ramp show; one whose server was at its end still counts for what the client watched."""
    best = max((step for step in steps if step.is_right), key=lambda step: step.streams, default=None)
    return Calibration(
        taken_utc=taken_utc,
        version=version,
        host=host,
        streams=0 if best is None else best.streams,
        tokens_per_s=0.0 if best is None else best.tokens_per_s,
        limit=_find_limit(steps, int(host["cores"])),
        steps=list(steps),
    )


def _find_limit(steps: Sequence[Step], cores: int) -> Limit | None:
    if steps[-1].limit == "server":
        return "server"
    refused = [step for step in steps if step.limit == "client" and step.streams in _find_refused(steps)]
    if not refused:
        return None
    return "others" if any(_is_crowded(step, cores) for step in refused) else "client"


def _is_crowded(step: Step, cores: int) -> bool:
    """Whether other processes were at work and not one whole core was free."""
    if step.others_cpu_share is None or step.others_cpu_share <= NEIGHBOUR_CPU:
        return False
    return step.others_cpu_share + (step.cpu_share or 0.0) + (step.server_cpu_share or 0.0) > cores - 1


def find_peak(scenario: Scenario, catalogue: Mapping[str, Model]) -> Peak:
    """The most requests to be expected open at once, and tokens/s: requests/s x tokens of an answer.

    Both at the published speeds. Targets that are driven together add up.
    """
    add = sum if scenario.load.drives_at_once else max
    answer = mean_tokens(scenario.traffic.output_tokens)
    opened = [most_streams(scenario, target, catalogue) for target in scenario.target]
    rates = [most_rps(scenario, target, catalogue) for target in scenario.target]
    paces = [rate * answer for rate in rates if rate is not None]
    known = [number for number in opened if number is not None]
    return Peak(add(known) if known else None, add(paces) if paces else None)


def find_need(scenario: Scenario, catalogue: Mapping[str, Model], calibration: Calibration) -> Need:
    """How many workers of a calibrated machine a scenario needs."""
    peak = find_peak(scenario, catalogue)
    return Need(scenario=scenario.name, peak=peak, workers=count_workers(peak, calibration))


def count_workers(peak: Peak, calibration: Calibration) -> int | None:
    """How many workers a peak needs, each filled to FILLED of its ceiling in streams and in tokens/s."""
    if not calibration.streams or not calibration.tokens_per_s or peak.streams is None:
        return None
    filled = max(peak.streams / calibration.streams, (peak.tokens_per_s or 0.0) / calibration.tokens_per_s)
    return math.ceil(filled / FILLED)


def find_plan_warnings(
    peak: Peak, calibration: Calibration | None, workers: int = 1, *, is_alone: bool = True
) -> Iterator[str]:
    """What to say before a run whose workers may not be up to its peak, or are not known to be.

    `is_alone`: all of them are on the calibrated machine, and more than it has cores do not make it faster.
    """
    is_known = calibration is not None and not calibration.is_lower_bound
    if peak.streams is None or (peak.streams <= LARGE_STREAMS * workers and not is_known):
        return
    if calibration is None:
        yield (
            f"the plan needs {peak}, and it is unknown how many one worker of this machine can time; run `firsttoken "
            "calibrate` first, it takes a minute"
        )
        return
    needed, cores = count_workers(peak, calibration), int(calibration.host["cores"])
    if needed is None or needed > workers or (is_alone and needed > cores):
        them = "" if needed is None else f": {needed} workers ({_where(needed, cores)})"
        yield (
            f"the plan needs {peak}; one worker of this machine was calibrated for {calibration.ceiling} "
            f"({calibration.taken_utc[:10]}, firsttoken {calibration.version}) and should carry at most {FILLED:.0%} "
            f"of that{them}; figures may be CLIENT_LIMITED"
        )


def _where(workers: int, cores: int) -> str:
    """Where so many workers can be had."""
    return "--workers" if workers <= cores else f"this machine has {cores} cores: add other machines with --remote"


def find_path(environ: Mapping[str, str]) -> Path:
    """Where the calibrations of this user's machines are: $XDG_CACHE_HOME, else ~/.cache."""
    cache = environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "firsttoken" / "calibration.json"


def read_calibration(path: Path, host: Host) -> Calibration | None:
    """The record of a host; None where it has none yet. Raises CalibrationError."""
    try:
        return _read_all(path).get(name_host(host))
    except (OSError, *UNREADABLE) as error:
        raise CalibrationError(
            f"{path}: expected a calibration that `firsttoken calibrate` wrote, got: {error}; run it again"
        ) from None


def write_calibration(path: Path, calibration: Calibration) -> None:
    """Put the record of a host into the file, beside those of other hosts. Raises CalibrationError."""
    draft = path.with_suffix(".draft")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        records: dict[str, Calibration] = {}
        with suppress(*UNREADABLE):  # an unreadable file is written anew
            records = _read_all(path)
        records[name_host(calibration.host)] = calibration
        draft.write_bytes(msgspec.json.format(msgspec.json.encode(records), indent=2) + b"\n")
        draft.replace(path)
    except OSError as error:
        raise CalibrationError(f"{path}: expected to save the calibration there, got: {error.strerror}") from None


def name_host(host: Host) -> str:
    """The key of a machine: its whole description, as another kernel or another memory makes another instrument."""
    return ", ".join(f"{name} {value}" for name, value in host.items())


def _read_all(path: Path) -> dict[str, Calibration]:
    """Every record by its host; none where there is no file."""
    return msgspec.json.decode(path.read_bytes(), type=dict[str, Calibration]) if path.exists() else {}
