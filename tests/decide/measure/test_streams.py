"""Gaps are read a part at a time, and what they say is what they would say all at once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firsttoken.decide.measure.streams import join_streams, read_streams, split_attempts
from firsttoken.row import Row
from tests.decide.hand import MS, gaps_of, row, take

WINDOW = (500 * MS, 4_000 * MS)
PACE_MS = 15.0

streams = st.lists(
    st.tuples(st.integers(0, 4_000), st.lists(st.integers(0, 90_000), max_size=30), st.none() | st.integers(1, 90)),
    min_size=1, max_size=12,
)  # fmt: skip


def make_rows(drawn: list[tuple[int, list[int], int | None]]) -> list[Row]:
    rows = []
    for number, (first_ms, gaps_us, output) in enumerate(drawn):
        last_ms = first_ms + sum(gaps_us) / 1000
        rows.append(row(f"r{number:02}", first=first_ms, last=last_ms, output=output, token_events=len(gaps_us) + 1))
        rows[-1].gaps_us = gaps_us
    return rows


@given(streams, st.integers(1, 60))
def test_parts_of_any_size_tell_what_the_whole_tells(drawn, at_once):
    rows = make_rows(drawn)

    whole = read_streams(take(rows), gaps_of(rows), [WINDOW], PACE_MS)
    parts = read_streams(take(rows), gaps_of(rows), [WINDOW], PACE_MS, at_once)

    np.testing.assert_array_equal(parts.late_tokens, whole.late_tokens)
    np.testing.assert_array_equal(parts.arrived[0].events, whole.arrived[0].events)
    np.testing.assert_array_equal(parts.arrived[0].unreported, whole.arrived[0].unreported)
    assert parts.arrived[0].reported == pytest.approx(whole.arrived[0].reported, rel=1e-12)


@given(streams, st.integers(1, 60))
def test_a_part_is_the_next_of_the_file_and_has_about_so_many_gaps(drawn, at_once):
    attempts = take(make_rows(drawn))

    parts = list(split_attempts(attempts, at_once))

    assert np.concatenate(parts).tolist() == list(range(len(attempts)))
    assert all(attempts.gap_count[part[1:]].sum() < at_once for part in parts)


def test_rows_that_lie_otherwise_in_the_file_keep_their_own_gaps():
    """Attempts are sorted by request, the file by when they ended."""
    rows = make_rows([(1000, [100_000], 4), (0, [10_000] * 3, 4)])
    attempts = take(rows)
    attempts.file_row[:] = [1, 0]
    in_file = gaps_of([rows[1], rows[0]])

    seen = read_streams(attempts, in_file, [WINDOW], PACE_MS, at_once=1)

    assert seen.late_tokens == pytest.approx(read_streams(take(rows), gaps_of(rows), [], PACE_MS).late_tokens)


def test_without_a_pace_in_the_slo_nobody_knows_what_was_late():
    rows = make_rows([(0, [10_000], 2)])

    assert np.isnan(read_streams(take(rows), gaps_of(rows), [WINDOW], None).late_tokens).all()


def test_a_stage_without_attempts_has_windows_into_which_nothing_fell():
    [arrived] = read_streams(take([]), gaps_of([]), [WINDOW], PACE_MS).arrived

    assert (arrived.window, arrived.events.sum(), arrived.reported.sum()) == (WINDOW, 0, 0)


def test_streams_of_stages_are_joined_in_their_order():
    one = make_rows([(0, [100_000], 2)])
    other = make_rows([(1000, [10_000], 2), (1000, [], None)])
    parts = [read_streams(take(rows), gaps_of(rows), [WINDOW], PACE_MS) for rows in (one, other)]

    joined = join_streams(parts)

    assert joined.late_tokens == pytest.approx([*parts[0].late_tokens, *parts[1].late_tokens], nan_ok=True)
    assert [int(arrived.events.sum()) for arrived in joined.arrived] == [0, 3]
