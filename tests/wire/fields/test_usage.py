"""Tokens from whatever a server tells: one odd value costs only itself, and nothing comes out that cannot be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firsttoken.wire.fields.usage import (
    MOST_TOKENS,
    Tokens,
    Usage,
    merge_counts,
    read_count,
    read_usage,
    resolve_counts,
)


def resolve(*told: object, bytes_received: int | None = None) -> Tokens:
    """The tokens of an answer that told these usages one after the other."""
    counts: dict[str, int] = {}
    odd = False
    for usage in filter(None, map(read_usage, told)):
        merge_counts(counts, usage.counts)
        odd |= usage.odd
    tokens = resolve_counts(counts, bytes_received=bytes_received)
    return tokens._replace(odd=tokens.odd or odd)


@pytest.mark.parametrize(
    ("value", "count"),
    [
        *((3, 3), (0, 0), (3.0, 3), ("3", 3), (3.4, None), (-1, None), (1e20, None), (10**30, None), (True, None)),
        *(("x", None), ("", None), ("9" * 40, None), (None, None), ([], None), ({}, None), (float("nan"), None)),
    ],
)
def test_a_count_is_a_whole_number_that_can_be(value, count):
    assert read_count(value) == count


@pytest.mark.parametrize("value", [None, [], "", {}, 3, "3", True])
def test_what_is_no_usage_tells_nothing(value):
    assert read_usage(value) is None


@pytest.mark.parametrize(
    "odd",
    [{"completion_tokens": -1}, {"completion_tokens": 3.4}, {"completion_tokens": "many"}, {"completion_tokens": 1e20}],
)
def test_one_odd_value_costs_only_itself_and_is_said(odd):
    assert read_usage({"prompt_tokens": 12} | odd) == Usage({"input": 12}, odd=True)


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"prompt_tokens": 100, "completion_tokens": 40}, Tokens(100, output=40)),
        ({"input_tokens": 100, "output_tokens": 40}, Tokens(100, output=40)),
        ({"promptTokenCount": 100, "candidatesTokenCount": 40}, Tokens(100, output=40)),
        ({"prompt_tokens": 100, "prompt_tokens_details": {"cached_tokens": 80}}, Tokens(100, 80)),
        ({"prompt_tokens": 100, "prompt_tokens_details": None, "prompt_cache_hit_tokens": 80}, Tokens(100, 80)),
        ({"prompt_tokens": 100, "prompt_tokens_details": [], "cached_tokens": 80}, Tokens(100, 80)),
        ({"prompt_tokens": 100, "num_cached_tokens": 80}, Tokens(100, 80)),
        ({"prompt_tokens": 100, "cache_read_input_tokens": 80}, Tokens(100, 80)),
        ({"prompt_tokens": 100, "cache_creation_input_tokens": 90}, Tokens(100, written=90)),
        ({"prompt_tokens": 100, "prompt_tokens_details": {"cache_write_tokens": 90}}, Tokens(100, written=90)),
    ],
)
def test_a_count_is_found_under_every_name_in_use(usage, tokens):
    assert resolve(usage) == tokens


ANTHROPIC = {"input_tokens": 100, "cache_read_input_tokens": 80, "cache_creation_input_tokens": 20, "output_tokens": 4}


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        (ANTHROPIC, Tokens(200, 80, 20, 4)),
        # through a gateway with chat's names it is part of the prompt, unless that is smaller
        ({"prompt_tokens": 100, "cache_read_input_tokens": 80, "completion_tokens": 4}, Tokens(100, 80, None, 4)),
        (
            {"prompt_tokens": 10, "cache_read_input_tokens": 5000, "completion_tokens": 50, "total_tokens": 60},
            Tokens(5010, 5000, None, 50),
        ),
        # a total decides
        (
            {"prompt_tokens": 100, "cached_tokens": 80, "completion_tokens": 4, "total_tokens": 184},
            Tokens(180, 80, None, 4),
        ),
        (
            {"prompt_tokens": 100, "cached_tokens": 80, "completion_tokens": 4, "total_tokens": 104},
            Tokens(100, 80, None, 4),
        ),
        # cached above the input under a name that means a part of it
        ({"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 5000}}, Tokens(5010, 5000, odd=True)),
    ],
)
def test_what_was_cached_is_part_of_the_input_however_it_is_told(usage, tokens):
    assert resolve(usage) == tokens


@pytest.mark.parametrize(
    ("output", "total", "reasoning", "tokens"),
    [
        (103, 135, 94, (103, 94, False)),
        (9, 135, 94, (103, 94, False)),
        (94, 135, 9, (103, 9, False)),
        (9, None, 94, (None, None, True)),
        (9, 41, 94, (None, None, True)),
    ],
)
def test_reasoning_beside_the_output_is_found_out_by_the_total(output, total, reasoning, tokens):
    usage = {"prompt_tokens": 32, "completion_tokens": output, "total_tokens": total, "reasoning_tokens": reasoning}

    found = resolve(usage)

    assert (found.output, found.reasoning, found.odd) == tokens


@pytest.mark.parametrize(
    ("told", "tokens"),
    [
        ([{"prompt_tokens": 12, "completion_tokens": n} for n in (1, 2, 3)], Tokens(12, output=3)),
        ([{"prompt_tokens": 12, "completion_tokens": 3}, {}], Tokens(12, output=3)),
        (
            [{"prompt_tokens": 12, "completion_tokens": 3}, {"prompt_tokens": 0, "completion_tokens": 0}],
            Tokens(12, output=3),
        ),
        ([{"prompt_tokens": 25, "completion_tokens": 1}, {"completion_tokens": 120}], Tokens(25, output=120)),
        ([{"prompt_tokens": 9, "cached_tokens": 8}, {"prompt_tokens": 9, "cached_tokens": None}], Tokens(9, 8)),
        ([{"input_tokens": 9, "cache_read_input_tokens": 8}, {"output_tokens": 5}], Tokens(17, 8, None, 5)),
    ],
)
def test_what_is_told_several_times_is_merged_field_by_field_and_never_back_to_nothing(told, tokens):
    assert resolve(*told) == tokens


def test_an_answer_has_no_more_tokens_than_bytes_but_for_reasoning_that_was_never_sent():
    assert resolve({"completion_tokens": 3_000_000}, bytes_received=900) == Tokens(odd=True)
    assert resolve({"completion_tokens": 5_000, "reasoning_tokens": 0}, bytes_received=900) == Tokens(odd=True)
    assert resolve({"completion_tokens": 5_000, "reasoning_tokens": 4_500}, bytes_received=900).output == 5_000
    assert resolve({"completion_tokens": 5_000}, bytes_received=900).output == 5_000
    assert resolve({"completion_tokens": 3_000_000}).output == 3_000_000


COUNT = st.one_of(st.none(), st.integers(-5, 10**8), st.floats(allow_nan=True), st.text(max_size=3), st.booleans())
NAME = st.sampled_from([
    "prompt_tokens", "input_tokens", "completion_tokens", "total_tokens", "reasoning_tokens", "cached_tokens",
    "cache_read_input_tokens", "cache_creation_input_tokens",
])  # fmt: skip
DETAILS = st.dictionaries(st.sampled_from(["cached_tokens", "reasoning_tokens", "cache_write_tokens"]), COUNT)


@given(st.lists(st.dictionaries(NAME, COUNT), max_size=3), DETAILS)
def test_whatever_is_told_no_part_is_larger_than_the_whole(told, details):
    tokens = resolve(*told, {"prompt_tokens_details": details, "completion_tokens_details": details})

    assert all(count is None or count >= 0 for count in tokens)
    if tokens.input is not None:
        assert (tokens.cached or 0) + (tokens.written or 0) <= tokens.input <= 4 * MOST_TOKENS
    if tokens.output is not None:
        assert (tokens.reasoning or 0) <= tokens.output
