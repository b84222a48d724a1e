"""Prompts: the same seed asks the same, a cold run shares no beginning, and the words are as many as promised."""

from itertools import pairwise

import pytest

from firsttoken.traffic.prompts import TASKS, Place, Prompt, make_prompt, name_text, read_corpus


def prompt(**changes) -> Prompt:
    place = {"level": 4.0, "repeat": 0, "user": 2, "turn": 3}
    place |= {name: changes.pop(name) for name in place.keys() & changes.keys()}
    asked = {"seed": 7, "input_tokens": 400, "output_tokens": 40, "nonce": "run-1"}
    return make_prompt(Place(**place), **{**asked, **changes})


def beginning(text: str, other: str) -> int:
    """How many characters two texts have in common from the front."""
    return next((i for i, (a, b) in enumerate(zip(text, other, strict=False)) if a != b), min(len(text), len(other)))


def test_the_same_seed_gives_the_same_bytes():
    assert prompt() == prompt()
    assert prompt().text.encode() == prompt().text.encode()


def test_the_bytes_of_a_prompt_stay_what_they_were():
    """Runs of different versions are comparable only if they ask the same: a change here is one for the changelog."""
    made = prompt(input_tokens=16, output_tokens=(40.0, 90.0))

    assert made == Prompt(
        prompt_id="bb7662eb93c92639",
        text="[e3700dd08851]\n\nUser: We will be in the mountains for four days with a dog that has",
        input_tokens=16,
        output_tokens=48,
    )


@pytest.mark.parametrize("change", [{"seed": 8}, {"level": 16.0}, {"repeat": 1}, {"user": 3}, {"turn": 4}])
def test_whatever_names_a_request_changes_its_prompt(change):
    assert prompt().text != prompt(**change).text


@pytest.mark.parametrize("words", [1, 2, 10, 40, 400, 9000])
@pytest.mark.parametrize("nonce", ["run-1", None])
@pytest.mark.parametrize("shared", [0.0, 0.3, 1.0])
def test_a_prompt_has_exactly_the_words_asked_for(words, nonce, shared):
    made = prompt(input_tokens=words, nonce=nonce, shared=shared)

    assert len(made.text.split()) == made.input_tokens == words


def test_lengths_are_drawn_for_each_prompt():
    made = [prompt(turn=turn, input_tokens=(200.0, 800.0), output_tokens=(50.0, 90.0)) for turn in range(400)]

    assert sorted(p.input_tokens for p in made)[200] == pytest.approx(200, rel=0.15)
    assert sorted(p.output_tokens for p in made)[380] == pytest.approx(90, rel=0.15)
    assert all(len(p.text.split()) == p.input_tokens for p in made)


def test_cold_prompts_have_no_beginning_in_common():
    texts = sorted(
        prompt(level=level, repeat=repeat, user=user, turn=turn).text
        for level in (1.0, 4.0)
        for repeat in range(2)
        for user in range(10)
        for turn in range(25)
    )

    assert len(set(texts)) == 1000
    assert max(beginning(a, b) for a, b in pairwise(texts)) < len("[123456789ab]")


def test_another_run_of_the_same_seed_differs_by_its_nonce_alone():
    one, two = prompt(nonce="run-1"), prompt(nonce="run-2")

    assert one.text != two.text
    assert one.text.split()[1:] == two.text.split()[1:]
    assert one.prompt_id == two.prompt_id


def test_a_prompt_is_named_by_its_words_without_the_nonce():
    made = prompt(input_tokens=16)

    assert made.prompt_id == name_text(made.text.partition("\n\n")[2])


def test_prompts_of_other_words_have_another_name():
    names = {prompt(turn=turn, user=user).prompt_id for turn in range(20) for user in (1, 2)}
    others = {prompt(turn=turn, seed=8).prompt_id for turn in range(20)}

    assert len(names | others) == 60


def test_warm_prompts_come_again_at_every_level_and_repeat():
    assert prompt(nonce=None) == prompt(nonce=None, level=64.0, repeat=2)
    assert prompt(nonce=None).text != prompt(nonce=None, user=5).text


def test_a_shared_part_begins_every_prompt_and_no_more_than_that():
    one, two = prompt(shared=0.5, user=1), prompt(shared=0.5, user=2)

    assert one.text.split()[:200] == two.text.split()[:200]
    assert one.text.split()[200] != two.text.split()[200]


def test_a_shorter_shared_part_is_the_beginning_of_a_longer_one():
    short, long = prompt(shared=1.0, input_tokens=100), prompt(shared=1.0, input_tokens=300)

    assert long.text.startswith(short.text)


def test_prompts_are_a_mix_of_prose_code_and_chat():
    tasks = dict.fromkeys(TASKS, 0)
    for turn in range(300):
        text = prompt(turn=turn).text
        tasks[next(kind for kind, task in TASKS.items() if text.endswith(task))] += 1

    assert all(count > 60 for count in tasks.values())


def test_the_corpus_has_every_kind_and_only_natural_passages():
    corpus = read_corpus()

    assert list(corpus) == list(TASKS)
    assert all(sum(len(passage.ends) for passage in passages) > 800 for passages in corpus.values())
    assert all(passage.text[: passage.ends[-1]] == passage.text for passages in corpus.values() for passage in passages)
