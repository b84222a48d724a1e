"""Bodies are decoded with a clear refusal of what is not one, and a prompt's tokens are the words of its texts."""

import msgspec
import pytest

from firsttoken.simulator.dialects.dialect import Part, Prompt, check_tokens, decode, read_prompt
from firsttoken.simulator.errors import ApiError


class Form(msgspec.Struct):
    name: str
    sizes: list[int] = []


def refuse(body: bytes) -> ApiError:
    with pytest.raises(ApiError) as caught:
        decode(body, Form)
    return caught.value


def test_a_body_that_is_not_json_is_refused_as_such():
    error = refuse(b'{"name": ')
    assert error.status == 400
    assert str(error).startswith("We could not parse the JSON body of your request.")


def test_a_field_of_the_wrong_type_is_refused_with_its_place():
    error = refuse(b'{"name": "x", "sizes": [1, "two"]}')
    assert str(error) == "Invalid type for 'sizes[1]': expected an integer, but got a string instead."
    assert error.error["param"] == "sizes[1]"


def test_a_missing_field_is_refused_by_name():
    assert str(refuse(b"{}")) == "Missing required parameter: 'name'."


@pytest.mark.parametrize("body", [b"[]", b'{"name": null}', b'{"name": {}}'])
def test_a_body_of_another_form_is_refused_as_a_wrong_type(body):
    assert refuse(body).error["code"] == "invalid_type"


@pytest.mark.parametrize("body", [b'{"name": "\xff"}', b'{"name": ' + b"[" * 100_000])
def test_bytes_that_no_decoder_takes_are_not_json(body):
    assert str(refuse(body)).startswith("We could not parse the JSON body of your request.")


def test_what_the_simulator_does_not_know_is_let_pass():
    assert decode(b'{"name": "x", "temperature": 0.2}', Form) == Form("x")


def test_a_prompt_is_the_words_of_all_its_texts():
    parts = [Part("text", "three four"), Part("image_url"), Part("text", "five")]
    assert read_prompt(["one two", parts, None], "image_url", "[{}][{}]") == Prompt(5, (), "[1][1]")


def test_a_prompt_without_images_has_none():
    assert read_prompt(["one two"], "image_url", "[{}][{}]") == Prompt(2, (), None)


def test_instructions_are_read_first():
    long = "word " * 128

    assert read_prompt([long], "", "", "be brief").blocks != read_prompt([long], "", "", "be kind").blocks
    assert read_prompt([long], "", "", long).blocks[0] == read_prompt([long], "", "").blocks[0]


@pytest.mark.parametrize("value", [0, -3])
def test_an_output_of_less_than_a_token_is_refused(value):
    with pytest.raises(ApiError, match=f"Invalid 'max_tokens'.*got {value} instead"):
        check_tokens(value, "max_tokens")
