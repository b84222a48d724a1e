"""No impossible row passes, and no possible one is set aside."""

import random
from collections.abc import Iterator

import duckdb
import pytest

from firsttoken.results.columns import TYPES, restored
from firsttoken.results.database import load
from firsttoken.results.invariants import ANSWER, CONNECTING, COUNTS, IMPOSSIBLE, RULES
from firsttoken.row import Row

GOOD = Row(
    intended_ns=0, connect_start_ns=1, connected_ns=2, sent_ns=3, uploaded_ns=4, headers_ns=5, first_event_ns=6,
    first_token_early_ns=6, first_token_ns=7, first_visible_ns=8, last_token_ns=9, end_ns=9, gaps_us=[0, 2],
    input_tokens=10, output_tokens=3,
)  # fmt: skip

MARKS = (
    "intended_ns", "connect_start_ns", "connected_ns", "sent_ns", "uploaded_ns", "headers_ns", "first_event_ns",
    "first_token_ns", "first_visible_ns", "last_token_ns", "end_ns",
)  # fmt: skip


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def judge(connection: duckdb.DuckDBPyConnection, rows: list[Row]) -> list[list[str]]:
    """The rules that each row breaks, as the database sees it."""
    connection.execute("DROP TABLE IF EXISTS judged")
    load(connection, "judged", Row, rows)
    whole = f"SELECT {', '.join(map(restored, TYPES))} FROM judged"
    answers = connection.execute(f"SELECT {IMPOSSIBLE}, {', '.join(RULES.values())} FROM ({whole})").fetchall()
    broken = [[rule for rule, answer in zip(RULES, answer, strict=True) if answer] for _, *answer in answers]
    assert [impossible for impossible, *_ in answers] == [bool(rules) for rules in broken]
    return broken


def broken_rules(connection: duckdb.DuckDBPyConnection, row: Row) -> list[str]:
    (rules,) = judge(connection, [row])
    return rules


def changed(**fields: int | list[int] | None) -> Row:
    row = Row(**{name: getattr(GOOD, name) for name in TYPES})
    for name, value in fields.items():
        setattr(row, name, value)
    return row


def test_a_plain_row_is_possible(connection: duckdb.DuckDBPyConnection) -> None:
    assert broken_rules(connection, GOOD) == []


def test_a_row_without_any_mark_is_possible(connection: duckdb.DuckDBPyConnection) -> None:
    assert broken_rules(connection, Row()) == []


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("sent_ns", 6, "marks out of order"),
        ("end_ns", 8, "marks out of order"),
        ("first_visible_ns", 6, "marks out of order"),
        ("connected_ns", 0, "connection marks out of order"),
        ("uploaded_ns", 2, "connection marks out of order"),
        ("first_token_early_ns", 8, "first-token bracket reversed"),
        ("first_token_early_ns", 2, "first-token bracket reversed"),
        ("intended_ns", -1, "a time before the run"),
        ("output_tokens", -1, "a negative count"),
        ("cached_tokens", 11, "more cached than input tokens"),
        ("cache_write_tokens", 11, "more written to the cache than input tokens"),
        ("reasoning_tokens", 4, "more reasoning than output tokens"),
        ("output_tokens", 10_000_001, "more tokens than an answer can have"),
        ("input_tokens", 10_000_001, "more tokens than an answer can have"),
        ("gaps_us", [5, -1], "a negative gap"),
        ("sent_ns", None, "a token without a sent request"),
    ],
)
def test_each_rule_names_what_breaks_it(
    connection: duckdb.DuckDBPyConnection, field: str, value: int | list[int] | None, rule: str
) -> None:
    assert rule in broken_rules(connection, changed(**{field: value}))


WITHIN = [{"cached_tokens": 10}, {"cached_tokens": 4, "cache_write_tokens": 6}, {"reasoning_tokens": 3}]


@pytest.mark.parametrize("tokens", WITHIN)
def test_tokens_may_be_cached_written_or_reasoning_to_the_last(
    connection: duckdb.DuckDBPyConnection, tokens: dict[str, int]
) -> None:
    assert broken_rules(connection, changed(**tokens)) == []


def test_tokens_that_are_read_from_the_cache_and_written_to_it_are_different_ones(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    assert broken_rules(connection, changed(cached_tokens=6, cache_write_tokens=6)) == ["more cached than input tokens"]


def test_a_missing_mark_between_hides_no_disorder(connection: duckdb.DuckDBPyConnection) -> None:
    row = changed(headers_ns=8, first_event_ns=None, first_token_early_ns=None)

    assert broken_rules(connection, row) == ["marks out of order"]


def test_a_re_send_may_connect_after_the_first_send(connection: duckdb.DuckDBPyConnection) -> None:
    assert broken_rules(connection, changed(resends=1, connect_start_ns=4, connected_ns=5)) == []


def test_marks_in_any_disorder_and_with_any_gaps_are_judged_as_python_judges_them(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    draw = random.Random(3)
    rows = []
    for _ in range(2000):
        marks = {name: draw.choice([None, draw.randint(-1, 3), place]) for place, name in enumerate(MARKS)}
        counts = {name: draw.choice([-1, 0, 0, 1, 1, 1, 2]) for name in COUNTS if name != "resends"}
        rows.append(changed(**marks, **(counts if draw.random() < 0.3 else {}), first_token_early_ns=None, gaps_us=[]))

    judged = [not rules for rules in judge(connection, rows)]

    assert judged == [is_possible(row) for row in rows]
    assert 50 < sum(judged) < 1950


def is_possible(row: Row) -> bool:
    """What the rules say, in Python."""
    for chain in (ANSWER, CONNECTING):
        came = [at for name in chain if (at := getattr(row, name)) is not None]
        if came != sorted(came) or min(came, default=0) < 0:
            return False
    if row.first_token_ns is not None and row.sent_ns is None:
        return False
    cached, written, read = row.cached_tokens, row.cache_write_tokens, row.input_tokens
    for part, whole in ((cached, read), (written, read), (row.reasoning_tokens, row.output_tokens)):
        if part is not None and whole is not None and part > whole:
            return False
    if None not in (cached, written, read) and cached + written > read:
        return False
    return all((getattr(row, name) or 0) >= 0 for name in COUNTS)
