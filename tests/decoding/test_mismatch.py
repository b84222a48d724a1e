"""What does not fit is found by what the decoder takes and refuses, whatever it says of it."""

from typing import Annotated, Literal

import msgspec
import pytest

from firsttoken.decoding.mismatch import Mismatch, find_mismatch


class Wheel(msgspec.Struct, forbid_unknown_fields=True):
    inches: Annotated[float, msgspec.Meta(gt=0)]
    tyre: Literal["slick", "studded"] = "slick"

    def __post_init__(self) -> None:
        if self.inches > 99:
            raise ValueError("inches: expected a wheel, got a roundabout")


class Bicycle(msgspec.Struct):
    wheels: Annotated[list[Wheel], msgspec.Meta(min_length=1)] | None = None
    parts: dict[str, int | Wheel] = {}


def place(bicycle: object) -> tuple[object, ...]:
    """The way to what does not fit, and what stands there."""
    found = find_mismatch(bicycle, Bicycle)
    assert found is not None
    return (*found.path, found.value)


def found(bicycle: object) -> Mismatch:
    found = find_mismatch(bicycle, Bicycle)
    assert found is not None
    return found


@pytest.mark.parametrize("bicycle", [{}, {"wheels": None}, {"wheels": [{"inches": 28}]}, {"bell": True}])
def test_what_fits_is_no_mismatch(bicycle):
    assert find_mismatch(bicycle, Bicycle) is None


@pytest.mark.parametrize(
    ("bicycle", "expected"),
    [
        ("red", ("red",)),
        ({"wheels": []}, ("wheels", [])),
        ({"wheels": [{"inches": 28}, {"inches": 0}]}, ("wheels", 1, "inches", 0)),
        ({"wheels": [28]}, ("wheels", 0, 28)),
        ({"parts": {"bell": 1, "lamp": "bright"}}, ("parts", "lamp", "bright")),
        ({"parts": {"spare": {"inches": 28, "tyre": "flat"}}}, ("parts", "spare", "tyre", "flat")),
    ],
)
def test_the_innermost_value_that_does_not_fit_is_found(bicycle, expected):
    assert place(bicycle) == expected


def test_the_first_in_the_order_of_the_data_is_told():
    assert place({"parts": {"bell": "loud"}, "wheels": 2})[:2] == ("parts", "bell")


def test_a_key_too_many_is_told_where_the_table_takes_no_others():
    assert found({"wheels": [{"inch": 3}]}).unknown == "inch"


def test_a_key_that_is_needed_is_told():
    assert found({"wheels": [{}]}).missing == "inches"


def test_what_a_table_says_of_itself_is_told_in_its_own_words():
    wrong = found({"wheels": [{"inches": 28}, {"inches": 2800}]})

    assert (wrong.path, wrong.reason) == (("wheels", 1), "inches: expected a wheel, got a roundabout")
