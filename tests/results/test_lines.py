"""JSON lines are read around what a kill or a full disk left of them."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firsttoken.results.lines import Damage, describe, is_torn, read_lines, read_tail


class Point(msgspec.Struct):
    x: int


def test_every_line_is_read_in_order(tmp_path: Path) -> None:
    path = tmp_path / "points.jsonl"
    path.write_bytes(b'{"x":1}\n{"x":2}\n')

    assert read_lines(path, Point) == ([Point(1), Point(2)], Damage(torn=False, broken=0))


def test_a_torn_last_line_and_broken_others_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "points.jsonl"
    path.write_bytes(b'{"x":1}\n\n{"x":"text"}\n{"x"\n{"x":2}\n{"x":3')

    assert read_lines(path, Point) == ([Point(1), Point(2)], Damage(torn=True, broken=2))


@given(st.integers(min_value=0, max_value=40))
def test_wherever_a_file_is_cut_only_its_last_line_is_lost(cut: int) -> None:
    content = b'{"x":1}\n{"x":22}\n{"x":333}\n'[:cut]
    whole, _, tail = content.rpartition(b"\n")

    assert is_torn(tail) == (0 < len(tail) < len('{"x":1}') + len(whole.splitlines()))


@pytest.mark.parametrize("step", [1, 2, 7, 1 << 16])
@pytest.mark.parametrize("content", [b"", b"\n", b"abc", b"a\nbc", b"a\nb\n", b"a\n\xff\xfe"])
def test_the_tail_is_what_follows_the_last_newline(tmp_path: Path, content: bytes, step: int) -> None:
    path = tmp_path / "any"
    path.write_bytes(content)

    assert read_tail(path, step) == content.rpartition(b"\n")[2]


def test_damage_is_said_in_sentences() -> None:
    assert describe(Damage(torn=False, broken=0), "it") == []
    assert describe(Damage(torn=True, broken=1), "it") == [
        "it ends in the middle of a line; that last line was left out.",
        "it has 1 broken line; left out.",
    ]
