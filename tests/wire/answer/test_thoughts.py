"""Where the thoughts in a text end, however its pieces were cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firsttoken.wire.answer.thoughts import Thoughts


def sights(*pieces: str) -> list[str]:
    """What each piece of a text is to a reader."""
    thoughts = Thoughts()
    return [thoughts.take(piece) for piece in pieces]


@pytest.mark.parametrize(
    ("pieces", "seen"),
    [
        (["Hi", " you"], ["visible", "visible"]),
        (["<think>", "hm", "</think>", "\n\n", "42"], ["hidden", "hidden", "hidden", "hidden", "visible"]),
        (["<thi", "nk>", "hm", "</th", "ink>", "42"], ["undecided", "hidden", "hidden", "hidden", "hidden", "visible"]),
        (["\n", "<think>hm</think>42"], ["undecided", "visible"]),
        (["<think>\n\n</think>\n\n", "42"], ["hidden", "visible"]),
        (["<Thinking>", "hm", "</Thinking>", "42"], ["hidden", "hidden", "hidden", "visible"]),
        ([" ", "Hi"], ["undecided", "visible"]),
        (["<p>", "Hi"], ["visible", "visible"]),
        (["<thin", " air>"], ["undecided", "visible"]),
        (["<think>", "a < b", " </i>", "</think>ok"], ["hidden", "hidden", "hidden", "visible"]),
        (["hm", " so", "</think>", "42"], ["visible", "visible", "uncertain", "visible"]),
        (["hm", "</thi", "nk>", "42"], ["visible", "visible", "uncertain", "visible"]),
        (["Say ", "<think>", "here"], ["visible", "visible", "visible"]),
        (["[THI", "NK]", "hm [1]", "[/TH", "INK]", "42"], ["undecided", *["hidden"] * 4, "visible"]),
        (["[1]", "Hi"], ["visible", "visible"]),
        (["<seed:think>", "hm </think>", "</seed:think>", "42"], ["hidden", "hidden", "hidden", "visible"]),
        (["<think a=", "'1'>", "hm", "</think>", "42"], ["undecided", "hidden", "hidden", "hidden", "visible"]),
        (["◁think▷", "hm", "◁/think", "▷", "42"], ["hidden", "hidden", "hidden", "hidden", "visible"]),
        (["<|channel|>", "analysis", "<|message|>hm<|end|>"], ["undecided", "hidden", "hidden"]),
        (
            ["<|channel|>analysis<|message|>hm<|end|><|start|>assistant", "<|channel|>", "final", "<|message|>", "42"],
            ["hidden", "hidden", "hidden", "hidden", "visible"],
        ),
        (["<|channel|>", "final", "<|message|>", "42"], ["undecided", "visible", "visible", "visible"]),
        (["<div class", ">", "Hi"], ["visible", "visible", "visible"]),
    ],
)
def test_each_piece_is_seen_or_not(pieces, seen):
    assert sights(*pieces) == seen


def test_text_without_a_tag_is_settled_at_once_and_thoughts_are_while_they_last():
    thoughts = Thoughts()
    states = [thoughts.settled]
    for piece in ("<think>", "hm", "</th", "ink>", "42"):
        thoughts.take(piece)
        states.append(thoughts.settled)

    assert states == [False, True, True, False, False, True]


def test_thoughts_between_other_signs_are_looked_at_to_their_end():
    thoughts = Thoughts()

    thoughts.take("[THINK]hm")

    assert not thoughts.settled  # their end holds no "<"


@given(st.text(alphabet="ab </thinkTHINK>\n[]", max_size=40), st.data())
def test_however_a_text_is_cut_what_comes_after_it_is_as_visible_as_after_the_whole(text, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True) if a < b]

    whole, cut = (sights(*texts, "after")[-1] for texts in ([text] * bool(text), pieces))

    assert whole == cut
