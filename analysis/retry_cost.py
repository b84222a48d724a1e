"""What do errors, rate limits and retries cost: in seconds, in quota, in dollars?

Seconds: the first word as the user perceives it, failed attempts and back-off inside, beside the attempt that served
them. Quota: the share of attempts that counted against a limit and gave nothing. Dollars: all attempts against those
that succeeded.
"""

import math

from firsttoken.analysis import (
    MetricColumn,
    MetricPanel,
    Page,
    Study,
    ladder,
    metric_figure,
    metric_table,
    run_alone,
    write_error,
    write_percent,
    write_value,
)

ORDER = 40
COLUMNS = (
    MetricColumn("Attempts", "per request", "attempts_per_request", None, "×"),
    MetricColumn("Retried", "per 1,000", "retried_per_1000"),
    MetricColumn("Saved", "per 1,000", "saved_per_1000"),
    MetricColumn("Failed", "per 1,000", "gave_up_per_1000"),
    MetricColumn("Back-off", "ms each", "backoff_ms_per_request"),
    MetricColumn("Wasted", "attempts, %", "wasted_attempts_share"),
    MetricColumn("Wasted", "tokens, %", "wasted_tokens_share"),
    MetricColumn("Retry tax", "×", "retry_tax"),
)
PANELS = (
    MetricPanel("Seconds: first word, p95", "felt_ttft_ms", 0.95, "s", dashed=("served_ttft_ms", 0.95)),
    MetricPanel("Quota: attempts wasted, %", "wasted_attempts_share", least=(-0.02, 1.0)),
    MetricPanel("Dollars: retry tax, ×", "retry_tax", least=(0.998, 1.1)),
)


def build(study: Study) -> Page | None:
    """The page: one panel per currency, one row per target and level; None where no load was measured."""
    if not any(ladder(study)):
        return None
    return Page(
        slug="retry_cost",
        title="Retry cost",
        question="What do errors, rate limits and retries cost: in seconds, in quota, in dollars?",
        finding=_finding(study),
        figure=metric_figure(study, PANELS, 7.5),
        caption="Seconds: p95 of the wait for the first word (solid; it ends where over 5 % failed), and of the "
        "successful attempt alone (dashed). Quota: share of failed attempts. Dollars: all "
        "attempts against successful ones. Bands: 95 % intervals. " + write_error(study),
        table=metric_table(study, COLUMNS),
        notes=(
            f"Retry policy: {study.scenario.retry.policy}. Saved: requests that a retry made succeed.",
            "Hosted services count failed requests against their limits too. A 429 bills nothing; the cost of a "
            "broken stream is an estimate from its prompt and its events, shown as a range.",
        ),
    )


def _finding(study: Study) -> str:
    found = [(study.result(target, "wasted_attempts_share", level=level), target, level)
             for target, level, _ in ladder(study)]  # fmt: skip
    attempts = sum(result.n for result, _, _ in found if result)
    wasted = [(result.value, target, level) for result, target, level in found if result and result.value]
    if not attempts:
        return "No measured attempt finished, so the cost of retries is unknown"
    if not wasted:
        return f"None of {attempts:,} measured attempts failed: retries cost nothing at any load"
    share, target, level = max(wasted, key=lambda each: each[0])
    costs = [f"{write_percent(share)} of attempts were wasted", *_seconds_and_dollars(study, target, level)]
    return f"Retries cost most on {target} {study.unit.where(level)}: {', '.join(costs)}"


def _seconds_and_dollars(study: Study, target: str, level: float) -> list[str]:
    parts = []
    if study.value(target, "felt_ttft_ms", level=level, q=0.95) == math.inf:
        failed = write_value(study.value(target, "gave_up_per_1000", level=level), "per 1,000")
        parts.append(f"{failed} requests failed")
    elif (later_ms := study.value(target, "retry_added_ttft_ms", level=level, q=0.95) or 0.0) > 1:
        parts.append(f"the first word came {write_value(later_ms, 'ms')} later at p95")
    tax = study.value(target, "retry_tax", level=level)
    if tax is not None:
        extra = f"{100 * (tax - 1):.1f} %"
        parts.append("no extra dollars" if extra == "0.0 %" else f"the bill grew by {extra}")
    return parts


if __name__ == "__main__":
    raise SystemExit(run_alone(build, __doc__))
