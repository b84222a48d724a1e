"""The controller runs a backend: it decides, the backend follows, and the end is always owned."""

from collections.abc import Callable, Sequence
from typing import cast

import gevent
import msgspec
import pytest

from firsttoken.decoding.duration import NS
from firsttoken.load.budget.ledger import Allowance, Ledger
from firsttoken.load.budget.limiter import BudgetLimiter
from firsttoken.load.control.counters import Counters
from firsttoken.load.control.phases import StageClock, advance_together
from firsttoken.load.control.stopping import StoppingRule
from firsttoken.load.session.controller import Controller, LocalBackend
from firsttoken.load.session.session import Session
from firsttoken.plan.order import Ladder
from firsttoken.plan.stage import Group, StagePlan
from firsttoken.row import Outcome, StageEvent
from firsttoken.scenario.format import Budget, Scenario, Traffic
from firsttoken.scenario.load import Load
from firsttoken.scenario.target import Target
from tests.load.made_session import ScriptedTarget, add_users, describe_stage, make_session, send_for_ever


class ScriptedBackend:
    """A backend on a clock of its own, a second a tick, whose counters are a function of the time."""

    def __init__(self, counters_at: Callable[[float], Counters] = lambda at_s: Counters()) -> None:
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
        self.while_gathering: Callable[[], None] = lambda: None
        self.at: dict[float, Callable[[], None]] = {}
        self._counters_at = counters_at
        self._clocks: Sequence[StageClock] = ()

    def now_ns(self) -> int:
        return round(self.at_s * NS)

    def next_start_ns(self) -> int:
        return self.now_ns() + self.lead_s * NS

    def gather_users(self, group: Group) -> str | None:
        self.while_gathering()
        return self.missing

    def leaves_cycles(self, group: Group) -> bool:
        return False

    def begin_stages(self, clocks: Sequence[StageClock]) -> None:
        self._clocks = clocks

    def collect_counters(self, clock: StageClock) -> Counters:
        return self._counters_at(self.at_s)

    def advance_clocks(self, decided: Sequence[StageClock]) -> None:
        self.at_s += 1
        self.at.pop(self.at_s, lambda: None)()
        advance_together([(clock, self.collect_counters(clock)) for clock in self._clocks], self.now_ns(), decided)

    def end_stages(self, outcome: Outcome) -> None:
        self.ended.append(outcome)

    def journal_event(self, event: StageEvent) -> None:
        self.events.append(event)

    def flush_journal(self) -> None:
        """Nothing waits."""

    def end_run(self) -> None:
        self.left = True


def conduct(
    backend: ScriptedBackend,
    targets: str = "a",
    progress: Callable[[dict[str, object]], None] = lambda event: None,
    **load: object,
) -> Controller:
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
    controller = Controller(
        backend, Ladder([(plan,) for plan in plans]), StoppingRule(scenario), progress, sleep=lambda _s: None
    )
    controller.run()
    return controller


def told(backend: ScriptedBackend) -> list[tuple[int, str, float]]:
    return [(event.stage, event.event, event.at_ns / NS) for event in backend.events]


def test_every_boundary_of_every_stage_is_journalled_in_order() -> None:
    backend = ScriptedBackend()

    conduct(backend)

    assert told(backend)[:5] == [(0, "ramp", 0), (0, "settle", 1), (0, "measure", 3), (0, "hold", 13), (0, "end", 13)]
    assert [event for stage, event, _ in told(backend) if stage == 1] == ["ramp", "settle", "measure", "hold", "end"]
    assert backend.ended == ["cancelled_by_run"] * 2
    assert backend.left


def test_an_interrupt_breaks_the_stage_off_and_says_so_and_no_other_begins() -> None:
    backend = ScriptedBackend()
    backend.at[5.0] = lambda: setattr(backend, "stopping", "interrupted")

    conduct(backend)

    assert told(backend)[-1] == (0, "end", 5)
    assert backend.events[-1].reason == "interrupted"
    assert backend.ended == ["cancelled_by_user"]
    assert backend.left


def test_a_budget_that_is_used_up_lets_what_is_measured_end_and_ends_the_run() -> None:
    backend = ScriptedBackend(lambda at_s: Counters(open_measured=int(at_s < 9), in_flight=int(at_s < 9)))
    backend.at[7.0] = lambda: setattr(backend, "exhausted", "the budget of 5 requests is used up")

    controller = conduct(backend)

    assert told(backend)[-2:] == [(0, "hold", 7), (0, "end", 9)]
    assert backend.events[-1].reason == controller.budget == "the budget of 5 requests is used up"
    assert backend.ended == ["cancelled_by_run"]


def test_once_nothing_is_on_the_wire_a_used_up_budget_keeps_nobody_waiting() -> None:
    """Whoever is open then waits for room in the budget, and there will be none."""
    backend = ScriptedBackend(lambda at_s: Counters(open_measured=3, in_flight=int(at_s < 9)))
    backend.at[7.0] = lambda: setattr(backend, "exhausted", "the budget of 5 requests is used up")

    conduct(backend)

    assert told(backend)[-2:] == [(0, "hold", 7), (0, "end", 9)]


def test_a_stage_starts_when_everybody_has_been_told_of_it() -> None:
    backend = ScriptedBackend()
    backend.lead_s = 3

    conduct(backend)

    assert told(backend)[:3] == [(0, "ramp", 3), (0, "settle", 4), (0, "measure", 6)]


def test_a_dead_target_is_asked_no_more_and_the_others_are() -> None:
    backend = ScriptedBackend()

    def collect_counters(clock: StageClock) -> Counters:
        dead = clock.plan.target == "a"
        return Counters(unanswered=int(20 * backend.at_s)) if dead else Counters(answered=int(20 * backend.at_s))

    backend.collect_counters = collect_counters  # type: ignore[method-assign]  # counters by target
    conduct(backend, targets="ab")

    ends = [(event.target, event.level, event.reason is None) for event in backend.events if event.event == "end"]
    assert ends == [("a", 1.0, False), ("b", 1.0, True), ("b", 4.0, True)]


def test_a_backend_that_does_not_gather_is_a_failure_in_its_own_words() -> None:
    backend = ScriptedBackend()
    backend.missing = "expected 4 users, Locust has 1"

    controller = conduct(backend)

    assert controller.failure == "expected 4 users, Locust has 1"
    assert not backend.events
    assert backend.left


def test_workers_lost_in_a_stage_are_told_with_its_end() -> None:
    backend = ScriptedBackend()
    backend.at[6.0] = lambda: setattr(backend, "workers_lost", 2)

    conduct(backend)

    assert [event.workers_lost for event in backend.events if event.event == "end"] == [2, 0]


def test_workers_lost_while_no_stage_runs_are_told_of_the_run_and_of_no_stage() -> None:
    backend = ScriptedBackend()
    losses = iter([1, 1, 4])
    backend.gather_users = lambda group: setattr(backend, "workers_lost", next(losses))  # type: ignore[method-assign]
    backend.end_run = lambda: setattr(backend, "workers_lost", next(losses))  # type: ignore[method-assign]

    controller = conduct(backend)

    assert [event.workers_lost for event in backend.events if event.event == "end"] == [0, 0]
    assert controller.lost_between == 4


def test_each_stage_is_reported_as_it_begins_and_with_its_result_as_soon_as_it_has_ended() -> None:
    events: list[dict[str, object]] = []
    backend = ScriptedBackend(lambda at_s: Counters(measured=3, kept=2, judged=4, nano_usd=1_500_000_000))

    conduct(backend, progress=events.append)

    lasting = [event for event in events if event["event"] != "tick"]
    assert [(event["event"], event["stage"]) for event in lasting] == [
        *(("stage", 0), ("result", 0), ("stage", 1), ("result", 1)),
    ]
    assert [event["usd"] for event in lasting if event["event"] == "result"] == [1.5, 3.0]
    assert lasting[1]["slo_share"] == 0.5


def test_the_time_left_falls_to_nothing() -> None:
    events: list[dict[str, object]] = []

    conduct(ScriptedBackend(), progress=events.append)

    left_s = [event["left_s"] for event in events if event["event"] == "tick"]
    assert left_s == [25.0, 12.0]


def test_spent_credit_ends_the_run_as_a_cap_of_its_budget_does() -> None:
    backend = ScriptedBackend(lambda at_s: Counters(answered=min(5, int(at_s)), unpaid=max(0, int(at_s) - 4) * 3))

    controller = conduct(backend, targets="ab")

    assert controller.budget is not None
    assert "credit" in controller.budget
    assert backend.events[-1].reason == controller.budget
    assert {event.target for event in backend.events} == {"a"}, "b is on the same account"


def test_users_who_take_long_to_start_are_reported() -> None:
    def said(backend: ScriptedBackend) -> list[object]:
        events: list[dict[str, object]] = []
        conduct(backend, progress=events.append)
        return [event["sentence"] for event in events if event["event"] == "said"]

    slow = ScriptedBackend()
    slow.while_gathering = lambda: gevent.sleep(0)  # for as long as the fake sleep of the controller takes

    assert said(ScriptedBackend()) == []
    assert said(slow) == ["starting users: 1", "starting users: 4"]


def test_a_failure_of_the_backend_in_a_stage_is_the_controllers_with_its_traceback() -> None:
    backend = ScriptedBackend()

    def fail() -> None:
        backend.stopping = backend.failure = "chat.py:3: expected it to run"
        backend.traceback = "Traceback"

    backend.at[5.0] = fail

    controller = conduct(backend)

    assert (controller.failure, controller.traceback) == ("chat.py:3: expected it to run", "Traceback")
    assert backend.events[-1].reason == "chat.py:3: expected it to run"


def local(session: Session, **budget: float) -> LocalBackend:
    return LocalBackend(session, Ledger(Budget(**budget)), seed=7, trace=None)


def drive(session: Session, backend: LocalBackend, groups: list[Group]) -> tuple[Controller, gevent.Greenlet]:
    """A controller that runs these stages on a backend, in virtual time."""
    target = Target(model="a")
    traffic = Traffic(locustfile="chat", input_tokens=1, output_tokens=1)
    scenario = Scenario(name="c", target=[target], traffic=traffic, load=Load(users=[1]))
    rule = StoppingRule(scenario)
    controller = Controller(backend, Ladder(groups), rule, lambda event: None, session.clock.sleep)
    return controller, gevent.spawn(controller.run)


def stages_of(session: Session) -> list[tuple[str, float]]:
    session.recorder.flush()
    lines = (session.recorder.folder / "stages.jsonl").read_bytes().splitlines()
    return [(event.event, event.at_ns / NS) for event in (msgspec.json.decode(line, type=StageEvent) for line in lines)]


def test_a_process_alone_runs_a_stage_from_its_users_to_its_last_row(tmp_path) -> None:
    session = make_session(tmp_path, takes_s=0.5)
    plan = describe_stage(users=2, measure_ns=2 * NS)
    controller, running = drive(session, local(session), [(plan,)])
    session.clock.let_pass(1)
    assert (session.users.wanted, stages_of_any(session)) == (2, [])

    add_users(session, "ab")
    users = [send_for_ever(session, user) for user in "ab"]
    session.clock.let_pass(10)
    gevent.killall(users)

    assert running.successful()
    names, times_s = zip(*stages_of(session), strict=True)
    assert names == ("ramp", "settle", "measure", "hold", "end")
    assert times_s[3] - times_s[2] == 2
    assert (controller.failure, controller.budget, session.is_over) == (None, None, True)
    assert session.recorder.started[0] >= 8


def stages_of_any(session: Session) -> list[tuple[str, float]]:
    return stages_of(session) if (session.recorder.folder / "stages.jsonl").exists() else []


def test_users_that_do_not_come_are_requested_again_and_then_fail_the_run(tmp_path) -> None:
    session = make_session(tmp_path)
    controller, running = drive(session, local(session), [(describe_stage(users=2),)])
    add_users(session, "a")

    session.clock.let_pass(40)

    assert running.successful()
    assert str(controller.failure).startswith("expected 2 users to be ready, got 1")
    assert session.users.requested_again == 9


def test_a_run_that_is_interrupted_as_its_users_start_begins_no_stage(tmp_path) -> None:
    session = make_session(tmp_path)
    controller, running = drive(session, local(session), [(describe_stage(users=2),)])
    session.clock.let_pass(1)

    session.cancellation.interrupt_run("interrupted")
    session.clock.let_pass(1)

    assert running.successful()
    assert (controller.failure, stages_of_any(session)) == ("interrupted", [])


def test_a_budget_of_requests_ends_the_run_of_a_process_alone(tmp_path) -> None:
    limiter = BudgetLimiter(Allowance(), prices={"a": None}, quotas={})
    session = make_session(tmp_path, takes_s=0.5, limiter=limiter)
    controller, running = drive(session, local(session, requests=3), [(describe_stage(users=1),)])
    add_users(session, "a")
    user = send_for_ever(session, "a")

    session.clock.let_pass(20)
    user.kill()

    assert running.successful()
    assert "3 requests" in str(controller.budget)
    assert len(session.targets["a"].client.bodies) == 3


def test_a_failure_of_the_session_is_the_backends(tmp_path) -> None:
    session = make_session(tmp_path)
    backend = local(session)
    session.cancellation.fail_run("chat.py:3", "Traceback")

    assert (backend.failure, backend.stopping, backend.traceback) == ("chat.py:3", "chat.py:3", "Traceback")


@pytest.mark.parametrize("client", ["wire", "sdk"])
def test_only_the_openai_package_leaves_cycles(tmp_path, client) -> None:
    target = ScriptedTarget(None, Target(model="a", client=client))
    backend = local(make_session(tmp_path, targets={"a": target}))

    assert backend.leaves_cycles((describe_stage(),)) == (client == "sdk")
