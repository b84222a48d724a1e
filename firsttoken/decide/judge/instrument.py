"""How accurate the instrument was at each level: against the server's log, or by its own brackets.

Rule: what is not known is None. The uncertainty is what a first token's time may be off by: the larger of the
bracket's width and the error against the server's log, both at p99 of the measured first tokens. Without a server
log nothing is claimed that benchmarks against one did not show.
"""

from collections.abc import Sequence

import msgspec
import numpy as np

from firsttoken.decide.flags.flag import Flag
from firsttoken.decide.measure.attempts import Floats
from firsttoken.decide.measure.health import find_seconds
from firsttoken.results.folder import Run
from firsttoken.results.stage import Stage

PROVEN_MS = 0.1
"""What 99 of 100 first tokens were off by at most, in benchmarks against a server that logs its truth."""


class InstrumentAccuracy(msgspec.Struct, frozen=True, kw_only=True):
    """The instrument over the measure windows of one target at one level. Milliseconds, shares of 1."""

    target: str
    level: float
    first_tokens: int
    kernel_share: float | None
    """Share of first tokens that the kernel stamped."""
    bracket_p99_ms: float | None
    matched: int
    """First tokens that the server's log holds too."""
    error_p50_ms: float | None
    error_p99_ms: float | None
    """Distance from the server's log, without its sign."""
    tpot_error_p50: float | None
    """Median relative distance of a stream's time per token from the server's log."""
    lateness_p99_ms: float | None
    lateness_max_ms: float | None
    """How long after their schedule requests of an open loop were begun; None in a closed one, which has none."""
    read_delay_p99_ms: float | None
    hub_lag_p99_ms: float | None
    """Of the median second."""
    hub_lag_max_ms: float | None
    cpu_share: float | None
    """Of one core, in the busiest second."""
    thrown_out: str
    """Why the level counts for nothing, else empty."""

    @property
    def uncertainty_ms(self) -> float | None:
        """What a first token may be off by, at p99; None where no first token was measured."""
        if self.bracket_p99_ms is None:
            return self.error_p99_ms
        return max(self.bracket_p99_ms, PROVEN_MS if self.error_p99_ms is None else self.error_p99_ms)


def read_instrument(
    run: Run, target: str, level: float, stages: Sequence[Stage], flags: Sequence[Flag]
) -> InstrumentAccuracy:
    """The accuracy at one target and level, whose stages these are; `flags` are the run's."""
    numbers = ", ".join(str(stage.stage) for stage in stages if stage.window) or "NULL"
    measured = f"stage IN ({numbers}) AND phase = 'measure' AND first_token_ns IS NOT NULL"
    marks = run.attempts("first_token_early_ns", "first_token_ns", "stamp", where=measured)
    truth = run.compare_truth(measured)
    seconds = find_seconds([stage.window for stage in stages if stage.window], run.health)
    widths_ms = (marks["first_token_ns"] - marks["first_token_early_ns"]) / 1e6
    late_ms = _read_lateness(run, numbers) if any(stage.by == "rate" for stage in stages) else np.zeros(0)
    errors_ms = np.abs(truth["first_token_ns"]) / 1e6
    decoded = truth["true_decode_ns"] > 0
    pace_errors = np.abs(truth["decode_ns"][decoded] / truth["true_decode_ns"][decoded] - 1)
    void = [flag.evidence for flag in flags if flag.is_void and (flag.target, flag.level) == (target, level)]
    return InstrumentAccuracy(
        target=target,
        level=level,
        first_tokens=len(widths_ms),
        kernel_share=float(np.mean(marks["stamp"] == "kernel")) if len(widths_ms) else None,
        bracket_p99_ms=_quantile(widths_ms, 0.99),
        matched=len(errors_ms),
        error_p50_ms=_quantile(errors_ms, 0.5),
        error_p99_ms=_quantile(errors_ms, 0.99),
        tpot_error_p50=_quantile(pace_errors, 0.5),
        lateness_p99_ms=_quantile(late_ms, 0.99),
        lateness_max_ms=float(late_ms.max()) if len(late_ms) else None,
        read_delay_p99_ms=_middle([line.read_delay_p99_ms for line in seconds]),
        hub_lag_p99_ms=_middle([line.hub_lag_p99_ms for line in seconds]),
        hub_lag_max_ms=max((line.hub_lag_max_ms for line in seconds), default=None),
        cpu_share=max((line.cpu_share for line in seconds), default=None),
        thrown_out=" ".join(void),
    )


def _read_lateness(run: Run, stages: str) -> Floats:
    """How late the measured requests of a schedule were begun; stages are their numbers."""
    measured = f"stage IN ({stages}) AND phase = 'measure' AND attempt = 1 AND turn = 0 AND sent_ns IS NOT NULL"
    marks = run.attempts("intended_ns", "connect_start_ns", "sent_ns", where=measured)
    return np.asarray(np.fmin(marks["connect_start_ns"], marks["sent_ns"]) - marks["intended_ns"]) / 1e6


def _quantile(values: Floats, q: float) -> float | None:
    return float(np.quantile(values, q, method="inverted_cdf")) if len(values) else None


def _middle(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None
