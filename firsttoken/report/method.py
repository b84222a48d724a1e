"""How a run was measured, in paragraphs that name the run's own settings.

Rule: what is said here is what the code does; a default is printed as the value that was used.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from firsttoken.decide.study import Study
from firsttoken.decide.words.scope import describe_load, shape_of
from firsttoken.decide.words.units import write_share, write_value
from firsttoken.decoding.duration import parse_duration
from firsttoken.plan.arrivals import describe_arrivals
from firsttoken.plan.turns import ORDERS
from firsttoken.plan.windows import MEASURE_S
from firsttoken.report.guard import guarded
from firsttoken.report.retries import write_policy
from firsttoken.report.sentences import join_words, write_percent, write_source
from firsttoken.scenario.format import CACHES, Scenario, Spread
from firsttoken.scenario.retry import read_policy
from firsttoken.scenario.slo import LIMITS, Slo

AUTOMATIC = (
    "Measuring ends once the share of requests that meets the SLO is known well enough, after five times the p99 "
    "of a whole answer and {} at the earliest, and {} at the latest. "
)
RAMPS = {"users": "users start one by one", "rate": "the rate rises in a straight line"}
MOST_LENGTHS = 4
"""Lengths of windows that are listed; of more, only the shortest and the longest."""

NO_LATENESS = (
    "In a closed loop a slow server gets fewer requests: the lateness that independent users would see is not in the "
    "results. "
)


def method(study: Study, failures: list[str] | None = None) -> list[tuple[str, str]]:
    """Headed paragraphs: load, stages, clock, SLO, retries, intervals, dollars, and what all this cannot see.

    A paragraph that cannot be written says so itself, and is named in `failures`.
    """
    failed = [] if failures is None else failures
    lost = "This paragraph could not be written; the page on validity says why."
    return [
        (title, guarded(f'the paragraph "{title}" of the method', partial(write, study), lost, failed))
        for title, write in PARAGRAPHS.items()
    ]


def _clock(study: Study) -> str:
    return (
        "Times are nanoseconds of the monotonic clock. The clock starts just before a request's first byte goes "
        "to the kernel, on a connection that is already open. Where the system allows, arrivals carry the "
        "kernel's own stamp, taken before our process wakes; if one read brings several events, the first token "
        "lies in a bracket between the read before and the stamp. Nothing is decoded before it is stamped."
        + _other_clocks(study.run.manifest.clock_error_ms)
    )


def _other_clocks(error_ms: float) -> str:
    """What clocks of other machines add, if there were any."""
    if not error_ms:
        return ""
    return (
        f" Workers on other machines set their clocks by that of the first, within {error_ms:.2f} ms. A "
        "latency is read on one clock; only what is counted over all workers second by second carries that error."
    )


def _attempts(_: Study) -> str:
    return (
        "Each attempt on the wire is one row, journalled before it is sent, so that what was lost can be counted. "
        "Success needs the server's own end marker; a stream that merely stops is truncated. An answer without a "
        "visible token or a tool call is empty: it misses the SLO and is in no latency. Tokens are the "
        "server's usage figures; chunks are never counted as tokens. Where only some streams reported their usage, "
        "tokens a second is an estimate (≈) with its estimated share; where none did, it is unknown."
    )


def _slo(study: Study) -> str:
    slo = study.scenario.slo
    return (
        f"A request meets it when it succeeds with {write_slo(slo)}. {write_share(slo.share)} of requests must. "
        "Errors and failed requests miss it."
    )


def _retries(study: Study) -> str:
    return write_policy(read_policy(study.scenario.retry))


def _intervals(_: Study) -> str:
    return (
        "Quantiles come from rows, never from buckets, and are never averaged. Their 95 % intervals are order "
        "statistics on the effective sample size, from at least 20 time batches each longer than a request; with "
        "fewer, n itself is used, which may make them too narrow: the page on latency names such loads. A "
        "quantile whose interval lacks an end is n/a. Shares: Clopper and Pearson. "
        "Rates: Student's t over time batches. One repeat is only an indication: it says nothing about tomorrow's "
        "run, and is never GO."
    )


def _unseen(study: Study) -> str:
    return (
        f"{NO_LATENESS if study.unit.by == 'users' else ''}One place of measurement sees one network path. "
        "Everything that page one lists as not tested."
    )


def write_slo(slo: Slo) -> str:
    """The limits of the SLO in words: "first token within 1.50 s and per token at most 20.0 ms"."""
    set_ms = slo.limits_ms
    words = [
        f"{each.words} {write_value(set_ms[each.metric], 'ms')}" for each in LIMITS.values() if each.metric in set_ms
    ]
    return join_words(words) or "no limit on its time"


def write_length(length: int | Spread) -> str:
    """A length in tokens: "400 tokens", or its median and p95."""
    if isinstance(length, Spread):
        return f"{length.median:,.0f} tokens in the median, {length.p95:,.0f} at p95 (lognormal)"
    return f"{length:,} tokens"


def write_loop(study: Study) -> str:
    """Whether users come back or requests just come, at which levels, in which order."""
    load, traffic = study.scenario.load, study.scenario.traffic
    loop = _closed(study) if study.unit.by == "users" else _open(study)
    runs = "once" if load.repeats == 1 else f"{load.repeats} times"
    behaviour = "A user" if study.unit.by == "users" else "The user who takes a request"
    return (
        f"{loop}{_levels(study)}, run {runs} each; {ORDERS[load.order].words}. {behaviour} behaves as "
        f"locustfiles/{traffic.locustfile}.py says; Locust runs the users, the connection and the clock are our own."
    )


def _closed(study: Study) -> str:
    pause_s = parse_duration(study.scenario.load.think)
    then = f", thinks for {write_value(1000 * pause_s, 'ms')} and asks again" if pause_s else " and asks again at once"
    return f"Closed loop: each user asks, reads the answer to its end{then}. "


def _open(study: Study) -> str:
    load = study.scenario.load
    come = "as in the trace" if shape_of(study.scenario) == "trace" else describe_arrivals(load.arrivals, load.cv)
    session = ""
    if load.turns > 1:
        pause = write_value(1000 * parse_duration(load.think), "ms")
        session = f" A session is {load.turns} requests, {pause} between an answer and the next of them."
    who = study.unit.unit.partition("/")[0]
    return (
        f"Open loop: {who} arrive {come}, independent of earlier answers; the schedule is "
        f"fixed beforehand by the seed, and time is counted from when one was due.{session} Arrivals beyond "
        "load.max_in_flight open requests are dropped and counted. "
    )


def _levels(study: Study) -> str:
    scenario, unit = study.scenario, study.unit
    tried = sorted({level for target in study.targets for level in study.levels(target)})
    if scenario.load.search is not None:
        return f"Levels: {describe_load(scenario, unit, None)} by bisection"
    if shape_of(scenario):
        return f"Load: {describe_load(scenario, unit, max(tried, default=None))}"
    levels = scenario.load.users or scenario.load.rate
    if len(levels) == 1:
        return f"A level of {unit.write(levels[0])}"
    return f"Levels of {join_words([unit.number(level) for level in levels])} {unit.unit}"


def _prompts(study: Study) -> str:
    scenario, traffic = study.scenario, study.scenario.traffic
    shared = f"{write_percent(traffic.shared)} of each prompt is shared by all"
    cache = shared if isinstance(traffic.cache, float) else CACHES[traffic.cache]
    lengths = f"{write_length(traffic.input_tokens)} in, {write_length(traffic.output_tokens)} out"
    texts = f"conversations of {Path(traffic.prompts).name}" if traffic.prompts else "of natural text"
    if traffic.system:
        lengths += f", behind a system prompt of {traffic.system_words:,} words"
    if traffic.trace:
        lengths = "prompts and answers as long as the trace's"
        if traffic.trace_left_out:
            lengths += f" (left out: {traffic.trace_left_out})"
    return (
        f"Asked for: {lengths}, {texts}, drawn from seed {scenario.seed}: the same prompts for every target. "
        "A word stands for a token of a prompt; servers count differently, and page one shows what they counted. "
        f"Cache: {cache}."
    )


def _stage(study: Study) -> str:
    windows = [stage.window for stage in study.run.stages if stage.window]
    lengths = sorted({round((end - begin) / 1e9, 1) for begin, end in windows})
    measured = join_words([f"{length:.1f} s" for length in lengths]) or "no window was reached"
    if len(lengths) > MOST_LENGTHS:
        measured = f"{lengths[0]:.1f} to {lengths[-1]:.1f} s"
    hold = write_value(1000 * parse_duration(study.scenario.load.hold), "ms")
    return (
        f"Ramp ({RAMPS[study.unit.by]}), settle, measure ({measured}), hold. {_ending(study.scenario)}"
        "Settling shorter than twice the p95 of a whole answer is flagged (UNSETTLED). Requests intended in the "
        "measure window are measured, whenever they end: load continues, unmeasured, until the last of them has ended "
        f"or the deadline of {hold} passes. Requests that are unfinished then are cut off, counted, and make their "
        "quantile a bound (≥)."
    )


def _ending(scenario: Scenario) -> str:
    """What ends a measure window, where it is no fixed time."""
    load, until = scenario.load, scenario.load.until
    if load.search is not None:
        return "Measuring ends once it is decided whether the SLO is met. "
    if until is None:
        is_fixed = load.measure != "auto" or load.requests or shape_of(scenario)
        return "" if is_fixed else AUTOMATIC.format(*(write_value(1000 * bound_s, "ms") for bound_s in MEASURE_S))
    metric, _, q = until.metric.rpartition("_")
    least, most = (write_value(1000 * parse_duration(text), "ms") for text in (until.least, until.most))
    return (
        f"Measuring ends once the 95 % interval of {metric} at {q} lies within {write_share(until.within)} of it to "
        f"either side, after {least} at the earliest and {most} at the latest. "
    )


def _dollars(study: Study) -> str:
    return " ".join(_list_prices(study))


def _list_prices(study: Study) -> Iterator[str]:
    for target in study.scenario.target:
        source = study.prices[target.name]
        if source is None or source.input is None or source.output is None:
            yield f"{target.name}: price unknown, so its dollars are unknown."
            continue
        cached = "" if source.cached_input is None else f", ${source.cached_input:,.2f} cached"
        prices = f"${source.input:,.2f} in{cached}, ${source.output:,.2f} out"
        yield f"{target.name}: {prices} per million tokens ({write_source(source)})."
    yield "A 429 bills nothing; a broken stream is estimated and given as a range."


PARAGRAPHS: dict[str, Callable[[Study], str]] = {
    "Load": write_loop,
    "Prompts": _prompts,
    "A stage": _stage,
    "Clock": _clock,
    "Attempts": _attempts,
    "SLO": _slo,
    "Retries": _retries,
    "Intervals": _intervals,
    "Dollars": _dollars,
    "What this cannot see": _unseen,
}
"""Heading -> what writes the paragraph beneath it, in the order of the page."""
