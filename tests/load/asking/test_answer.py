"""What a behaviour may read of an answer."""

import warnings

import pytest

from firsttoken.load.asking.answer import Answer, TextNotKeptError, Usage
from firsttoken.old_paths import OldImportWarning
from firsttoken.row import Outcome, Row
from firsttoken.wire.dialects import DIALECTS

ASKED = [{"role": "user", "content": "Hello?"}]


def make_answer(outcome: Outcome = "ok", text: str | None = "Hi.") -> Answer:
    row = Row(outcome=outcome, sent_ns=1_000, first_token_ns=500_001_000, input_tokens=9, output_tokens=3)
    kept = None if text is None else [b'{"choices": [{"delta": {"content": "%b"}}]}' % text.encode()]
    return Answer(row, ASKED, DIALECTS["chat"], kept)


def test_an_answer_has_its_text_its_conversation_and_its_counts() -> None:
    answer = make_answer()

    assert (answer.ok, answer.text, answer.ttft_s) == (True, "Hi.", 0.5)
    assert answer.messages == [*ASKED, {"role": "assistant", "content": "Hi."}]
    assert answer.usage == Usage(input=9, cached=None, output=3, reasoning=None)


def test_a_request_that_failed_has_no_text_and_adds_nothing_to_its_conversation() -> None:
    answer = make_answer("truncated")

    assert (answer.ok, answer.text, answer.messages) == (False, "", ASKED)


def test_a_text_that_was_not_kept_is_an_error_that_says_what_to_write() -> None:
    answer = make_answer(text=None)

    for read in (lambda: answer.text, lambda: answer.messages):
        with pytest.raises(TextNotKeptError, match="write keep_text = True in the class of the user"):
            read()


def test_a_field_of_the_row_is_still_there_with_a_warning_and_nothing_else_is() -> None:
    with pytest.warns(OldImportWarning, match=r"read its row, as answer\.row\.outcome") as warned:
        assert make_answer().outcome == "ok"
    assert warned[0].filename == __file__
    with warnings.catch_warnings(), pytest.raises(AttributeError, match="an answer has no 'json'; it has text, "):
        warnings.simplefilter("error")
        make_answer().json  # noqa: B018
