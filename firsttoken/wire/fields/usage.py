"""Tokens as servers count them, under any field name and however they sum them.

Rule: pure. A count is a possible whole number; one odd value costs only itself, and is reported. What a server reports
several times is merged field by field, and never back to 0 or to nothing. From the merged fields the row's counts
follow: `input` with all that was cached of it, `output` with all reasoning.
"""

from collections.abc import Iterable, Mapping
from itertools import product
from typing import NamedTuple

from firsttoken.row import MOST_TOKENS

MOST_UNSEEN = 131_072
"""Tokens that a model may have written without a byte of them on the wire, as far as any is known to."""

NAMES: dict[str, tuple[str, ...]] = {
    "input": (
        "prompt_tokens", "input_tokens", "promptTokenCount", "inputTokens", "inputTokenCount", "prompt_token_count",
    ),
    "output": (
        "completion_tokens", "output_tokens", "candidatesTokenCount", "outputTokens", "outputTokenCount",
        "candidates_token_count", "generated_tokens",
    ),
    "total": ("total_tokens", "totalTokenCount", "totalTokens", "total_token_count"),
    "cached": (
        "prompt_cache_hit_tokens", "cached_tokens", "cache_read_tokens", "cachedContentTokenCount",
        "num_cached_tokens", "cached_input_tokens", "cached_prompt_tokens", "cacheReadInputTokens",
    ),
    "cache_read": ("cache_read_input_tokens",),
    "written": (
        "cache_creation_input_tokens", "cache_write_tokens", "cache_creation_tokens", "cache_write_input_tokens",
        "cacheWriteInputTokens",
    ),
    "reasoning": (
        "reasoning_tokens", "thoughtsTokenCount", "thinking_tokens", "reasoningTokens", "thoughts_token_count",
    ),
}  # fmt: skip
"""What is counted -> the names in use for it, the most common first."""
DETAILS = frozenset({
    "prompt_tokens_details", "input_tokens_details", "completion_tokens_details", "output_tokens_details",
    "prompt_token_details", "input_token_details", "output_token_details", "cache_creation",
})  # fmt: skip
"""Objects of a usage that hold some of these."""
DETAIL_NAMES: dict[str, tuple[str, ...]] = {
    "cached": ("cached_tokens", "cache_read_tokens", "cache_read", "cached"),
    "written": ("cache_write_tokens", "cache_creation_tokens", "cache_creation"),
    "reasoning": ("reasoning_tokens", "reasoning", "thinking_tokens"),
}
KINDS, KINDS_OF_DETAILS = (
    {name: (rank, kind) for kind, keys in names.items() for rank, name in enumerate(keys)}
    for names in (NAMES, DETAIL_NAMES)
)
"""Name -> how uncommon it is for what it counts, and what that is."""
WRITTEN_PARTS = ("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")
"""Tokens written to the cache, by how long they stay."""

BESIDE = {
    "input_tokens": ("cache_read_input_tokens", "cache_creation_input_tokens"),
    "inputTokens": ("cacheReadInputTokens", "cacheWriteInputTokens"),
}
"""Flat beside these names of the input, these are Anthropic's and Bedrock's, whose input is only what was neither read
nor written."""
APART = "apart"
"""Key of the counts of a usage that names its cached tokens so."""

Counts = dict[str, int]
"""What is counted, by the keys of NAMES, as far as a server reported it."""


class Usage(NamedTuple):
    """What one event reports of its answer's tokens."""

    counts: Mapping[str, int]
    odd: bool = False
    """A reported value cannot be a count."""


class Tokens(NamedTuple):
    """What an answer used, None where it is not known; `cached` and `written` are part of `input`."""

    input: int | None = None
    cached: int | None = None
    written: int | None = None
    output: int | None = None
    reasoning: int | None = None
    odd: bool = False
    """The reported counts contradict each other; impossible ones are left unknown."""


def read_usage(value: object) -> Usage | None:
    """The counts of a usage object; None where it is another type, or empty."""
    if not isinstance(value, dict) or not value:
        return None
    counts = Counts()
    details = [inner for key, inner in value.items() if isinstance(inner, dict) and key in DETAILS]
    odd = False
    for source, kinds in (*((inner, KINDS_OF_DETAILS) for inner in details), (value, KINDS)):
        odd |= _add_counts(counts, source, kinds)
    parts = [count for inner in details for key in WRITTEN_PARTS if (count := read_count(inner.get(key))) is not None]
    if parts and not counts.get("written"):
        counts["written"] = sum(parts)
    if not details and any(name in value and not value.keys().isdisjoint(flat) for name, flat in BESIDE.items()):
        counts[APART] = 1
    return Usage(counts, odd) if counts.keys() - {APART} or odd else None


def _add_counts(counts: Counts, source: dict[str, object], kinds: Mapping[str, tuple[int, str]]) -> bool:
    """Add the counts of an object under the names of a table; return whether any value cannot be a count."""
    odd, ranks = False, dict[str, int]()
    for key, value in source.items():
        if value is None or key not in kinds or isinstance(value, dict):
            continue
        rank, kind = kinds[key]
        count = read_count(value)
        if count is None:
            odd = True
        elif not counts.get(kind) or (count and rank < ranks.get(kind, 0)):
            counts[kind], ranks[kind] = count, rank
    return odd


def read_count(value: object) -> int | None:
    """A count of tokens: a whole number from 0 on, also where it is written as 3.0 or "3"; None of anything else."""
    if type(value) is int:  # nearly always
        return value if 0 <= value <= MOST_TOKENS else None
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value) if len(value) < 12 else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value <= MOST_TOKENS and value == int(value) else None


def merge_counts(known: Counts, new: Mapping[str, int]) -> None:
    """Add to what is known; a 0 replaces nothing."""
    for kind, count in new.items():
        if count or kind not in known:
            known[kind] = count


def resolve_counts(counts: Mapping[str, int], *, bytes_received: int | None = None, answered: bool = False) -> Tokens:
    """The tokens of an answer, from all reported counts.

    Vendors differ in whether the input holds what was cached or written of it, and the output the reasoning. A total
    decides; without one, what cannot be inside stands beside: cached tokens above the input do. Reasoning above the
    output without a total leaves the output unknown. A total above all reported counts is the sign of reasoning that
    was not. `bytes_received`: of the body, where it was not compressed; an answer has no more tokens than bytes, but
    for what was never sent; `answered`: a token came, so that neither prompt nor answer can have had none.
    """
    input_tokens, written, reasoning = counts.get("input"), counts.get("written"), counts.get("reasoning")
    cached = counts.get("cached") or counts.get("cache_read", counts.get("cached"))
    output, odd = counts.get("output"), False
    parts = (cached or 0) + (written or 0)
    beside_input, beside_output = _find_beside(counts, parts, reasoning or 0)
    if input_tokens is not None and parts:
        odd = parts > input_tokens and beside_input is None and not counts.keys() & {"cache_read", APART}
        if beside_input or (beside_input is None and (parts > input_tokens or APART in counts)):
            input_tokens += parts
    if output is not None and reasoning:
        if beside_output:
            output += reasoning
        elif reasoning > output:
            output, reasoning, odd = None, None, True
    unreported = _find_unreported(counts, parts, reasoning or 0) if "total" in counts else 0
    if 0 < unreported <= MOST_UNSEEN and output is not None and not parts and not reasoning:
        output, reasoning = output + unreported, unreported
    elif unreported:
        odd = True
    if output is not None and bytes_received is not None:
        seen = output - (reasoning or 0)
        if seen > max(bytes_received, 0 if "reasoning" in counts else MOST_UNSEEN):
            output, reasoning, odd = None, None, True
    if output == 0 and answered:
        output, reasoning, odd = None, None, True
    if input_tokens is not None and (input_tokens > MOST_TOKENS or (input_tokens == 0 and answered)):
        input_tokens, cached, written, odd = None, None, None, True
    return Tokens(input_tokens, cached, written, output, reasoning, odd)


def _find_beside(counts: Mapping[str, int], parts: int, reasoning: int) -> tuple[bool | None, bool]:
    """Whether the cached and written tokens stand beside the input (None: unknown), and reasoning the output."""
    total, input_tokens, output = counts.get("total"), counts.get("input"), counts.get("output")
    if total and input_tokens is not None and output is not None:
        for beside_output, beside_input in _ways(parts, reasoning):
            if input_tokens + beside_input * parts + output + beside_output * reasoning == total:
                fits = beside_input or parts <= input_tokens
                return (beside_input if fits else None), beside_output
    return None, False


def _find_unreported(counts: Mapping[str, int], parts: int, reasoning: int) -> int:
    """Tokens of the total that no way to count explains; negative where it is below the reported parts, 0 without
    one."""
    total, input_tokens, output = counts.get("total"), counts.get("input"), counts.get("output")
    if not total or input_tokens is None or output is None:
        return 0
    ways = {input_tokens + output + own * reasoning + apart * parts for own, apart in _ways(parts, reasoning)}
    return 0 if total in ways else total - input_tokens - output


def _ways(parts: int, reasoning: int) -> Iterable[tuple[bool, bool]]:
    """Every way to count, the common ones first."""
    return product((False, True) if reasoning else (False,), (False, True) if parts else (False,))
