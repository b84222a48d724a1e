"""How long prompts and answers were, as the server counted them."""

import pytest

from firsttoken.decide.metrics.table import measure
from firsttoken.decide.words.lengths import Lengths, describe_lengths, read_lengths
from firsttoken.scenario.format import Traffic
from tests.decide.hand import build_window, key, result, row
from tests.decide.words.test_reasons import finding

TRAFFIC = Traffic(locustfile="chat", input_tokens=400, output_tokens=128)


@pytest.mark.parametrize(
    ("lengths", "words"),
    [
        (Lengths(405.4, 128, 400, 128), "prompts of 405 and answers of 128 tokens"),
        (Lengths(411, 32, 128, 32), "prompts of 411 and answers of 32 tokens (asked: 128 and 32)"),
        (Lengths(50, 200, 50, 16), "prompts of 50 and answers of 200 tokens (asked: 50 and 16)"),
        (Lengths(1234.5, 32, None, None), "prompts of 1,234 and answers of 32 tokens"),
        (
            Lengths(None, None, 400, 128),
            "prompts and answers of 400 and 128 tokens as requested; the server reported no counts",
        ),
    ],
)
def test_what_was_asked_is_never_told_as_had(lengths, words):
    assert describe_lengths(lengths) == words


def test_where_rows_do_not_say_what_was_asked_the_scenario_does():
    had = result("input_tokens_mean", 411.0, level=None)

    assert read_lengths(finding(had), TRAFFIC) == Lengths(411, None, 400, 128)
    asked = result("asked_input_tokens_mean", 390.0, level=None)
    assert read_lengths(finding(had, asked), TRAFFIC).asked_input == 390


def test_what_rows_say_was_asked_is_a_result():
    rows = [
        row("a", first=5, last=9, output=20, asked_input_tokens=90, asked_output_tokens=16),
        row("b", outcome="tls"),
    ]
    results = measure(build_window(rows))

    assert results[key("asked_output_tokens_mean")].value == 16
    assert results[key("asked_input_tokens_mean")].value == 90
    assert results[key("output_tokens_mean")].value == 20
