"""Rows written by hand, in milliseconds, and the arrays and window data that are built from them."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from firsttoken.catalogue import Source
from firsttoken.decide.flags.flag import Evidence, Flag, WindowFacts
from firsttoken.decide.flags.validity import find_flags
from firsttoken.decide.measure.answerers import COLUMNS as ANSWERERS
from firsttoken.decide.measure.answerers import Answerers
from firsttoken.decide.measure.attempts import COLUMNS, DTYPES, Attempts, take_columns
from firsttoken.decide.measure.slo import SloLimits
from firsttoken.decide.measure.streams import ReadGaps
from firsttoken.decide.measure.window_data import Reported, WindowData, read_window
from firsttoken.decide.measure.workload import WorkloadFacts
from firsttoken.decide.metrics.table import METRICS, measure
from firsttoken.decide.metrics.value import MetricKey, MetricValue
from firsttoken.decide.words.evidence import word_flag, write_sentences
from firsttoken.results.columns import CHECKS
from firsttoken.results.stage import Stage
from firsttoken.row import SUCCESS, TIERS, UNKNOWN_FINISH, UNREAD_LIMIT, Health, Row, name_tier

MS = 1_000_000
PRICED = Source(title="test prices", read="2026", input=3.0, output=12.0)


def row(
    request: str,
    attempt: int = 1,
    *,
    intended: float = 0,
    sent: float | None = None,
    first: float | None = None,
    last: float | None = None,
    end: float | None = None,
    output: int | None = None,
    **fields: object,
) -> Row:
    """A row whose marks are ms since the run's origin; unless told otherwise it succeeded and was sent at once.

    Its token events are spread evenly from first to last, `token_events` of them or one per output token.
    """
    fields = {"token_events": output or (2 if first is not None else 0), **fields}
    count = fields["token_events"]
    gaps = []
    if first is not None and last is not None and count > 1:
        gaps = np.diff(np.linspace(first * 1000, last * 1000, count).astype(int)).tolist()
    usual = {
        "outcome": "ok",
        "phase": "measure",
        "intended_ns": _ns(intended),
        "sent_ns": _ns(intended if sent is None else sent),
        "first_token_ns": _ns(first),
        "first_token_early_ns": _ns(first),
        "first_visible_ns": _ns(first),
        "last_token_ns": _ns(last if last is not None else first),
        "end_ns": _ns(last if end is None else end),
        "output_tokens": output,
        "input_tokens": None if output is None else 100,
        "gaps_us": gaps,
    }
    return Row(request_id=request, attempt=attempt, **(usual | fields))


def _ns(ms: float | None) -> int | None:
    return None if ms is None else round(ms * MS)


def take(rows: Sequence[Row]) -> Attempts:
    """Rows as attempts, in the order given."""
    names = [each.request_id for each in rows]
    derived: dict[str, list[object]] = {
        "file_row": list(range(len(rows))),
        "begins": [name != before for before, name in zip([None, *names], names, strict=False)],
        "gap_count": [len(each.gaps_us) for each in rows],
        "longest_gap_us": [max(each.gaps_us, default=None) for each in rows],
        "tier": [_place_tier(each.service_tier) for each in rows],
        **{name: [check in each.checks for each in rows] for name, check in CHECKS.items()},
    }
    columns = {name: derived[name] if name in derived else [getattr(each, name) for each in rows] for name in COLUMNS}
    return take_columns(
        {name: np.array(values, dtype=DTYPES.get(name, np.float64)) for name, values in columns.items()}
    )


def _place_tier(reported: str | None) -> float | None:
    if reported is None:
        return None
    return TIERS.index(name_tier(reported)) + 1 if name_tier(reported) in TIERS else 0


def gaps_of(rows: Sequence[Row]) -> ReadGaps:
    """The reader of the gaps of `take(rows)`."""

    def read(first: int, last: int) -> np.ndarray:
        return np.array([gap for each in rows[first : last + 1] for gap in each.gaps_us], dtype=np.int64)

    return read


def build_window(
    rows: Sequence[Row],
    slo: SloLimits | None = None,
    *,
    window: tuple[float, float] | None = (0, 10_000),
    end: float | None = 20_000,
    source: Source | None = PRICED,
    missing: int = 0,
    set_aside: Mapping[str, int] | None = None,
    **stage: object,
) -> WindowData:
    """The data of one stage with these rows, `missing` others lost; window and end in ms, `stage` has fields of Stage.

    What it `dropped`, it dropped in its window.
    """
    usual = {"stage": 0, "target": "model", "level": 1.0, "repeat": 0, "users": 1, "started": len(rows)}
    opens, closes = window or (None, None)
    lasts = {"measure_ns": _ns(opens), "hold_ns": _ns(closes), "end_ns": _ns(end)}
    stage |= {"dropped_measured": stage.get("dropped", 0)}
    reported = tell(rows)._replace(set_aside=set_aside or {})
    limits = slo or SloLimits({}, 0.95)
    return read_window(Stage(**(usual | lasts | stage)), take(rows), gaps_of(rows), limits, source, missing, reported)


def tell(rows: Sequence[Row]) -> Reported:
    """What the measured answers among rows tell beside their numbers."""
    answered = [each for each in rows if each.phase == "measure" and each.outcome in SUCCESS]

    def count(column: str, among: Sequence[Row] = answered) -> dict[str, int]:
        reported = (getattr(each, column) for each in among)
        return dict(Counter(value for value in reported if value is not None).most_common())

    answerers = Answerers(**{field: count(column) for field, column in ANSWERERS.items()})
    unread = [" ".join(check for check in each.checks if check.startswith(UNREAD_LIMIT)) for each in rows]
    return Reported(
        answerers,
        count("finish_reason", [each for each in answered if UNKNOWN_FINISH in each.checks]),
        unread_limits=dict(Counter(filter(None, unread))),
    )


def healthy(*seconds: int, **worse: float) -> list[Health]:
    """Health lines of a process at ease, one at the end of each of these seconds."""
    calm = {"hub_lag_p50_ms": 0.1, "hub_lag_p99_ms": 0.5, "hub_lag_max_ms": 1.0, "cpu_share": 0.2}
    results = calm | {"read_delay_p99_ms": 0.2} | worse
    return [
        Health(worker=0, at_ns=second * 1000 * MS, in_flight=1, users_busy=1, rss_mb=90.0, **results)
        for second in seconds
    ]


def result(
    metric: str, value: float | None, lo: float | None = None, hi: float | None = None, **keys: object
) -> MetricValue:
    """A result over all repeats at one level unless told otherwise."""
    keys = {"target": "model", "level": 16.0, "repeat": None, "q": None, "n": 100, "flags": (), **keys}
    return MetricValue(metric=metric, value=value, unit=METRICS[metric].unit, lo=lo, hi=hi, **keys)


def key(metric: str, q: float | None = None, level: float | None = 1.0, repeat: int | None = 0) -> MetricKey:
    """The key under which `measure(see(...))` has a metric."""
    return MetricKey(target="model", level=level, repeat=repeat, metric=metric, q=q)


def said(evidence: Evidence | None) -> str:
    """What shows a flag, in words; empty where nothing does."""
    return write_sentences(evidence.sentences) if evidence else ""


def raised(data: WindowData, lines: Sequence[Health], workload: WorkloadFacts | None = None) -> list[Flag]:
    """The flags of that data, in words."""
    return [word_flag(flag) for flag in find_flags(facts_of(data, lines, workload))]


def facts_of(data: WindowData, lines: Sequence[Health] = (), workload: WorkloadFacts | None = None) -> WindowFacts:
    """What a flag may be found in."""
    return WindowFacts(data, measure(data), lines, workload or WorkloadFacts())
