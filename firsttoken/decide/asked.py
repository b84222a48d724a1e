"""What a scenario asks of every stage, as far as a study of its rows needs to know."""

from __future__ import annotations

from typing import NamedTuple

from firsttoken.duration import parse_duration
from firsttoken.scenario.course import Piece
from firsttoken.scenario.format import Scenario, mean_tokens
from firsttoken.scenario.target import Target


class Spike(NamedTuple):
    """When the load rises above its base, in seconds from the opening of the measure window, and for how long."""

    begins_s: float
    lasts_s: float

    @property
    def ends_s(self) -> float:
        return self.begins_s + self.lasts_s


class Asked(NamedTuple):
    """Of every user, request and stage."""

    think_s: float = 0.0
    """How long a user thinks between requests."""
    output_tokens: float | None = None
    """The mean length of an answer that a request asks for; None where a trace says."""
    spike: Spike | None = None
    quota_share: float = 0.0
    """Of the account's limits the load may use so much, where the target counts; 0: all."""
    pieces: tuple[Piece, ...] = ()
    """Of the course that the load takes; none where it is level, or only the load process knows them."""


def read_asked(scenario: Scenario, target: Target) -> Asked:
    """What a scenario asks of one of its targets."""
    load, traffic = scenario.load, scenario.traffic
    spike = None
    if load.shape == "spike" and load.spike is not None:
        spike = Spike(parse_duration(load.spike.before), parse_duration(load.spike.lasts))
    tokens = None if traffic.trace else mean_tokens(traffic.output_tokens)
    pieces = () if load.course is None else load.course.pieces
    share = scenario.budget.quota_share if target.base_url else 0.0
    return Asked(parse_duration(load.think), tokens, spike, share, pieces)
