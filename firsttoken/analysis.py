"""The public face for pages: all that a file in analysis/ imports of FirstToken.

A page is a function `build(study) -> Page | None`: a question, its answer in one sentence, a chart and a table. What it
shows it asks of the study: `study.result(target, "ttft_ms", level=16, q=0.95)` is a metric with its unit, n and
interval, `study.value(...)` the number alone, and METRICS lists the metrics. `metric_table` and `metric_figure` make
most tables and charts; the rest is matplotlib in the report's own style.

Rule: a page computes nothing. What it shows is in summary.json, where `firsttoken verify` checks it against the rows.
"""

from firsttoken.catalogue import Source
from firsttoken.decide.client_cost import Pair, find_most_added, find_pairs, list_apart, list_limited
from firsttoken.decide.flags.client_limits import BOUNDS
from firsttoken.decide.flags.delivery import LATE_MS
from firsttoken.decide.judge.instrument import InstrumentAccuracy
from firsttoken.decide.judge.profile import TimeSlice, find_break
from firsttoken.decide.measure.failures import Failure
from firsttoken.decide.measure.recovery import Recovery
from firsttoken.decide.metrics.offered_load import keeps_up
from firsttoken.decide.metrics.table import METRICS
from firsttoken.decide.metrics.value import MetricValue
from firsttoken.decide.published import AGREE, Comparison, compare_published, is_alone
from firsttoken.decide.study import Study, study_run
from firsttoken.decide.timeline import Timeline, read_timeline
from firsttoken.decide.tries import Try, list_tries
from firsttoken.decide.words.failure_words import shorten
from firsttoken.decide.words.units import UNKNOWN, round_significant, write_share, write_span, write_value
from firsttoken.decoding.duration import NS
from firsttoken.report.chart.axes import few_ticks, level_axis, load_axis
from firsttoken.report.chart.canvas import canvas, strips
from firsttoken.report.chart.curves import End, Point, draw_curve, end_of, label_ends
from firsttoken.report.chart.marks import draw_empty, draw_error_bar, draw_limit
from firsttoken.report.chart.metric_panel import MetricPanel, curve_of, metric_figure, shows_any
from firsttoken.report.chart.profile import draw_load_profile
from firsttoken.report.chart.rows import Difference, draw_differences, metric_bars
from firsttoken.report.chart.run_strips import draw_instrument, draw_timeline
from firsttoken.report.chart.short_names import shorten_middle, shorten_names
from firsttoken.report.chart.theme import (
    BAD,
    CAUTION,
    FAINT,
    GOOD,
    INK,
    PAPER,
    SOFT,
    VERDICT_COLOURS,
    colours,
    markers,
)
from firsttoken.report.instrument_error import read_all, worst_ms, write_bound, write_error, write_ms
from firsttoken.report.metric_table import (
    SHOWN,
    MetricColumn,
    count_cell,
    estimate_cell,
    ladder,
    metric_table,
    number_cell,
)
from firsttoken.report.page import Cell, Cells, Column, Page, Table, as_text, run_alone
from firsttoken.report.sentences import (
    MOST_NAMED,
    describe_run_failures,
    explain_failures,
    join_loads,
    join_words,
    name_ends,
    write_demand,
    write_percent,
    write_source,
)
from firsttoken.results.stage import Stage
from firsttoken.scenario.target import Target
from firsttoken.stats.batch import BATCHES

__all__ = [
    "AGREE",
    "BAD",
    "BATCHES",
    "BOUNDS",
    "CAUTION",
    "FAINT",
    "GOOD",
    "INK",
    "LATE_MS",
    "METRICS",
    "MOST_NAMED",
    "NS",
    "PAPER",
    "SHOWN",
    "SOFT",
    "UNKNOWN",
    "VERDICT_COLOURS",
    "Cell",
    "Cells",
    "Column",
    "Comparison",
    "Difference",
    "End",
    "Failure",
    "InstrumentAccuracy",
    "MetricColumn",
    "MetricPanel",
    "MetricValue",
    "Page",
    "Pair",
    "Point",
    "Recovery",
    "Source",
    "Stage",
    "Study",
    "Table",
    "Target",
    "TimeSlice",
    "Timeline",
    "Try",
    "as_text",
    "canvas",
    "colours",
    "compare_published",
    "count_cell",
    "curve_of",
    "describe_run_failures",
    "draw_curve",
    "draw_differences",
    "draw_empty",
    "draw_error_bar",
    "draw_instrument",
    "draw_limit",
    "draw_load_profile",
    "draw_timeline",
    "end_of",
    "estimate_cell",
    "explain_failures",
    "few_ticks",
    "find_break",
    "find_most_added",
    "find_pairs",
    "is_alone",
    "join_loads",
    "join_words",
    "keeps_up",
    "label_ends",
    "ladder",
    "level_axis",
    "list_apart",
    "list_limited",
    "list_tries",
    "load_axis",
    "markers",
    "metric_bars",
    "metric_figure",
    "metric_table",
    "name_ends",
    "number_cell",
    "read_all",
    "read_timeline",
    "round_significant",
    "run_alone",
    "shorten",
    "shorten_middle",
    "shorten_names",
    "shows_any",
    "strips",
    "study_run",
    "worst_ms",
    "write_bound",
    "write_demand",
    "write_error",
    "write_ms",
    "write_percent",
    "write_share",
    "write_source",
    "write_span",
    "write_value",
]
