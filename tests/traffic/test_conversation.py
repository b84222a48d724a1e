"""What is sent of what a behaviour gives."""

import pytest

from firsttoken.traffic.conversation import (
    DRAWN,
    MessageError,
    count_turn,
    count_words,
    insert_drawn,
    mark_cold,
    name_conversation,
    put_system_first,
    read_conversation,
)
from firsttoken.traffic.prompts import Place, make_prompt, tag

USER = {"role": "user", "content": "Why is the sky blue?"}
ANSWER = {"role": "assistant", "content": "It scatters light."}


def test_a_text_is_what_the_user_says() -> None:
    assert read_conversation("Why is the sky blue?") == [USER]
    assert read_conversation((USER, ANSWER, DRAWN)) == [USER, ANSWER, DRAWN]


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (" \n", "expected a prompt with a text in it, got an empty one"),
        ([], "expected a text or a list of messages, got an empty list"),
        (7, "expected a text or a list of messages, got int"),
        (["hello"], "expected message 1 to be an object with role and content, got 'hello'"),
        (
            [USER, {"role": "bot", "content": "x"}],
            'expected the role of message 2 to be one of "system", "developer", "user", "assistant", got \'bot\'',
        ),
        ([{"role": "user", "content": ""}], "expected the content of message 1 to be a text, got an empty one"),
        (
            [{"role": "user", "content": [{"type": "text"}]}],
            "expected the content of message 1 to be a text, got [{'type': 'text'}]",
        ),
        ([USER, ANSWER], 'expected the last message to have the role "user", got "assistant"'),
    ],
)
def test_what_cannot_be_sent_is_refused_with_the_place_and_what_was_expected(value: object, fault: str) -> None:
    with pytest.raises(MessageError) as refused:
        read_conversation(value)

    assert str(refused.value) == fault


def test_the_drawn_prompt_takes_its_place() -> None:
    assert insert_drawn([ANSWER, DRAWN], [USER, ANSWER, USER]) == [ANSWER, USER, ANSWER, USER]
    assert insert_drawn([USER], [ANSWER]) == [USER]


def test_a_drawn_conversation_has_its_system_prompt_only_where_it_begins() -> None:
    drawn = [{"role": "system", "content": "Be brief."}, USER]

    assert insert_drawn([DRAWN], drawn) == drawn
    assert insert_drawn([USER, ANSWER, DRAWN], drawn) == [USER, ANSWER, USER]


def test_a_conversation_has_one_system_prompt_its_own_before_the_scenarios() -> None:
    own = {"role": "developer", "content": "Be brief."}

    assert put_system_first([USER], "Be kind.") == [{"role": "system", "content": "Be kind."}, USER]
    assert put_system_first([own, USER], "Be kind.") == [own, USER]
    assert put_system_first([USER], "") == [USER]


def test_only_a_new_conversation_begins_with_a_word_of_its_own_and_its_name_does_not_tell() -> None:
    word = tag("here")

    assert mark_cold([USER], word) == [{"role": "user", "content": f"{word}\n\nWhy is the sky blue?"}]
    continued = [*mark_cold([USER], word), ANSWER, USER]
    assert mark_cold(continued, "[0123456789ab]") == continued
    assert mark_cold([USER, ANSWER, USER], word)[0] == mark_cold([USER], word)[0]
    assert name_conversation(mark_cold([USER], word)) == name_conversation([USER])
    assert name_conversation([USER]) != name_conversation([ANSWER])


def test_a_drawn_prompt_has_the_same_name_alone_and_in_a_conversation() -> None:
    drawn = make_prompt(Place(1, 0, 0, 0), seed=7, input_tokens=60, output_tokens=9, nonce="run", shared=0.25)

    assert name_conversation([{"role": "user", "content": drawn.text}]) == drawn.prompt_id


def test_a_turn_is_the_number_of_answers_before_it() -> None:
    assert [count_turn([USER]), count_turn([USER, ANSWER, USER])] == [0, 1]


def test_words_are_counted_by_bytes_where_blanks_are_few() -> None:
    assert count_words([USER, ANSWER]) == 8
    assert count_words([{"role": "user", "content": "為什麼天空是藍色的"}]) == 5  # 27 bytes
