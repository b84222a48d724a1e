"""The summary table of a run: a line per target and level, ready to print."""

from firsttoken.decide.metrics.value import MetricValue
from firsttoken.decide.study import Study
from firsttoken.decide.words.result_words import write_metric, write_point

COLUMNS: tuple[tuple[str, str, float | None], ...] = (
    ("first token", "ttft_ms", 0.5),
    ("first token, p95", "ttft_ms", 0.95),
    ("per stream, tok/s", "stream_tok_s", 0.5),
    ("all streams, tok/s", "system_tok_s", None),
    ("met the SLO", "attainment", None),
    ("failed per 1,000", "gave_up_per_1000", None),
)
"""(heading, metric, quantile) of every result in a line."""


def summarise(study: Study) -> tuple[list[str], list[list[str]]]:
    """The header and the lines: target, load, results without their intervals, verdict."""
    header = ["target", "load", *(heading for heading, _, _ in COLUMNS), "SLO"]
    lines = [
        [target, study.unit.write(level.level), *_write_cells(study, target, level.level), level.verdict]
        for target in study.targets
        for level in study.target_verdicts[target].levels
    ]
    return header, lines


def _write_cells(study: Study, target: str, level: float) -> list[str]:
    results = (study.result(target, metric, level=level, q=q) for _, metric, q in COLUMNS)
    return [_write_cell(result) for result in results]


def _write_cell(result: MetricValue | None) -> str:
    """A result without its interval or what the heading says; one that rests on too little is "n/a (n = 37)"."""
    written = write_metric(result)
    return (
        written if written.startswith("n/a") else write_point(result).removesuffix(" per 1,000").removesuffix(" tok/s")
    )
