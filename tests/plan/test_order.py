"""The order of stages is part of the experiment, and a search goes where its results lead."""

import msgspec

from firsttoken.plan.order import StageOrder, order_stages
from firsttoken.plan.resume import Finished
from firsttoken.plan.stage import StagePlan
from firsttoken.row import StageEvent
from firsttoken.scenario.format import Scenario, Traffic
from firsttoken.scenario.load import Load
from firsttoken.scenario.slo import Slo
from firsttoken.scenario.target import Target


def made(**load: object) -> Scenario:
    return Scenario(
        name="way",
        target=[Target(model="a", name="a"), Target(model="b", name="b")],
        traffic=Traffic(locustfile="chat", input_tokens=10, output_tokens=10),
        load=msgspec.convert(load, Load),
        slo=Slo(ttft="1s"),
    )


def end_of(plan: StagePlan, kept: int = 0, judged: int = 0) -> StageEvent:
    return StageEvent(
        stage=plan.stage,
        target=plan.target,
        level=plan.level,
        repeat=plan.repeat,
        event="end",
        at_ns=0,
        users=1,
        started=1,
        by=plan.by,
        confirms=plan.confirms,
        kept=kept,
        judged=judged,
    )


def groups_of(way: StageOrder) -> list[tuple[StagePlan, ...]]:
    found = []
    while group := way.next_group():
        found.append(group)
    return found


def names(way: StageOrder) -> list[tuple[str, float]]:
    return [(plan.target, plan.level) for group in groups_of(way) for plan in group]


def test_targets_take_turns_level_by_level_and_the_turn_reverses() -> None:
    assert names(order_stages(made(users=[1, 4], repeats=2))) == [
        ("a", 1), ("b", 1), ("b", 4), ("a", 4),
        ("a", 1), ("b", 1), ("b", 4), ("a", 4),
    ]  # fmt: skip


def test_stages_are_numbered_in_the_order_they_run() -> None:
    numbers = [plan.stage for group in groups_of(order_stages(made(rate=[1.0, 4.0]))) for plan in group]

    assert numbers == [0, 1, 2, 3]


def test_a_shuffled_order_is_the_same_for_the_same_seed_and_holds_every_stage() -> None:
    once, again = (groups_of(order_stages(made(users=[1, 4], order="shuffle", repeats=5))) for _ in range(2))

    assert once == again
    assert {(plan.target, plan.level, plan.repeat) for (plan,) in once} == {
        (target, level, repeat) for target in "ab" for level in (1, 4) for repeat in range(5)
    }
    assert once != groups_of(order_stages(made(users=[1, 4], repeats=5)))


def test_targets_together_are_one_group_and_need_the_users_of_both() -> None:
    way = order_stages(made(users=[2, 8], order="together"))

    assert (way.first_users, way.most_users) == (4, 16)
    assert [[(plan.stage, plan.target, plan.level) for plan in group] for group in groups_of(way)] == [
        [(0, "a", 2), (1, "b", 2)],
        [(2, "a", 8), (3, "b", 8)],
    ]


def test_a_stage_that_was_finished_before_is_not_run_again_and_the_numbers_go_on() -> None:
    first = groups_of(order_stages(made(users=[1, 4])))
    ends = tuple(end_of(plan) for (plan,) in first[:2])

    way = order_stages(made(users=[1, 4]), finished=Finished(ends, next_stage=3))
    left = groups_of(way)

    assert way.stages == 5
    assert [(plan.stage, plan.target, plan.level) for (plan,) in left] == [(3, "b", 4), (4, "a", 4)]


def test_a_target_that_is_given_up_is_asked_no_more() -> None:
    way = order_stages(made(users=[1, 4]))
    way.next_group()

    way.drop_target("a")

    assert names(way) == [("b", 1), ("b", 4)]


def search_out(way: StageOrder, knees: dict[str, float]) -> list[StagePlan]:
    """Every stage of a search on targets that meet the SLO up to so many users and answer two requests a user."""
    ran = []
    while group := way.next_group():
        (plan,) = group
        ran.append(plan)
        way.record_result(plan, "keeps" if plan.level <= knees[plan.target] else "fails", rate=2 * plan.level)
    return ran


def test_a_search_takes_turns_finds_each_targets_knee_and_confirms_it_in_open_loop() -> None:
    ran = search_out(order_stages(made(search={"by": "users", "from": 1, "to": 64})), {"a": 8, "b": 30})

    assert [plan.target for plan in ran[:4]] == ["a", "b", "a", "b"]
    assert [plan.stage for plan in ran] == list(range(len(ran)))
    kept = {name: max(p.level for p in ran if p.target == name and p.by == "users" and p.level <= knee)
            for name, knee in (("a", 8), ("b", 30))}  # fmt: skip
    assert kept["a"] == 8
    assert 22 < kept["b"] <= 30
    assert [(plan.target, plan.level) for plan in ran if plan.confirms] == [("a", 16.0), ("b", 2 * kept["b"])]
    assert all(plan.by == "rate" for plan in ran if plan.confirms)


def test_a_search_that_goes_on_remembers_what_it_has_seen() -> None:
    scenario = made(search={"by": "users", "from": 1, "to": 64})
    whole = search_out(order_stages(scenario), {"a": 8, "b": 30})
    seen = whole[:9]
    ends = tuple(end_of(plan, kept=500 * (plan.level <= {"a": 8, "b": 30}[plan.target]), judged=500) for plan in seen)

    rest = search_out(order_stages(scenario, finished=Finished(ends, next_stage=9)), {"a": 8, "b": 30})

    assert {(plan.target, plan.level) for plan in rest if not plan.confirms} == {
        (plan.target, plan.level) for plan in whole[9:] if not plan.confirms
    }
    assert min(plan.stage for plan in rest) == 9


def test_a_search_by_rate_needs_no_confirmation_and_one_that_fails_at_once_has_nothing_to_confirm() -> None:
    by_rate = search_out(order_stages(made(search={"by": "rate", "from": 1, "to": 8})), {"a": 2, "b": 2})
    hopeless = search_out(order_stages(made(search={"by": "users", "from": 4, "to": 8})), {"a": 1, "b": 1})

    assert not any(plan.confirms for plan in [*by_rate, *hopeless])


def test_a_level_that_is_measured_again_is_another_repeat() -> None:
    way = order_stages(made(search={"by": "users", "from": 1, "to": 2, "steps": 1}))
    seen = []
    while (group := way.next_group()) and len(seen) < 20:
        seen.append(group[0].key)
        way.record_result(group[0], None, rate=1.0)

    assert len(set(seen)) == len(seen)
    assert ("a", 1.0, 1, "users", False) in seen
