"""Does the service keep up when requests arrive without waiting for earlier answers?

Only of an open loop: the rate that was asked for against the rate that was answered, how many requests were open at
once, which arrivals were dropped, and how late the load process itself began them.
"""

from matplotlib.axes import Axes

from firsttoken.analysis import (
    INK,
    MetricColumn,
    MetricPanel,
    Page,
    Study,
    keeps_up,
    ladder,
    metric_figure,
    metric_table,
    round_significant,
    run_alone,
    write_ms,
)

ORDER = 35
COLUMNS = (
    MetricColumn("Arrived", "per second", "arrivals_rps"),
    MetricColumn("Answered", "per second", "answered_rps"),
    MetricColumn("Open", "at once, mean", "users_busy"),
    MetricColumn("Dropped", "arrivals", "dropped"),
    MetricColumn("Started late", "median, ms", "lateness_ms", 0.5, "0.01 ms"),
    MetricColumn("Started late", "p99, ms", "lateness_ms", 0.99, "0.01 ms"),
    MetricColumn("Started late", "worst, ms", "lateness_max_ms", None, "0.01 ms"),
)


def build(study: Study) -> Page | None:
    """The page: answered against asked, requests open, a row per target and level; None for a closed loop."""
    if study.unit.by != "rate" or not any(ladder(study)):
        return None
    panels = (
        MetricPanel("Answered, requests per second", "answered_rps", also=_draw_asked),
        MetricPanel("Requests open at once", "users_busy"),
    )
    return Page(
        slug="arrivals",
        title="Arrivals",
        question="Does the service keep up when requests arrive without waiting for earlier answers?",
        finding="; ".join(
            [*(_describe(study, target) for target in study.targets if study.levels(target)), _describe_lateness(study)]
        ),
        figure=metric_figure(study, panels),
        caption="Left: requests answered per second in the measure window, against the planned rate; dotted: all of "
        "them. Right: requests open at once, the mean over the window.",
        table=metric_table(study, COLUMNS, load="Asked"),
        notes=(
            "Arrived: the requests due in the window; chance makes that more or less than planned. Dropped: arrivals "
            "that were not sent, as load.max_in_flight requests were open.",
            "Started late: from the scheduled time to the first use of the network. User-perceived TTFT includes it, "
            "as it includes back-off; TTFT does not.",
        ),
    )


def _describe(study: Study, target: str) -> str:
    """Up to which rate a target keeps up, and what becomes of the next; of a load profile, how much it answered."""
    if study.unit.shape:
        level = study.levels(target)[-1]
        share = _write_share(study, target, level)
        return f"{target} answered {share} {study.unit.where(level)}" if share else f"{target} was asked nothing"
    kept = None
    for level in study.levels(target):
        ratio = study.result(target, "answered_ratio", level=level)
        if ratio is not None and not keeps_up(ratio):
            lost = f"answers only {_write_share(study, target, level)}"
            before = "" if kept is None else f" keeps up with {study.unit.write(kept)} but"
            return f"{target}{before} {lost}"
        kept = kept if ratio is None else level
    return f"{target} was asked nothing" if kept is None else f"{target} keeps up with every rate that was run"


def _write_share(study: Study, target: str, level: float) -> str:
    """What was answered of what came in: "11.2 of 14.0 requests a second"; empty where nothing came in."""
    asked, answered = (study.value(target, metric, level=level) for metric in ("arrivals_rps", "answered_rps"))
    if not asked or answered is None:
        return ""
    return f"{round_significant(answered)} of {round_significant(asked * study.unit.turns)} requests a second"


def _describe_lateness(study: Study) -> str:
    """How late the load process was, at worst, and what it dropped."""
    places = [(target, level) for target, level, _ in ladder(study)]
    late = [study.value(target, "lateness_ms", level=level, q=0.99) for target, level in places]
    count = sum(study.value(target, "dropped", level=level) or 0.0 for target, level in places)
    lost = f"{count:,.0f} arrival{' was' if count == 1 else 's were'} dropped" if count else "no arrival was dropped"
    worst_ms = max((each for each in late if each is not None), default=None)
    return lost if worst_ms is None else f"{lost} and 99 of 100 started within {write_ms(worst_ms)} of their time"


def _draw_asked(panel: Axes, study: Study) -> None:
    levels = sorted({level for _, level, _ in ladder(study)})
    panel.plot(levels, [level * study.unit.turns for level in levels], ":", color=INK, linewidth=0.9)


if __name__ == "__main__":
    raise SystemExit(run_alone(build, __doc__))
