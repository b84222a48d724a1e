"""One word is one token, on the way in and on the way out."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firsttoken.simulator.words import WORDS, count_tokens, speak, write_out


@given(st.integers(0, 10**9), st.integers(1, 2_000))
def test_an_answer_has_as_many_words_as_tokens_were_asked(start, tokens):
    assert len(list(speak(start, tokens))) == tokens
    assert count_tokens(write_out(start, tokens)) == tokens


def test_joined_tokens_are_the_whole_answer():
    assert b"".join(speak(17, 300)).decode() == write_out(17, 300)


def test_answers_begin_where_chance_says():
    assert write_out(0, 5) == "The first word of an"
    assert write_out(2, 3) == "word of an"


def test_no_word_needs_escaping_in_json():
    assert [json.dumps(word.decode()) for word in WORDS] == [f'"{word.decode()}"' for word in WORDS]


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("one", 1), (" two  words\n", 2), ("a\tb\u00a0c", 3)])
def test_words_are_parted_by_white_space(text, tokens):
    assert count_tokens(text) == tokens
