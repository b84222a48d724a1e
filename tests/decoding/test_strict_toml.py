"""Every refusal of a TOML file is one sentence: the key, what was expected, what came, the nearest valid word."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pytest

from firsttoken.decoding.strict_toml import TomlError, decode, leaves, one_of, read_toml, suggest


class Wheel(msgspec.Struct, forbid_unknown_fields=True):
    inches: Annotated[float, msgspec.Meta(gt=0)]
    tyre: Literal["slick", "studded"] = "slick"


class Bicycle(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    wheels: list[Wheel] = []
    gears: Annotated[int, msgspec.Meta(ge=1, le=30)] | Literal["fixed"] = 1
    colour: Annotated[str, msgspec.Meta(pattern="^#", description='a colour such as "#ff8800"')] = "#000000"
    parts: dict[str, int] = {}
    key_env: Annotated[str, msgspec.Meta(pattern="^[A-Z]+$")] = "KEY"
    headers: dict[str, str] = {}

    def __post_init__(self) -> None:
        if len(self.wheels) > 2:
            raise ValueError(f"wheels: expected two at most, got {len(self.wheels)}")


def refusal(**bicycle: object) -> str:
    with pytest.raises(TomlError) as caught:
        decode({"name": "red", **bicycle}, Bicycle)
    return str(caught.value)


def test_what_fits_is_decoded():
    assert decode({"name": "red", "gears": "fixed"}, Bicycle) == Bicycle(name="red", gears="fixed")


@pytest.mark.parametrize(
    ("bicycle", "sentence"),
    [
        (
            {"gear": 3},
            'expected the keys colour, gears, headers, key_env, name, parts, wheels, got gear; did you mean "gears"?',
        ),
        ({"gears": 0}, 'gears: expected a whole number >= 1 and <= 30 or "fixed", got 0'),
        ({"gears": 2.5}, 'gears: expected a whole number >= 1 and <= 30 or "fixed", got 2.5'),
        (
            {"gears": "fxed"},
            'gears: expected a whole number >= 1 and <= 30 or "fixed", got "fxed"; did you mean "fixed"?',
        ),
        ({"colour": "red"}, 'colour: expected a colour such as "#ff8800", got "red"'),
        ({"wheels": 2}, "wheels: expected a list, each a table of inches, tyre, got 2"),
        ({"wheels": [{}]}, "wheels[0].inches: expected a number > 0, got nothing; it is required"),
        ({"wheels": [{"inches": 28}, {"inches": True}]}, "wheels[1].inches: expected a number > 0, got true"),
        ({"parts": {"lamps": 2, "bell": "loud"}}, 'parts.bell: expected a whole number, got "loud"'),
        ({"wheels": [{"inches": 1}] * 3}, "wheels: expected two at most, got 3"),
        ({"name": float("inf")}, "name: expected text, a finite number, true or false, got inf"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(bicycle, sentence):
    assert refusal(**bicycle) == sentence


def test_a_table_of_a_list_is_labelled_by_its_name_as_overrides_write_it():
    class Fleet(msgspec.Struct):
        bicycle: list[Bicycle]

    with pytest.raises(TomlError, match=r"^bicycle\.red\.gears: expected"):
        decode({"bicycle": [{"name": "red", "gears": 0}]}, Fleet)


@pytest.mark.parametrize("wrong", [{"key_env": "sk-hunter2"}, {"headers": "hunter2"}, {"headers": {"a": ["hunter2"]}}])
def test_a_value_that_may_be_a_secret_is_not_repeated(wrong):
    sentence = refusal(**wrong)

    assert sentence.startswith(next(iter(wrong)))
    assert "hunter2" not in sentence


def test_a_long_value_is_shortened():
    assert len(refusal(colour="x" * 1000)) < 200


def test_leaves_are_every_plain_value_with_its_dotted_key():
    data = {"load": {"users": [1, 4]}, "target": [{"name": "gpt-5.4", "api": "chat"}]}

    assert dict(leaves(data)) == {
        "load.users[0]": 1,
        "load.users[1]": 4,
        "target.gpt-5.4.name": "gpt-5.4",
        "target.gpt-5.4.api": "chat",
    }


def test_a_far_word_gets_no_suggestion():
    assert suggest("zebra", ["users", "think"]) == ""


def test_words_are_listed_as_toml_writes_them():
    assert (one_of(["a"]), one_of(["a", "b", 3])) == ('"a"', '"a", "b" or 3')


def test_a_file_that_is_not_toml_says_where(tmp_path: Path):
    path = tmp_path / "broken.toml"
    path.write_text('name = "red\n')

    with pytest.raises(TomlError, match=rf"^{path}: expected valid TOML, got: .*line 1"):
        read_toml(path)


def test_a_file_that_is_not_text_says_so(tmp_path: Path):
    path = tmp_path / "image.toml"
    path.write_bytes(b"\x89PNG")

    with pytest.raises(TomlError, match="expected UTF-8 text, got byte 0x89"):
        read_toml(path)


def test_a_file_that_is_missing_says_so(tmp_path: Path):
    with pytest.raises(TomlError, match="expected a readable TOML file, got: No such file"):
        read_toml(tmp_path / "nowhere.toml")
