"""A load process leaves in order on a word of its parent, and soon after its parent is gone."""

from collections.abc import Iterable

from firsttoken.load.pipes import PARENT_GONE_S, watch_parent


def watch(words: Iterable[bytes]) -> list[tuple[str, object]]:
    """What is done, in order, when these words come before the pipe closes."""
    done: list[tuple[str, object]] = []
    left = iter([*words, b""])
    watch_parent(
        lambda why: done.append(("stop", why)),
        lambda: done.append(("flush", None)),
        read=lambda: next(left),
        sleep=lambda seconds: done.append(("sleep", seconds)),
        leave=lambda code: done.append(("leave", code)),
    )
    return done


def test_a_process_whose_parent_is_gone_stops_flushes_and_leaves_within_two_seconds() -> None:
    stopped, *last = watch([])

    assert stopped == ("stop", "the parent process is gone")
    assert last == [("sleep", PARENT_GONE_S), ("flush", None), ("leave", 130)]
    assert PARENT_GONE_S < 2


def test_a_word_of_the_parent_interrupts_and_any_other_is_ignored() -> None:
    done = watch([b"stop\n", b"hello\n"])

    assert done[:2] == [("stop", "interrupted"), ("stop", "the parent process is gone")]
