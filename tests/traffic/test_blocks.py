"""Prompts of a trace: as long as recorded, and sharing exactly the beginnings that the recorded ones shared."""

from itertools import combinations
from pathlib import Path

import pytest

from firsttoken.traffic.blocks import trace_prompt
from firsttoken.traffic.prompts import TASKS, Prompt
from firsttoken.traffic.trace import Arrival, cut_window, read_recording

TRACE = cut_window(read_recording(Path(__file__).parent / "mooncake.jsonl"))


def prompt(arrival: Arrival, number: int = 0, seed: int = 7, nonce: str | None = "run-1") -> Prompt:
    return trace_prompt(seed=seed, arrival=arrival, number=number, nonce=nonce)


def shared_words(one: Prompt, two: Prompt) -> int:
    """The words of the bytes that two prompts have in common from the front; the tag where they part is not one."""
    same = next(i for i, (a, b) in enumerate(zip(one.text, two.text, strict=False)) if a != b)
    return len(one.text[:same].rpartition("[")[0].split())


@pytest.mark.parametrize("words", [1, 2, 9, 40, 511, 512, 513, 1024, 5000])
@pytest.mark.parametrize("known", [True, False], ids=["with blocks", "without"])
def test_a_prompt_and_its_answer_are_as_long_as_recorded(words, known):
    made = prompt(Arrival(0, words, 33, tuple(range((words + 511) // 512)) if known else ()))

    assert len(made.text.split()) == made.input_tokens == words
    assert made.output_tokens == 33


def test_prompts_share_their_leading_blocks_and_nothing_else():
    made = [prompt(arrival, number) for number, arrival in enumerate(TRACE)]
    shared = {(a, b): shared_words(made[a], made[b]) for a, b in combinations(range(5), 2)}

    assert {pair: words for pair, words in shared.items() if words} == {(0, 1): 512, (0, 2): 512, (1, 2): 1024}


def test_a_prompt_that_ends_inside_a_block_is_the_beginning_of_one_that_goes_on():
    short, long = prompt(Arrival(0, 700, 1, (0, 1))), prompt(Arrival(0, 1500, 1, (0, 1, 2)), 1)

    assert long.text.startswith(short.text)


def test_a_block_after_another_beginning_is_another_block():
    one, two = prompt(Arrival(0, 1024, 1, (0, 5))), prompt(Arrival(0, 1024, 1, (1, 5)))

    assert one.text.split("\n\n[")[1] != two.text.split("\n\n[")[1]


def test_requests_without_blocks_share_nothing():
    arrival = Arrival(0, 300, 20)

    assert shared_words(prompt(arrival, 1), prompt(arrival, 2)) == 0


def test_the_same_seed_gives_the_same_bytes_and_another_nonce_changes_no_word_but_the_tags():
    arrival = TRACE[2]
    one, again, other = prompt(arrival), prompt(arrival), prompt(arrival, nonce="run-2")
    changed = [(a, b) for a, b in zip(one.text.split(), other.text.split(), strict=True) if a != b]

    assert one == again
    assert one.prompt_id == other.prompt_id
    assert len({prompt(each, number).prompt_id for number, each in enumerate(TRACE)}) == len(TRACE)
    assert len(changed) == len(arrival.blocks)
    assert all(a.startswith("[") and b.startswith("[") for a, b in changed)


def test_another_nonce_or_seed_shares_nothing():
    one = prompt(TRACE[2])

    assert shared_words(one, prompt(TRACE[2], nonce="run-2")) == 0
    assert shared_words(one, prompt(TRACE[2], seed=8)) == 0


def test_a_warm_run_asks_the_same_again():
    assert prompt(TRACE[2], nonce=None) == prompt(TRACE[2], nonce=None)


def test_a_prompt_says_at_its_beginning_what_is_asked_for():
    parts = prompt(TRACE[0]).text.split("\n\n")

    assert parts[0].startswith("[")
    assert parts[1] in TASKS.values()


def test_the_bytes_of_a_prompt_stay_what_they_were():
    """Runs of different versions are comparable only if they ask the same: a change here is one for the changelog."""
    assert prompt(Arrival(0, 16, 4, (3,)), 12) == Prompt(
        prompt_id="8b70146b0cbc7783",
        text="[31d65abd0194]\n\nContinue this text in the same voice, at length, without a summary.\n\nFor a long",
        input_tokens=16,
        output_tokens=4,
    )
