"""What a target is asked: the same for every target, whoever gives the words."""

import json
from collections.abc import Mapping, Sequence

import pytest

from firsttoken.load.asking.ask import NO_WISH, Ask, Composer, Material, Wish, write_body
from firsttoken.plan.stage import StagePlan
from firsttoken.scenario.format import Scenario, Spread, Traffic
from firsttoken.scenario.load import Load
from firsttoken.scenario.target import Target
from firsttoken.traffic.conversation import DRAWN, Message

HELLO: Message = {"role": "user", "content": "Say hello to everybody here."}
HISTORY = [HELLO, {"role": "assistant", "content": "Hello."}, DRAWN]
FILE = [({"role": "user", "content": f"Question {number}"},) for number in range(9)]


def make_composer(name: str = "a", *, prompts: Sequence[tuple[Message, ...]] = (), **traffic: object) -> Composer:
    keys = {"locustfile": "chat", "input_tokens": 30, "output_tokens": Spread(50, 200)} | traffic
    target = Target(model=name)
    scenario = Scenario(name="made", target=[target], traffic=Traffic(**keys), load=Load(users=[4]))
    return Composer(target, scenario, "run", Material((), prompts))


def ask(composer: Composer, wish: Wish = NO_WISH, *, slot: int = 3, number: int = 5, stage: int = 1) -> Ask:
    plan = StagePlan(
        stage=stage, target="a", level=4, repeat=0, users=4, ramp_ns=0, settle_ns=0, measure_ns=1, hold_ns=0
    )
    return composer.build_request(plan, slot, number, wish)


def said(asked: Ask) -> list[Mapping[str, str]]:
    messages: list[Mapping[str, str]] = json.loads(asked.body)["messages"]
    return messages


WISHES = {
    "drawn": Wish(),
    "a text": Wish([HELLO]),
    "a history": Wish(HISTORY),
    "a length": Wish(max_tokens=7),
}


@pytest.mark.parametrize("wish", WISHES.values(), ids=WISHES)
@pytest.mark.parametrize("prompts", [[], FILE], ids=["made", "file"])
def test_every_target_is_asked_the_same(wish: Wish, prompts: Sequence[tuple[Message, ...]]) -> None:
    first, second = (ask(make_composer(name, prompts=prompts), wish) for name in ("a", "b"))

    assert (first.prompt_id, first.words, first.output_tokens) == (second.prompt_id, second.words, second.output_tokens)
    warm = [ask(make_composer(name, prompts=prompts, cache="warm"), wish) for name in ("a", "b")]
    assert said(warm[0]) == said(warm[1])


def test_another_place_is_asked_something_else() -> None:
    composer = make_composer(prompts=FILE, cache="warm")
    texts = {said(ask(composer, slot=slot, number=number))[0]["content"] for slot in range(5) for number in range(5)}

    assert 5 < len(texts) <= 9


def test_a_length_and_a_name_change_nothing_of_the_prompt() -> None:
    composer = make_composer()
    drawn, short = ask(composer), ask(composer, Wish(max_tokens=7, name="short"))

    assert said(drawn) == said(short)
    assert short.output_tokens == 7 != drawn.output_tokens
    assert (drawn.words, drawn.turn) == (30, None)


def test_words_that_are_given_are_counted_and_the_history_says_the_turn() -> None:
    composer = make_composer(cache="warm")
    alone, later = ask(composer, Wish([HELLO])), ask(composer, Wish(HISTORY))

    assert said(alone) == [HELLO]
    assert (alone.words, alone.turn, later.words, later.turn) == (5, 0, 5 + 1 + 30, 1)
    assert said(later)[2]["content"] == said(ask(composer))[0]["content"]
    assert 1 <= alone.output_tokens <= 1_000


def test_a_system_prompt_stands_in_front_once() -> None:
    composer = make_composer(system="Be brief.", cache="warm")
    drawn = ask(composer)
    again = ask(composer, Wish([*said(drawn), {"role": "assistant", "content": "Yes."}, HELLO]))

    assert [message["role"] for message in said(drawn)] == ["system", "user"]
    assert drawn.words == 2 + 30
    assert [message["role"] for message in said(again)] == ["system", "user", "assistant", "user"]


def test_a_cold_conversation_begins_like_no_other_and_a_history_as_it_began() -> None:
    composer = make_composer(system="Be brief.")
    first, other, later_stage = ask(composer), ask(composer, number=6), ask(composer, stage=2)
    beginnings = [said(asked)[0]["content"] for asked in (first, other, later_stage)]
    history = [*said(first), {"role": "assistant", "content": "Yes."}, HELLO]

    assert all(text.endswith("]\n\nBe brief.") for text in beginnings)
    assert len(set(beginnings)) == 3
    assert said(ask(composer, Wish(history), number=6)) == history


def test_a_shared_beginning_stays_in_front() -> None:
    composer = make_composer(cache=0.5)
    alone, given = said(ask(composer)), said(ask(composer, Wish([HELLO])))

    assert said(ask(composer, Wish([DRAWN, HELLO])))[0] == alone[0]
    assert given == [HELLO]


def test_the_body_goes_without_the_fields_that_a_target_leaves_out() -> None:
    body = write_body(Target(model="m", omit=["stream_options"]), [HELLO], None)

    assert json.loads(body) == {"model": "m", "messages": [HELLO], "stream": True}
