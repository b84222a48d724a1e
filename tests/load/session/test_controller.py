"""The conductor takes a crew through a run: it decides, the crew obeys, and the end is always owned."""

from collections.abc import Callable, Sequence
from typing import cast

import gevent
import pytest

from firsttoken.load.control.counters import Tally
from firsttoken.load.control.phases import StageClock, advance_together
from firsttoken.load.control.stopping import Judge
from firsttoken.load.session import controller as conducting
from firsttoken.load.session.controller import Conductor
from firsttoken.plan.order import Ladder
from firsttoken.plan.profile import NS
from firsttoken.plan.stage import Group, StagePlan
from firsttoken.row import Outcome, StageEvent
from firsttoken.scenario.format import Scenario, Traffic
from firsttoken.scenario.load import Load
from firsttoken.scenario.target import Target


class ScriptedCrew:
    """A crew on a clock of its own, a second a tick, whose tally is a function of the time."""

    def __init__(self, tally_at: Callable[[float], Tally] = lambda at_s: Tally()) -> None:
        self.at_s = 0.0
        self.lead_s = 0
        self.stopping: str | None = None
        self.failure: str | None = None
        self.traceback = ""
        self.exhausted: str | None = None
        self.workers_lost = 0
        self.events: list[StageEvent] = []
        self.ended: list[Outcome] = []
        self.left = False
        self.missing: str | None = None
        self.gathers_s = 0.0
        self.at: dict[float, Callable[[], None]] = {}
        self._tally_at = tally_at
        self._clocks: Sequence[StageClock] = ()

    def now_ns(self) -> int:
        return round(self.at_s * NS)

    def next_start_ns(self) -> int:
        return self.now_ns() + self.lead_s * NS

    def gather(self, group: Group) -> str | None:
        gevent.sleep(self.gathers_s)
        return self.missing

    def makes_garbage(self, group: Group) -> bool:
        return False

    def begin(self, clocks: Sequence[StageClock]) -> None:
        self._clocks = clocks

    def tally(self, clock: StageClock) -> Tally:
        return self._tally_at(self.at_s)

    def advance(self, enough: Sequence[StageClock]) -> None:
        self.at_s += 1
        self.at.pop(self.at_s, lambda: None)()
        advance_together([(clock, self.tally(clock)) for clock in self._clocks], self.now_ns(), enough)

    def end(self, outcome: Outcome) -> None:
        self.ended.append(outcome)

    def mark(self, event: StageEvent) -> None:
        self.events.append(event)

    def flush(self) -> None:
        """Nothing waits."""

    def leave(self) -> None:
        self.left = True


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """No real time passes between two ticks."""
    monkeypatch.setattr(conducting, "TICK_S", 0)


def conduct(
    crew: ScriptedCrew,
    targets: str = "a",
    progress: Callable[[dict[str, object]], None] = lambda event: None,
    **load: object,
) -> Conductor:
    scenario = Scenario(
        name="c",
        target=[Target(model=name) for name in targets],
        traffic=Traffic(locustfile="chat", input_tokens=1, output_tokens=1),
        load=cast(Load, Load(users=[1])),
    )
    lengths = {"ramp_ns": NS, "settle_ns": 2 * NS, "measure_ns": 10 * NS, "hold_ns": 5 * NS}
    plans = [
        StagePlan(stage=0, target=name, level=level, repeat=0, users=int(level), **lengths)
        for level in (1.0, 4.0)
        for name in targets
    ]
    conductor = Conductor(crew, Ladder([(plan,) for plan in plans]), Judge(scenario), progress)
    gevent.spawn(conductor.conduct).get(timeout=5)
    return conductor


def told(crew: ScriptedCrew) -> list[tuple[int, str, float]]:
    return [(event.stage, event.event, event.at_ns / NS) for event in crew.events]


def test_every_boundary_of_every_stage_is_journalled_in_order() -> None:
    crew = ScriptedCrew()

    conduct(crew)

    assert told(crew)[:5] == [(0, "ramp", 0), (0, "settle", 1), (0, "measure", 3), (0, "hold", 13), (0, "end", 13)]
    assert [event for stage, event, _ in told(crew) if stage == 1] == ["ramp", "settle", "measure", "hold", "end"]
    assert crew.ended == ["cancelled_by_run"] * 2
    assert crew.left


def test_an_interrupt_breaks_the_stage_off_and_says_so_and_no_other_begins() -> None:
    crew = ScriptedCrew()
    crew.at[5.0] = lambda: setattr(crew, "stopping", "interrupted")

    conduct(crew)

    assert told(crew)[-1] == (0, "end", 5)
    assert crew.events[-1].reason == "interrupted"
    assert crew.ended == ["cancelled_by_user"]
    assert crew.left


def test_a_budget_that_is_used_up_lets_what_is_measured_end_and_ends_the_run() -> None:
    crew = ScriptedCrew(lambda at_s: Tally(open_measured=int(at_s < 9), in_flight=int(at_s < 9)))
    crew.at[7.0] = lambda: setattr(crew, "exhausted", "the budget of 5 requests is used up")

    conductor = conduct(crew)

    assert told(crew)[-2:] == [(0, "hold", 7), (0, "end", 9)]
    assert crew.events[-1].reason == conductor.budget == "the budget of 5 requests is used up"
    assert crew.ended == ["cancelled_by_run"]


def test_once_nothing_is_on_the_wire_a_used_up_budget_keeps_nobody_waiting() -> None:
    """Whoever is open then waits for room in the budget, and there will be none."""
    crew = ScriptedCrew(lambda at_s: Tally(open_measured=3, in_flight=int(at_s < 9)))
    crew.at[7.0] = lambda: setattr(crew, "exhausted", "the budget of 5 requests is used up")

    conduct(crew)

    assert told(crew)[-2:] == [(0, "hold", 7), (0, "end", 9)]


def test_a_stage_starts_when_everybody_has_been_told_of_it() -> None:
    crew = ScriptedCrew()
    crew.lead_s = 3

    conduct(crew)

    assert told(crew)[:3] == [(0, "ramp", 3), (0, "settle", 4), (0, "measure", 6)]


def test_a_dead_target_is_asked_no_more_and_the_others_are() -> None:
    crew = ScriptedCrew()

    def tally(clock: StageClock) -> Tally:
        dead = clock.plan.target == "a"
        return Tally(unanswered=int(20 * crew.at_s)) if dead else Tally(answered=int(20 * crew.at_s))

    crew.tally = tally  # type: ignore[method-assign]  # a tally by target
    conduct(crew, targets="ab")

    ends = [(event.target, event.level, event.reason is None) for event in crew.events if event.event == "end"]
    assert ends == [("a", 1.0, False), ("b", 1.0, True), ("b", 4.0, True)]


def test_a_crew_that_does_not_gather_is_a_failure_in_its_own_words() -> None:
    crew = ScriptedCrew()
    crew.missing = "expected 4 users, Locust has 1"

    conductor = conduct(crew)

    assert conductor.failure == "expected 4 users, Locust has 1"
    assert not crew.events
    assert crew.left


def test_workers_lost_in_a_stage_are_told_with_its_end() -> None:
    crew = ScriptedCrew()
    crew.at[6.0] = lambda: setattr(crew, "workers_lost", 2)

    conduct(crew)

    assert [event.workers_lost for event in crew.events if event.event == "end"] == [2, 0]


def test_workers_lost_while_no_stage_runs_are_told_of_the_run_and_of_no_stage() -> None:
    crew = ScriptedCrew()
    losses = iter([1, 1, 4])
    crew.gather = lambda group: setattr(crew, "workers_lost", next(losses))  # type: ignore[method-assign]
    crew.leave = lambda: setattr(crew, "workers_lost", next(losses))  # type: ignore[method-assign]

    conductor = conduct(crew)

    assert [event.workers_lost for event in crew.events if event.event == "end"] == [0, 0]
    assert conductor.lost_between == 4


def test_each_stage_is_told_as_it_begins_and_with_its_result_as_soon_as_it_has_ended() -> None:
    events: list[dict[str, object]] = []
    crew = ScriptedCrew(lambda at_s: Tally(measured=3, kept=2, judged=4, nano_usd=1_500_000_000))

    conduct(crew, progress=events.append)

    lasting = [event for event in events if event["event"] != "tick"]
    assert [(event["event"], event["stage"]) for event in lasting] == [
        *(("stage", 0), ("result", 0), ("stage", 1), ("result", 1)),
    ]
    assert [event["usd"] for event in lasting if event["event"] == "result"] == [1.5, 3.0]
    assert lasting[1]["slo_share"] == 0.5


def test_the_time_left_falls_to_nothing() -> None:
    events: list[dict[str, object]] = []

    conduct(ScriptedCrew(), progress=events.append)

    left_s = [event["left_s"] for event in events if event["event"] == "tick"]
    assert left_s == [25.0, 12.0]


def test_spent_credit_ends_the_run_as_a_cap_of_its_budget_does() -> None:
    crew = ScriptedCrew(lambda at_s: Tally(answered=min(5, int(at_s)), unpaid=max(0, int(at_s) - 4) * 3))

    conductor = conduct(crew, targets="ab")

    assert conductor.budget is not None
    assert "credit" in conductor.budget
    assert crew.events[-1].reason == conductor.budget
    assert {event.target for event in crew.events} == {"a"}, "b is on the same account"


def test_users_who_take_long_to_start_are_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    def said(crew: ScriptedCrew) -> list[object]:
        events: list[dict[str, object]] = []
        conduct(crew, progress=events.append)
        return [event["sentence"] for event in events if event["event"] == "said"]

    slow = ScriptedCrew()
    slow.gathers_s = 0.02

    assert said(ScriptedCrew()) == []
    monkeypatch.setattr(conducting, "SLOW_START_S", 0.001)
    assert said(slow) == ["starting users: 1", "starting users: 4"]
