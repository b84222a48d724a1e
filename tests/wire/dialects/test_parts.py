"""Content of many shapes: is there a token in it, and of which kind?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firsttoken.wire.dialects.dialect import HIDDEN, SUMMARY, VISIBLE
from firsttoken.wire.dialects.parts import read_content, read_hidden, read_visible_text

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "text", "id", "x"]), inner),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("Hi", VISIBLE),
        ("", None),
        (None, None),
        ([], None),
        ({"type": "text", "text": "Hi"}, VISIBLE),
        ([{"type": "output_text", "text": ""}], None),
        ([{"type": "redacted_thinking", "data": "xyz"}], None),
        ([{"type": "image_url", "image_url": {"url": "data:"}}], VISIBLE),
        ([{"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm"}]}], SUMMARY),
        ([{"type": "a_new_kind", "text": "Hi"}], VISIBLE),
        ([{"function": {"name": "", "arguments": {"a": 1}}}], VISIBLE),
        ([[[["Hi"]]]], VISIBLE),
    ],
)
def test_a_part_is_a_token_by_what_it_holds_and_of_the_kind_that_its_type_says(content, kind):
    assert read_content(content) is kind


def test_what_stands_in_a_place_for_reasoning_is_hidden():
    assert read_hidden([{"text": "Hm"}]) is HIDDEN
    assert read_hidden([{"type": "reasoning.summary", "summary": "Hm"}]) is SUMMARY


@given(JSON)
def test_whatever_it_is_it_is_read(content):
    assert read_content(content) in (VISIBLE, HIDDEN, SUMMARY, None)
    assert isinstance(read_visible_text(content), str)


def test_only_visible_parts_have_visible_text():
    parts = [{"type": "thinking", "thinking": "Hm", "text": "Hm"}, {"type": "text", "text": "Hi"}, " you"]

    assert read_visible_text(parts) == "Hi you"
