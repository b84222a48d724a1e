"""The instrument's own error, for the charts that its readings stand in: how long its bar is, and the words for it.

Rule: the worst level speaks for a chart, and an error that could not be measured is stated, not drawn.
"""

from collections.abc import Sequence

from firsttoken.decide.judge.instrument import PROVEN_MS, InstrumentAccuracy
from firsttoken.decide.metrics.table import METRICS
from firsttoken.decide.study import Study
from firsttoken.row import Health
from firsttoken.scenario.format import mean_tokens

LEAST_MS = 0.01
"""Nothing is claimed to be known better than this: what the kernel itself takes to stamp an arrival."""


def read_all(study: Study) -> list[InstrumentAccuracy]:
    """The instrument at every measured target and level, as the ladder lists them.

    A target that is asked through the openai package is left out: what the package adds is there what is measured.
    """
    asked = [target.name for target in study.scenario.target if target.client == "wire"]
    return [study.instrument(target, level) for target in asked for level in study.levels(target)]


def worst_ms(study: Study) -> float | None:
    """The most that 99 of 100 first tokens of any level may be off by, in milliseconds."""
    known = [accuracy.uncertainty_ms for accuracy in read_all(study)]
    return max((value for value in known if value is not None), default=None)


def find_error_ms(study: Study, metric: str) -> float | None:
    """The instrument's own error in a latency; None where it is unknown, or the metric is no latency of tokens.

    An error of the first token is spread over the gaps of a mean answer in its time per token.
    """
    error_ms, kind = worst_ms(study), METRICS[metric].instrument_error
    if error_ms is None or kind is None:
        return None
    gaps = max(1.0, mean_tokens(study.scenario.traffic.output_tokens) - 1)
    return error_ms / gaps if kind == "gap" else error_ms


def find_worst(health: Sequence[Health], field: str, width_s: float = 1.0) -> tuple[list[float], list[float]]:
    """When, in seconds, and how bad the worst moment of any load process was in each span of so many seconds."""
    worst: dict[int, tuple[float, float]] = {}
    for beat in health:
        value, at_s = getattr(beat, field), beat.at_ns / 1e9
        span = int(at_s // width_s)
        if value is not None and (span not in worst or value > worst[span][1]):
            worst[span] = at_s, value
    found = [worst[span] for span in sorted(worst)]
    return [at_s for at_s, _ in found], [value for _, value in found]


def write_ms(error_ms: float) -> str:
    """An error in milliseconds, to the hundredth that can be known: "0.06 ms"."""
    return f"{max(error_ms, LEAST_MS):.2f} ms"


def write_bound(study: Study) -> str:
    """How well first tokens are known, as a sentence for a caption."""
    error_ms = worst_ms(study)
    if error_ms is None:
        return "The instrument's own error is unknown."
    matched = any(accuracy.matched for accuracy in read_all(study))
    otherwise = "as benchmarks have shown" if error_ms == PROVEN_MS else "by the brackets around the arrivals"
    source = "against the server's own log" if matched else otherwise
    return f"The instrument's own error: {write_ms(error_ms)} at p99, {source}."


def write_error(study: Study) -> str:
    """The same for a chart that draws it."""
    return write_bound(study).replace("error:", "error, drawn to scale at the foot of the left edge:")
