"""The sentences of a flag: what shows it, with every number written in its unit."""

from collections.abc import Iterable

from msgspec.structs import replace

from firsttoken.decide.flags.flag import Fact, Flag, Listed, Quantity, Sentence
from firsttoken.decide.words.units import write_value


def word_flag(flag: Flag) -> Flag:
    """The flag with its evidence in words."""
    return replace(flag, evidence=write_sentences(flag.sentences)) if flag.sentences else flag


def write_sentences(sentences: Iterable[Sentence]) -> str:
    """Sentences one after the other; those that read alike are said once."""
    return " ".join(dict.fromkeys(_write(sentence) for sentence in sentences))


def _write(fact: Fact) -> str:
    match fact:
        case str():
            return fact
        case Quantity(value, unit):
            return write_value(value, unit)
        case Listed(parts, between):
            return between.join(map(_write, parts))
        case Sentence(template, facts):
            return template.format(**{name: _write(each) for name, each in facts})
        case _:
            return f"{fact:,}"
