"""The workload facts: what a scenario asks of every stage, as far as the analysis of its rows needs it."""

from typing import NamedTuple

from firsttoken.decide.measure.answerers import NO_ANSWERERS, Answerers
from firsttoken.decoding.duration import parse_duration
from firsttoken.plan.length_cap import name_cap
from firsttoken.scenario.course import Segment
from firsttoken.scenario.format import Scenario, mean_tokens
from firsttoken.scenario.target import Target, names_deployment


class Spike(NamedTuple):
    """When the load rises above its base, in seconds from the opening of the measure window, and for how long."""

    begins_s: float
    lasts_s: float

    @property
    def ends_s(self) -> float:
        return self.begins_s + self.lasts_s


class WorkloadFacts(NamedTuple):
    """Of every user, request and stage."""

    think_s: float = 0.0
    """How long a user thinks between requests."""
    output_tokens: float | None = None
    """The mean length of an answer that a request asks for; None where a trace says."""
    spike: Spike | None = None
    simulated: bool = False
    """Whether the built-in simulator answers."""
    quota_share: float = 0.0
    """Of the account's limits the load may use so much, where the target counts; 0: all."""
    segments: tuple[Segment, ...] = ()
    """Of the load profile; empty where the load is constant, or only the load process knows them."""
    model: str = ""
    tier: str = ""
    """The service tier that requests ask for; empty where they ask for none."""
    names_deployment: bool = False
    """Whether `model` is a name that the user gave a deployment, as on Azure."""
    cap_key: str = ""
    """The field of a request that caps the length of its answer; empty where none does."""
    first_model: str = ""
    first_tier: str = ""
    """What answered most of the requests in the first stage of the target that was measured; empty where none reported
    it."""


def read_workload(scenario: Scenario, target: Target, first: Answerers = NO_ANSWERERS) -> WorkloadFacts:
    """What a scenario asks of one of its targets, whose first measured stage these answered."""
    load, traffic = scenario.load, scenario.traffic
    spike = None
    if load.spike is not None:
        spike = Spike(parse_duration(load.spike.before), parse_duration(load.spike.lasts))
    tokens = None if traffic.trace else mean_tokens(traffic.output_tokens)
    segments = () if load.profile is None else load.profile.segments
    tier = target.extra_body.get("service_tier")
    return WorkloadFacts(
        think_s=parse_duration(load.think),
        output_tokens=tokens,
        spike=spike,
        simulated=not target.base_url,
        quota_share=scenario.budget.quota_share if target.base_url else 0.0,
        segments=segments,
        model=target.model,
        tier=tier if isinstance(tier, str) else "",
        names_deployment=names_deployment(target),
        cap_key=name_cap(target),
        first_model=next(iter(first.models), ""),
        first_tier=next(iter(first.tiers), ""),
    )
