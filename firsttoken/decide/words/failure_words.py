"""What failed, in one sentence: how many attempts, and what was said most often.

Rule: the terminal and the page on failures say the same, and both say it of the attempts of every phase.
"""

from collections.abc import Sequence

from firsttoken.decide.measure.failures import Failure

MOST_LETTERS = 90
"""Of a server's words in a sentence; the table has more."""


def describe_failures(failures: Sequence[Failure], attempts: int) -> str:
    """ "34 of 200 attempts failed, most often http_5xx 502 on gpt-5.4: "Bad Gateway" (20 times)"; empty where none."""
    if not failures:
        return ""
    first, failed = failures[0], sum(each.count for each in failures)
    said = f': "{shorten(first.words, MOST_LETTERS)}"' if first.words else ""
    times = "once" if first.count == 1 else f"{first.count:,} times"
    often = f"most often {name_failure(first)} on {first.target}{said} ({times})"
    if len(failures) == 1:
        often = f"{name_failure(first)} on {first.target}{said}"
    return f"{failed:,} of {attempts:,} attempts failed, {often}"


def name_failure(failure: Failure) -> str:
    """The outcome with its HTTP status where there was one: "http_5xx 502"."""
    return failure.outcome if failure.status is None else f"{failure.outcome} {failure.status}"


def shorten(words: str, most: int) -> str:
    """The words, cut at a space where they are longer than that."""
    if len(words) <= most:
        return words
    kept = words[:most].rsplit(" ", 1)[0] if " " in words[:most] else words[:most]
    return f"{kept.rstrip(' ,.;:')} …"
