"""The verdict on one target: which level decides, and what it says.

Rule: the level that decides is the one that the scenario names, else the lowest that offers the stated peak with its
headroom, else the highest that meets the SLO. UNKNOWN is never GO, and neither is a single repeat, as what was seen
once may be luck, nor what an open loop was asked to confirm and did not. Where no need is stated, there is nothing to
decide: what was measured is a profile, unless already the lowest load misses the SLO (NO-GO), or what was measured
does not count (UNKNOWN).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from firsttoken.decide.judge.capacity import Bracket, LevelVerdict, Verdict, find_bracket
from firsttoken.decide.measure.demand import Need

Word = Literal["GO", "NO-GO", "UNKNOWN", "PROFILE"]
WORDS: dict[Verdict, Word] = {"PASS": "GO", "FAIL": "NO-GO", "UNKNOWN": "UNKNOWN"}
FEWEST_REPEATS = 2


@dataclass(frozen=True)
class TargetVerdict:
    """What the levels of one target say, before it is put into words."""

    levels: tuple[LevelVerdict, ...]
    """Measured levels, ascending."""
    bracket: Bracket | None
    need: Need | None
    deciding: LevelVerdict | None
    """The level that decides; None where the ladder does not reach what is needed, or nothing was measured."""
    verdict: Verdict
    repeats: int
    """How often the deciding level was measured; 0 without one."""
    refuted: bool = False
    """Whether an open loop at the rate that it implies missed the SLO."""
    at: float | None = None
    """The level that the scenario names, if it does."""

    @property
    def states_need(self) -> bool:
        """Whether the scenario says which load must be carried: by a level, or by a peak."""
        return self.at is not None or self.need is not None

    @property
    def once(self) -> bool:
        """Whether the deciding level was measured too seldom for a GO."""
        return self.deciding is not None and self.repeats < FEWEST_REPEATS

    @property
    def word(self) -> Word:
        """What page one says of the target."""
        if not self.states_need and self.verdict != "FAIL":
            shows = self.deciding is not None and self.deciding.counts and not self.refuted
            return "PROFILE" if shows else "UNKNOWN"
        return "UNKNOWN" if self.verdict == "PASS" and (self.once or self.refuted) else WORDS[self.verdict]

    @property
    def first_failed(self) -> LevelVerdict | None:
        """The verdict on the lowest level that fails."""
        return next((each for each in self.levels if self.bracket and each.level == self.bracket.first_fail), None)


def judge_target(
    levels: Sequence[LevelVerdict],
    at: float | None,
    need: Need | None,
    repeats: Mapping[float, int],
    *,
    refuted: bool = False,
) -> TargetVerdict:
    """Judge a target by its ladder, in ascending order; `at` is the level that the scenario names.

    `repeats` are those that were measured; `refuted`: an open loop at the rate that the ladder implies missed the SLO.
    """
    bracket = find_bracket(levels)
    by_level = {each.level: each for each in levels}
    if at is not None:
        deciding = by_level.get(at)
    elif need is not None:
        deciding = None if need.level is None else by_level.get(need.level)
    else:
        deciding = _best_level(levels, bracket)
    verdict = deciding.verdict if deciding else "UNKNOWN"
    if deciding is None and at is None and bracket and bracket.first_fail is not None:
        verdict = "FAIL"  # no tested level offers the peak, and already one of them fails
    measured = repeats.get(deciding.level, 0) if deciding else 0
    return TargetVerdict(tuple(levels), bracket, need, deciding, verdict, measured, refuted, at)


def _best_level(levels: Sequence[LevelVerdict], bracket: Bracket | None) -> LevelVerdict | None:
    """The highest level that passes, else that looks as if, below the first that fails; else the lowest."""
    if bracket is None:
        return None
    below = [each for each in levels if bracket.first_fail is None or each.level < bracket.first_fail]
    passing = [each for each in below if each.verdict == "PASS"]
    likely = [each for each in below if each.looks_met]
    return (passing or likely or [levels[0]])[-1]
