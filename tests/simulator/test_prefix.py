"""What was read before is found again from the first word on, and nothing else is."""

from firsttoken.simulator.prefix import BLOCK_TOKENS, PrefixCache, mark_blocks
from firsttoken.traffic.prompts import Place, make_prompt


def words(count: int, word: str = "word") -> str:
    return " ".join(f"{word}{number}" for number in range(count))


def test_a_prompt_is_found_in_whole_blocks():
    cache = PrefixCache()
    blocks = mark_blocks([words(3 * BLOCK_TOKENS + 5)])

    assert cache.read(blocks) == 0
    assert cache.read(blocks) == 3 * BLOCK_TOKENS
    assert mark_blocks([words(BLOCK_TOKENS - 1)]) == ()


def test_only_the_beginning_that_is_the_same_is_found():
    cache = PrefixCache()
    cache.read(mark_blocks([words(2 * BLOCK_TOKENS), words(BLOCK_TOKENS, "old")]))

    assert cache.read(mark_blocks([words(2 * BLOCK_TOKENS), words(BLOCK_TOKENS, "new")])) == 2 * BLOCK_TOKENS
    assert cache.read(mark_blocks(["[nonce]", words(3 * BLOCK_TOKENS)])) == 0


def test_words_are_told_apart_from_their_joined_letters():
    assert mark_blocks(["ab c " * BLOCK_TOKENS]) != mark_blocks(["a bc " * BLOCK_TOKENS])


def test_what_was_not_asked_for_the_longest_is_dropped_its_end_first():
    cache = PrefixCache(most_blocks=4)
    old, new = (mark_blocks([words(3 * BLOCK_TOKENS, word)]) for word in ("old", "new"))

    cache.read(old)
    cache.read(new)

    assert cache.read(old) == 1 * BLOCK_TOKENS


def test_cold_prompts_are_never_found_warm_ones_are_and_shared_ones_up_to_their_share():
    def read_twice(nonce: str | None, shared: float) -> int:
        cache = PrefixCache()
        for level in (1, 2):
            prompt = make_prompt(
                Place(level, 0, 0, 0), seed=7, input_tokens=1024, output_tokens=9, nonce=nonce, shared=shared
            )
            found = cache.read(mark_blocks([prompt.text]))
        return found

    assert read_twice("run", 0.0) == 0
    assert read_twice("run", 0.5) == 512
    assert read_twice(None, 0.0) == 1024
