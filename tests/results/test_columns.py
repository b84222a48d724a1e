"""Columns are the row's, and become numpy arrays by one rule."""

import numpy as np

from firsttoken.results.columns import DERIVED, OPTIONAL, TYPES, WORDS, as_numpy, restored, selected, unmasked
from firsttoken.row import Row


def test_types_follow_the_row() -> None:
    assert list(TYPES) == list(Row.__struct_fields__)
    assert TYPES["level"] == "DOUBLE"
    assert TYPES["sent_ns"] == "BIGINT"
    assert TYPES["outcome"] == "VARCHAR"
    assert TYPES["connection_reused"] == "BOOLEAN"
    assert TYPES["gaps_us"] == "BIGINT[]"
    assert TYPES["checks"] == "VARCHAR[]"


def test_what_may_be_absent_is_what_the_row_says_may_be_none() -> None:
    assert {name for name in TYPES if getattr(Row(), name) is None} == OPTIONAL


def test_what_the_journal_leaves_out_is_put_back() -> None:
    assert restored("stage") == 'coalesce("stage", 0) AS "stage"'
    assert restored("target") == 'coalesce("target", \'\') AS "target"'
    assert restored("gaps_us") == 'coalesce("gaps_us", []) AS "gaps_us"'
    assert restored("sent_ns") == '"sent_ns"'


def test_only_numbers_that_may_be_absent_become_floats() -> None:
    assert selected("sent_ns") == 'CAST("sent_ns" AS DOUBLE) AS "sent_ns"'
    assert selected("stage") == '"stage"'
    assert selected("error") == '"error"'


def test_what_is_derived_has_a_name_of_its_own() -> None:
    assert not DERIVED.keys() & TYPES.keys()
    assert selected("gap_count") == 'len(gaps_us) AS "gap_count"'


def test_a_text_of_few_words_is_one_object_in_every_place() -> None:
    assert WORDS["stamp"] == ("kernel", "user")
    assert set(WORDS) == {"phase", "stamp", "outcome", "token_source", "ratelimit_tokens_of"}
    assert selected("stamp") == """coalesce(list_position(['kernel', 'user'], "stamp"), 0)::UTINYINT AS "stamp\""""

    texts = as_numpy("stamp", np.array([2, 0, 1, 2], dtype=np.uint8))

    assert texts.tolist() == ["user", None, "kernel", "user"]
    assert texts[0] is texts[3]


def test_absent_numbers_are_nan_and_absent_texts_none() -> None:
    numbers = np.ma.MaskedArray([1.0, 2.0], mask=[False, True])
    texts = np.ma.MaskedArray(np.array(["a", "?"], dtype=object), mask=[False, True])
    flags = np.ma.MaskedArray([True, False], mask=[True, False])

    np.testing.assert_array_equal(unmasked(numbers), [1.0, np.nan])
    assert unmasked(texts).tolist() == ["a", None]
    assert unmasked(flags).tolist() == [None, False]
