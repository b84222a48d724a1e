"""The sentence that is said of an open loop which was to confirm a search's answer."""

from msgspec.structs import replace

from firsttoken.decide.judge.capacity import Verdict
from firsttoken.decide.judge.confirmation import Confirmation
from firsttoken.decide.words.load_unit import LoadUnit
from firsttoken.decide.words.result_words import write_interval, write_point

WORDS: dict[Verdict, str] = {"PASS": "Confirmed", "FAIL": "Not confirmed", "UNKNOWN": "Undecided"}


def word_confirmation(confirmation: Confirmation | None, unit: LoadUnit) -> Confirmation | None:
    """The confirmation, if there is one, with its sentence; `unit` is what its rate counts."""
    return replace(confirmation, words=_write(confirmation, unit.write(confirmation.rate))) if confirmation else None


def _write(confirmation: Confirmation, at: str) -> str:
    void = next((flag.evidence for flag in confirmation.flags if flag.is_void), "")
    if void:
        return f"The open loop at {at} was discarded. {void}"
    barred = next((flag.evidence for flag in confirmation.flags if flag.bars_pass), "")
    if barred and confirmation.verdict == "UNKNOWN":
        return f"The open loop at {at} cannot pass. {barred}"
    share, interval = write_point(confirmation.share), write_interval(confirmation.share)
    met = f"{share}{f' ({interval})' if interval else ''} met the SLO"
    return f"{WORDS[confirmation.verdict]} in open loop at {at}: {met}."
