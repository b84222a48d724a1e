"""How long prompts and answers were, as the server counted them, beside what was asked for.

Rule: a requested length is never shown as a measured one. A word of ours need not be a token of the server's,
and a server may ignore the cap on an answer: what it counted is shown, and beside it what was requested, where the two
are more than a tenth apart.
"""

from typing import NamedTuple

from firsttoken.decide.metrics.value import Find
from firsttoken.decide.words.units import write_count
from firsttoken.scenario.format import Traffic, mean_tokens

METRICS = ("input_tokens_mean", "output_tokens_mean", "asked_input_tokens_mean", "asked_output_tokens_mean")
APART = 0.1


class Lengths(NamedTuple):
    """Mean lengths of a target's measured answers, in tokens; None where none was reported."""

    input: float | None
    output: float | None
    asked_input: float | None
    asked_output: float | None


def read_lengths(find: Find, traffic: Traffic) -> Lengths:
    """The lengths of one target over all levels; where rows do not say what was asked, the scenario does."""
    values = []
    for metric in METRICS:
        result = find(metric, None, None)
        values.append(result.value if result else None)
    lengths = Lengths(*values)
    if traffic.trace:
        return lengths
    asked = (mean_tokens(traffic.input_tokens) + traffic.system_words, mean_tokens(traffic.output_tokens))
    sentence = (lengths.asked_input, lengths.asked_output)
    first, second = (wanted if own is None else own for own, wanted in zip(sentence, asked, strict=True))
    return lengths._replace(asked_input=first, asked_output=second)


def describe_lengths(lengths: Lengths) -> str:
    """The lengths in words: "prompts of 411 and answers of 128 tokens (asked: 128 and 128)"."""
    had, asked = (lengths.input, lengths.output), (lengths.asked_input, lengths.asked_output)
    if lengths.input is None and lengths.output is None:
        wanted = f"of {_write(asked[0])} and {_write(asked[1])} tokens as requested"
        return f"prompts and answers {wanted}; the server reported no counts"
    sentence = f"prompts of {_write(had[0])} and answers of {_write(had[1])} tokens"
    apart = any(_is_apart(*pair) for pair in zip(had, asked, strict=True))
    return f"{sentence} (asked: {_write(asked[0])} and {_write(asked[1])})" if apart else sentence


def _is_apart(had: float | None, asked: float | None) -> bool:
    return had is None or (asked is not None and abs(had - asked) > APART * asked)


def _write(tokens: float | None) -> str:
    return "unknown" if tokens is None else write_count(round(tokens))
