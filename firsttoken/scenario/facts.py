"""What the catalogue knows of a model against what a scenario asks of it: its context window, the APIs that it answers.

Rule: a request that a dated source says cannot be answered is refused before it is sent, and the source is named. A
window belongs to the model at every provider; which API answers is the vendor's affair, so that it binds only a
target that is billed at one of the vendor's prices.
"""

from collections.abc import Iterator, Mapping
from statistics import fmean
from typing import NamedTuple

from firsttoken.catalogue import Model, Source
from firsttoken.scenario.format import Scenario, Spread
from firsttoken.scenario.rules import UNKNOWN_PRICES, find_prices
from firsttoken.scenario.target import Target
from firsttoken.scenario.trace import read_arrivals
from firsttoken.scenario.values import ScenarioError
from firsttoken.traffic.lengths import Length, draw_length, share_above

Catalogue = Mapping[str, Model]

PROSE_TOKENS_PER_WORD = 1.3
"""A length is asked for in words of our own; tokenizers make about so many tokens of one."""
MOST_TOKENS_PER_WORD, MOST_FRAME_TOKENS = 3.5, 32
"""Of a real server's prompt, at most: tokens a word (dense code has about 3), and what a chat template adds."""
MOST_OVER = 0.01
"""So large a share of the requests may be drawn too long for the window with a warning; more are refused."""
LEAST_OVER = 1e-5
"""A smaller share is not worth a word."""
STEPS = 200
"""Quantiles of an answer's length that are averaged over."""


class Window(NamedTuple):
    """How many tokens a model takes, prompt and answer together, and who says so."""

    tokens: int
    source: Source

    def __str__(self) -> str:
        return f"the context window of {self.tokens:,} tokens ({self.source.title}, {self.source.read})"


def find_window(target: Target, catalogue: Catalogue) -> Window | None:
    """The window by the source of a target's prices; where that states none, the widest that any source states."""
    sources = catalogue[target.model].sources if target.model in catalogue else {}
    chosen = find_prices(target, catalogue) if sources and not target.price else None
    if chosen is not None and chosen.window_tokens is not None:
        return Window(chosen.window_tokens, chosen)
    known = [Window(source.window_tokens, source) for source in sources.values() if source.window_tokens is not None]
    return max(known, key=lambda window: window.tokens, default=None)


def check_apis(scenario: Scenario, catalogue: Catalogue) -> None:
    """Refuse an API that a real model, at a price of its vendor's, does not answer. Raises ScenarioError."""
    for target in scenario.target:
        model = catalogue.get(target.model)
        if model is None or not target.base_url or target.price or target.prices == UNKNOWN_PRICES:
            continue
        for source in model.sources.values():
            if source.apis and target.api not in source.apis:
                raise ScenarioError(
                    f'target.{target.name}.api: expected {_list(source.apis)} for {target.model}, got "{target.api}", '
                    f"which it does not support ({source.title}, {source.read}); behind a gateway that translates, "
                    'write [target.price] or prices = "unknown"'
                )


def check_windows(scenario: Scenario, catalogue: Catalogue) -> None:
    """Refuse prompts and answers that do not fit a known window together. Raises ScenarioError."""
    for target in scenario.target:
        window = find_window(target, catalogue)
        if window is None:
            continue
        if scenario.traffic.trace:
            _check_trace(scenario, target, window)
        elif (share := share_over(scenario, window.tokens)) > MOST_OVER:
            some = "" if share == 1 else f": {share:.0%} of the requests do not fit"
            raise ScenarioError(
                f"traffic: expected prompt and answer together to fit {window} of {target.model}, got "
                f"{_describe_lengths(scenario)}{some}; use shorter ones, or choose another model"
            )


def _check_trace(scenario: Scenario, target: Target, window: Window) -> None:
    arrivals = read_arrivals(scenario.traffic)
    over = sum(arrival.input_tokens + arrival.output_tokens > window.tokens for arrival in arrivals)
    if over:
        raise ScenarioError(
            f"traffic.trace: expected requests that fit {window} of {target.model}, got {over:,} of "
            f"{len(arrivals):,} that do not; write trace_longest = {window.tokens} in [traffic] to leave these out"
        )


def warn_of_windows(scenario: Scenario, catalogue: Catalogue) -> Iterator[str]:
    """A sentence per target of whose requests some may not fit its window."""
    for target in scenario.target:
        window = find_window(target, catalogue)
        if window is None or scenario.traffic.trace:
            continue
        share = share_over(scenario, window.tokens)
        if share > LEAST_OVER:
            yield f"{target.name}: {share:.2%} of the requests are too long for {window}, and will be refused"
        elif target.base_url and share_over(scenario, window.tokens, PROSE_TOKENS_PER_WORD) > MOST_OVER:
            yield (
                f"{target.name}: {_describe_lengths(scenario)} are counted in words, of about "
                f"{PROSE_TOKENS_PER_WORD:g} tokens each: the prompts may not fit {window}"
            )


def share_over(scenario: Scenario, window: int, tokens_per_word: float = 1.0) -> float:
    """The share of the requests, prompt and answer drawn apart, that are longer than a window."""
    prompt, answer = _length(scenario.traffic.input_tokens), _length(scenario.traffic.output_tokens)
    answers = [draw_length(answer, (2 * place + 1) / (2 * STEPS)) for place in range(STEPS)]
    fixed = scenario.traffic.system_words
    return fmean(share_above(prompt, (window - each) / tokens_per_word - fixed) for each in answers)


def _length(tokens: int | Spread) -> Length:
    return (tokens.median, tokens.p95) if isinstance(tokens, Spread) else tokens


def _describe_lengths(scenario: Scenario) -> str:
    fixed = scenario.traffic.system_words
    system = f" behind a system prompt of {fixed:,}" if fixed else ""
    return f"{_describe(scenario.traffic.input_tokens)} in{system} and {_describe(scenario.traffic.output_tokens)} out"


def _describe(length: int | Spread) -> str:
    if isinstance(length, Spread):
        return f"median {length.median:,.0f}, p95 {length.p95:,.0f} tokens"
    return f"{length:,} tokens"


def _list(apis: tuple[str, ...]) -> str:
    return " or ".join(f'"{api}"' for api in apis)
