"""What an interrupted run has finished, and where its numbers and its clock stood. Pure: events are given.

Rule: a stage that ended as planned is not run again; an interrupted one is, under a new number, and the
report studies the later one.
"""

from collections.abc import Sequence

import msgspec

from firsttoken.row import StageEvent


class Finished(msgspec.Struct, frozen=True):
    """What an earlier start of a run has left."""

    events: tuple[StageEvent, ...] = ()
    """The boundaries of stages that ended as planned, in order."""
    next_stage: int = 0
    last_ns: int = 0
    """The latest boundary on the run's clock, of any stage."""
    lasted_ns: int = 0
    """For how long a stage ran, by the boundaries of all of them."""

    @property
    def keys(self) -> set[tuple[str, float, int, str, bool]]:
        """The stages that need not be run again, as `StagePlan.key` names them."""
        return {(event.target, event.level, event.repeat, event.by, event.confirms) for event in self.ends}

    @property
    def ends(self) -> list[StageEvent]:
        """The ends of these stages, in order."""
        return [event for event in self.events if event.event == "end"]

    def measured_s(self, stage: int) -> float:
        """How long the measure phase of one of these stages lasted."""
        marks = {event.event: event.at_ns for event in self.events if event.stage == stage}
        return (marks.get("hold", marks["end"]) - marks["measure"]) / 1e9 if "measure" in marks else 0.0


FRESH = Finished()
"""Of a run that begins."""


def find_finished(events: Sequence[StageEvent], watched_ns: int) -> Finished:
    """What a run has finished, from the boundaries of its stages.

    Args:
        events: in the order in which they were recorded.
        watched_ns: the last moment at which the load was watched, on the run's clock; 0 if it never was.
    """
    ended = {event.stage for event in events if event.event == "end" and event.reason is None}
    return Finished(
        events=tuple(event for event in events if event.stage in ended),
        next_stage=max((event.stage for event in events), default=-1) + 1,
        last_ns=max((event.at_ns for event in events), default=0),
        lasted_ns=_add_up(events, watched_ns),
    )


def _add_up(events: Sequence[StageEvent], watched_ns: int) -> int:
    """The time in which a stage ran, from its first boundary to its last; where several ran at once it counts once.

    One whose end was never written ran for as long as it was watched.
    """
    marks: dict[int, list[int]] = {}
    for event in events:
        marks.setdefault(event.stage, []).append(event.at_ns)
    ended = {event.stage for event in events if event.event == "end"}
    if marks and (last := max(marks)) not in ended:
        marks[last].append(max(watched_ns, *marks[last]))
    total_ns = until_ns = 0
    for began_ns, ended_ns in sorted((min(own), max(own)) for own in marks.values()):
        total_ns += max(0, ended_ns - max(began_ns, until_ns))
        until_ns = max(until_ns, ended_ns)
    return total_ns
