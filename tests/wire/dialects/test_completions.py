"""What each chunk of a completions stream means."""

import pytest

from firsttoken.wire.dialects.completions import read_completions
from firsttoken.wire.dialects.dialect import NOTHING, VISIBLE, Meaning
from firsttoken.wire.fields.usage import Usage
from firsttoken.wire.outcome import ProtocolError


def completion(text: str, finish: str = "null", rest: str = "") -> bytes:
    return f'{{"object":"text_completion","choices":[{{"text":{text},"finish_reason":{finish}}}]{rest}}}'.encode()


@pytest.mark.parametrize(("text", "meaning"), [('"Hi"', VISIBLE), ('" "', VISIBLE), ('""', NOTHING), ("null", NOTHING)])
def test_a_completion_is_a_token_only_if_it_says_something(text, meaning):
    assert read_completions(completion(text)) is meaning


def test_a_completion_may_end_with_its_last_token_and_the_usage():
    usage = ',"usage":{"prompt_tokens":11,"completion_tokens":7}'

    assert read_completions(completion('"."', '"length"', usage)) == Meaning(
        "visible", "length", Usage({"input": 11, "output": 7})
    )


def test_an_error_object_in_a_completions_stream_is_an_error():
    meaning = read_completions(b'{"error":{"message":"Overloaded","code":503}}')

    assert meaning.error is not None
    assert meaning.error.words == "Overloaded (503)"


def test_what_is_no_completion_is_refused_with_its_beginning():
    with pytest.raises(ProtocolError, match=r"expected an event of the completions API, got 'hello'"):
        read_completions(b"hello")
