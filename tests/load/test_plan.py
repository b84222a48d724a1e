"""The order of stages is part of the experiment."""

import msgspec

from firsttoken.load.plan import NS, plan_stages
from firsttoken.scenario import Load, Scenario, Target, Traffic


def made(**load: object) -> Scenario:
    return Scenario(
        name="plan",
        target=[Target(model="a", name="a"), Target(model="b", name="b")],
        traffic=Traffic(locustfile="chat", input_tokens=10, output_tokens=10),
        load=msgspec.convert({"users": [1, 4], **load}, Load),
    )


def test_targets_take_turns_level_by_level_and_the_turn_reverses() -> None:
    order = [(plan.target, plan.level) for plan in plan_stages(made(repeats=2))]

    assert order == [
        ("a", 1), ("b", 1), ("b", 4), ("a", 4),
        ("a", 1), ("b", 1), ("b", 4), ("a", 4),
    ]  # fmt: skip


def test_stages_are_numbered_in_the_order_they_run() -> None:
    assert [plan.stage for plan in plan_stages(made())] == [0, 1, 2, 3]


def test_a_shuffled_order_is_the_same_for_the_same_seed_and_holds_every_stage() -> None:
    once, again = plan_stages(made(order="shuffle", repeats=5)), plan_stages(made(order="shuffle", repeats=5))

    assert once == again
    assert {(plan.target, plan.level, plan.repeat) for plan in once} == {
        (target, level, repeat) for target in "ab" for level in (1, 4) for repeat in range(5)
    }
    assert once != plan_stages(made(repeats=5))


def test_lengths_are_nanoseconds_and_auto_is_none() -> None:
    plan = plan_stages(made(ramp="500ms", settle="auto", measure="11s", hold="20s"))[0]

    assert (plan.ramp_ns, plan.settle_ns, plan.measure_ns, plan.hold_ns) == (NS // 2, None, 11 * NS, 20 * NS)


def test_an_automatic_ramp_lets_users_in_one_by_one_and_is_bounded() -> None:
    ramps = [plan.ramp_ns for plan in plan_stages(made(users=[1, 100, 5000], ramp="auto"))[::2]]

    assert ramps == [NS // 50, 2 * NS, 10 * NS]
