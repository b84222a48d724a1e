"""What a server will not have is named with the key that leaves it out, and what it says of a value is not taken so."""

import pytest

from firsttoken.load.refused_field import find_refused_field, name_field
from firsttoken.row import Row
from firsttoken.scenario.target import Target

SENT = ["model", "messages", "stream", "stream_options", "max_completion_tokens", "seed"]


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ("extra field stream_options", "stream_options"),
        ("stream_options is not supported", "stream_options"),
        ("body.stream_options: extra inputs are not permitted", "stream_options"),
        ("Unsupported parameter: 'max_completion_tokens'. Use 'max_tokens' instead.", "max_completion_tokens"),
        ("unknown field `seed`, and stream_options too", "seed"),
        ("the model is unknown", None),
        ("Invalid value for stream: expected true", None),
        ("my_stream_options_2 is missing", None),
        ("max_completion_tokens is too large: 200000", None),
        ("max_completion_tokens must be at least 16", None),
    ],
)
def test_a_field_is_named_by_the_servers_words(words, field):
    assert name_field(words, SENT) == field


def refused(words: str, outcome: str = "http_4xx", **target) -> str:
    row = Row(target="t", request_id="r", attempt=1, error=words, outcome=outcome)
    return find_refused_field(row, Target(model="m", **target))


def test_the_advice_is_the_key_to_write():
    assert 'omit = ["stream_options"]' in refused("stream_options is not supported")
    assert 'omit = ["stream_options"]' in refused("unknown key include_usage")
    assert "max_tokens = 128" in refused("unknown parameter max_completion_tokens")


def test_a_field_of_extra_body_is_taken_out_there():
    assert "extra_body of the target sends" in refused("unknown field top_k", extra_body={"top_k": 1})


def test_what_was_not_sent_is_not_left_out():
    assert refused("stream_options is not supported", omit=["stream_options"]) == ""
    assert refused("stream_options is not supported", api="responses") == ""
    assert refused("stream_options is not supported", outcome="http_5xx") == ""
