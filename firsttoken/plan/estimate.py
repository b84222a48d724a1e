"""What a run will take, before it is started: stages, minutes, requests, tokens and dollars, at most.

Rule: the worst case is a bound under assumptions that are printed beside it, and what cannot be bounded is None, never
a guess. A cap of [budget] bounds what it caps. What is expected is no bound: it is what the plan asks for, without a
retry, in tokens as prose has them.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from statistics import fmean
from typing import NamedTuple, TypeVar

import msgspec

from firsttoken.catalogue import Model, Source
from firsttoken.plan.peak import find_top
from firsttoken.plan.request_bounds import (
    ForeseenStage,
    count_expected,
    count_requests,
    count_tries,
    foresee_stages,
    smaller,
)
from firsttoken.plan.windows import find_windows
from firsttoken.scenario.facts import MOST_FRAME_TOKENS, MOST_TOKENS_PER_WORD, PROSE_TOKENS_PER_WORD
from firsttoken.scenario.format import Budget, Scenario, Spread, mean_tokens
from firsttoken.scenario.rules import find_prices
from firsttoken.scenario.target import Target
from firsttoken.scenario.trace import read_arrivals
from firsttoken.traffic.conversation import BYTES_PER_WORD

N = TypeVar("N", int, float)

ASK_ABOVE_USD = 1.0
"""A run that may cost more is started only after the user agrees."""
USUAL_FRAME_TOKENS = 8
"""What a chat template adds to a prompt that is as long as prose is."""
UNKNOWN = "unknown"
NO_PRICE = "its price is not known"
NO_SPEED = "its speed is not published"
NO_PLAN = "only the class of the locustfile defines the number of users"


class Attempt(NamedTuple):
    """One attempt with the longest answer it may have."""

    input_tokens: float
    output_tokens: float
    usd: float | None
    """Its prompt billed at the dearest price of input that the source states."""
    expected_usd: float | None
    """Its prompt as long as prose is, and not cached."""
    usd_per_token: float | None
    """Of the dearer kind of token: what a cap on tokens lets through may all be of it."""


class TargetEstimate(msgspec.Struct, frozen=True, kw_only=True):
    """What one target will be asked, at most; None where that is unknown."""

    target: str
    simulated: bool
    stages: tuple[int, int] | None
    """At least and at most."""
    minutes: tuple[float, float | None] | None
    requests: int | None
    attempts: int | None
    input_tokens: int | None
    output_tokens: int | None
    usd: float | None
    """Of a simulated target, which costs nothing, what the same tokens would cost."""
    worst_usd: float | None = None
    """As `usd`, before a cap of [budget] bounds it."""
    expected_usd: float | None = None
    """What the plan asks for, no bound."""
    unknown: str
    """Why dollars are None, else empty."""

    @property
    def is_billed(self) -> bool:
        """Whether it is billed by the token."""
        return not self.simulated and self.unknown != NO_PRICE


class RunEstimate(msgspec.Struct, frozen=True, kw_only=True):
    """What the whole run will take, at most."""

    scenario: str
    targets: list[TargetEstimate]
    minutes: tuple[float, float | None] | None
    requests: int | None
    attempts: int | None
    input_tokens: int | None
    output_tokens: int | None
    usd: float | None
    """Of the targets that are not simulated and have a price."""
    worst_usd: float | None = None
    """As `usd`, before a cap of [budget] bounds it."""
    expected_usd: float | None = None
    """What the plan asks for, no bound."""
    assumes: list[str]
    """What the bounds rest on."""

    @property
    def question(self) -> str:
        """What to ask before the run is started; empty where it costs a dollar at most."""
        if self.usd is None:
            reasons = "; ".join(
                f"{each.target}: {each.unknown}" for each in self.targets if each.is_billed and each.unknown
            )
            return f"The cost of this run is unknown ({reasons}), and no cap of [budget] limits it."
        expected = "" if self.expected_usd is None else f"; about ${self.expected_usd:,.2f} are expected"
        return f"This run may cost up to ${self.usd:,.2f}{expected}." if self.usd > ASK_ABOVE_USD else ""


def estimate_run(scenario: Scenario, catalogue: Mapping[str, Model]) -> RunEstimate:
    """What a run of a scenario will take. Raises ScenarioError for a trace that cannot be read."""
    targets = [_estimate(scenario, target, catalogue) for target in scenario.target]
    together = scenario.load.drives_at_once
    minutes = [each.minutes for each in targets if each.minutes is not None]
    billed = [each for each in targets if each.is_billed]
    worst_usd, expected_usd = _add(each.worst_usd for each in billed), _add(each.expected_usd for each in billed)
    usd = smaller(_add(each.usd for each in billed), scenario.budget.usd or None)
    return RunEstimate(
        scenario=scenario.name,
        targets=targets,
        minutes=_cap_minutes(scenario, minutes[:1] if together else minutes),
        requests=_total(targets, "requests", scenario.budget.requests),
        attempts=_total(targets, "attempts", scenario.budget.requests),
        input_tokens=_total(targets, "input_tokens", scenario.budget.tokens),
        output_tokens=_total(targets, "output_tokens", scenario.budget.tokens),
        usd=usd,
        worst_usd=worst_usd,
        expected_usd=None if expected_usd is None else smaller(expected_usd, usd),
        assumes=[*_list_assumptions(scenario, targets), *_list_dollars(scenario, billed, usd, worst_usd, expected_usd)],
    )


def _estimate(scenario: Scenario, target: Target, catalogue: Mapping[str, Model]) -> TargetEstimate:
    stages = list(foresee_stages(scenario, target, catalogue))
    dearest = _price_attempt(scenario, target, find_prices(target, catalogue))
    counts = [count_requests(scenario, target, catalogue, stage) for stage in stages]
    caps = scenario.budget if target.base_url else Budget()
    planned = _add(attempts for _, attempts in counts) if stages else None
    attempts = smaller(planned, caps.requests or None)
    usd, worst_usd = _times(attempts, dearest.usd), _times(planned, dearest.usd)
    expected = [count_expected(scenario, target, catalogue, stage) for stage in stages]
    expected_usd = _times(_add(expected) if stages else None, dearest.expected_usd)
    if dearest.usd is not None:
        by_tokens = caps.tokens * dearest.usd_per_token if caps.tokens and dearest.usd_per_token else None
        usd = smaller(smaller(usd, caps.usd or None), by_tokens)
    return TargetEstimate(
        target=target.name,
        simulated=not target.base_url,
        stages=(sum(stage.is_certain for stage in stages), len(stages)) if stages else None,
        minutes=_cap_minutes(scenario, [_minutes(stage) for stage in stages]),
        requests=smaller(_add(requests for requests, _ in counts) if stages else None, attempts),
        attempts=attempts,
        input_tokens=_count_tokens(attempts, dearest.input_tokens, caps),
        output_tokens=_count_tokens(attempts, dearest.output_tokens, caps),
        usd=usd,
        worst_usd=worst_usd,
        expected_usd=expected_usd,
        unknown="" if usd is not None else NO_PRICE if dearest.usd is None else NO_SPEED if stages else NO_PLAN,
    )


def _price_attempt(scenario: Scenario, target: Target, source: Source | None) -> Attempt:
    """The mean attempt of a target; the tier of long prompts counts where one of them may reach it."""
    words, answer, longest = _find_lengths(scenario)
    frame, ratio = (MOST_FRAME_TOKENS, MOST_TOKENS_PER_WORD) if target.base_url else (0, 1.0)
    prompt = frame + ratio * words
    if source is None or source.input is None or source.output is None:
        return Attempt(prompt, answer, None, None, None)
    tier = source.long_context
    is_long = tier is not None and frame + ratio * longest > tier.over_tokens
    multiples = (tier.input_multiple, tier.output_multiple) if tier is not None and is_long else (1.0, 1.0)
    dearest = max(source.input, source.cached_input or 0.0, source.cache_write or 0.0)
    prices = [price * multiple / 1e6 for price, multiple in zip((dearest, source.output), multiples, strict=True)]
    usual = USUAL_FRAME_TOKENS + PROSE_TOKENS_PER_WORD * words if target.base_url else words
    expected_usd = usual * source.input * multiples[0] / 1e6 + answer * prices[1]
    return Attempt(prompt, answer, prompt * prices[0] + answer * prices[1], expected_usd, max(prices))


def _find_lengths(scenario: Scenario) -> tuple[float, float, float]:
    """Words of the mean prompt, tokens of the mean answer, and words of a long prompt."""
    traffic, system = scenario.traffic, scenario.traffic.system_words
    if traffic.trace:
        arrivals = read_arrivals(traffic)
        words = [arrival.input_tokens + system for arrival in arrivals]
        return fmean(words), fmean(arrival.output_tokens for arrival in arrivals), max(words)
    longest = traffic.input_tokens.p95 if isinstance(traffic.input_tokens, Spread) else traffic.input_tokens
    return mean_tokens(traffic.input_tokens) + system, mean_tokens(traffic.output_tokens), longest + system


def _count_tokens(attempts: int | None, each: float, caps: Budget) -> int | None:
    """Tokens of so many attempts; attempts may be refused and cost none, so that no cap on tokens bounds them."""
    return smaller(None if attempts is None else math.ceil(attempts * each), caps.tokens or None)


def _minutes(stage: ForeseenStage) -> tuple[float, float | None]:
    least_s, most_s = stage.windows.total
    return (least_s if stage.is_certain else 0.0) / 60, None if math.isinf(most_s) else most_s / 60


def _total(targets: list[TargetEstimate], count: str, cap: int) -> int | None:
    """A count of all targets; those that are not simulated have one cap for all of them, 0: none."""
    paid = _add(getattr(each, count) for each in targets if not each.simulated)
    return _add([smaller(paid, cap or None), *(getattr(each, count) for each in targets if each.simulated)])


def _cap_minutes(scenario: Scenario, spans: list[tuple[float, float | None]]) -> tuple[float, float | None] | None:
    """The minutes of all that runs one after the other."""
    if not spans:
        return None
    cap = scenario.budget.minutes or None
    least = sum(least for least, _ in spans)
    return least if cap is None else min(least, cap), smaller(_add(most for _, most in spans), cap)


def _list_assumptions(scenario: Scenario, targets: list[TargetEstimate]) -> Iterator[str]:
    load, tries = scenario.load, count_tries(scenario)
    windows = find_windows(scenario, find_top(scenario) or 0.0)
    if windows is not None:
        phases = {"settle": windows.settle, "measure": windows.measure}
        spans = [f"{name} {_span(*bounds)}" for name, bounds in phases.items()]
        yield f"Each stage takes its longest time: {', '.join(spans)}, hold up to {windows.hold_s:g} s."
    if load.search is not None:
        yield "A search is estimated as if every level took its full time at the highest load."
    if load.by == "users":
        yield "Answers have their full length, at the published speed of a single user: faster ones would cost more."
    elif tries > 1:
        yield f"Answers have their full length, and each request is sent {tries} times and billed each time."
    if scenario.traffic.prompts:
        yield (
            f"Prompts are as long as those of {scenario.traffic.prompts}: a word for each of theirs, or for each "
            f"{BYTES_PER_WORD} bytes where that is more."
        )
    if load.turns > 1:
        yield "A behaviour that keeps the history of a session, as chat does, sends its earlier turns again, and more."
    if not all(each.simulated for each in targets):
        yield f"A prompt has up to {MOST_TOKENS_PER_WORD:g} tokens a word, all billed at the highest input price."
    for each in targets:
        if each.unknown and not each.simulated:
            yield f"{each.target}: {each.unknown}{'' if each.is_billed else ', and it is not in the sum'}."
    caps = [f"{key} = {getattr(scenario.budget, key):g}" for key in ("usd", "tokens", "requests", "minutes")]
    written = [cap for cap in caps if not cap.endswith(" = 0")]
    if written:
        yield f"The run ends at the first cap of [budget] that it reaches: {', '.join(written)}."


def _list_dollars(
    scenario: Scenario, billed: list[TargetEstimate], usd: float | None, worst: float | None, expected: float | None
) -> Iterator[str]:
    """What is expected, what it is at worst, and what a cap of [budget] makes of it."""
    if not billed:
        return
    likely = UNKNOWN if expected is None else f"about ${expected:,.2f}"
    most = UNKNOWN if worst is None else f"${worst:,.2f}"
    capped = "" if usd is None or usd == worst else f", and ${usd:,.2f} after the caps of [budget]"
    yield (
        f"Expected cost: {likely} (no retries, {PROSE_TOKENS_PER_WORD:g} tokens a word); worst case: {most} before "
        f"any cap{capped}."
    )
    if expected is not None and 0 < scenario.budget.usd < expected:
        yield f"The cap of ${scenario.budget.usd:,.2f} will probably end the run before its plan is done."


def _times(count: float | None, each: float | None) -> float | None:
    return None if count is None or each is None else count * each


def _span(least_s: float, most_s: float) -> str:
    if math.isinf(most_s):
        return "until load.requests are sent"
    least, most = (f"{seconds:g}" if seconds < 1_000 else f"{seconds:,.0f}" for seconds in (least_s, most_s))
    return f"{least} s" if least == most else f"{least} to {most} s"


def _add(numbers: Iterable[N | None]) -> N | None:
    """Their sum; None where one of them is not known."""
    known = list(numbers)
    return None if None in known else sum(number for number in known if number is not None)
