"""The plan of one stage: what a scenario says of a level, in nanoseconds."""

from itertools import islice

import msgspec
import pytest

from firsttoken.decoding.duration import NS
from firsttoken.plan.profile import Segment, wanted_at
from firsttoken.plan.stage import find_schedule, plan_rate, plan_shape, plan_trace, plan_users
from firsttoken.scenario.format import Scenario, Traffic
from firsttoken.scenario.load import Load
from firsttoken.scenario.slo import Slo
from firsttoken.scenario.target import Target
from firsttoken.traffic.trace import Arrival


def made(**load: object) -> Scenario:
    return Scenario(
        name="plan",
        target=[Target(model="a", name="a")],
        traffic=Traffic(locustfile="chat", input_tokens=10, output_tokens=10),
        load=msgspec.convert(load, Load),
        slo=Slo(ttft="1s"),
    )


def test_lengths_are_nanoseconds_and_auto_is_none() -> None:
    scenario = made(users=[1], ramp="500ms", settle="auto", measure="11s", hold="20s")

    plan = plan_users(scenario, "a", users=1)

    assert (plan.ramp_ns, plan.settle_ns, plan.measure_ns, plan.hold_ns) == (NS // 2, None, 11 * NS, 20 * NS)
    assert plan.least_ns is None


def test_an_automatic_ramp_lets_users_in_one_by_one_and_is_bounded() -> None:
    scenario = made(users=[1, 100, 5000])

    assert [plan_users(scenario, "a", users=users).ramp_ns for users in (1, 100, 5000)] == [NS // 50, 2 * NS, 10 * NS]


def test_a_rate_rises_over_the_ramp_and_then_stays() -> None:
    plan = plan_rate(made(rate=[4.0], ramp="2s", max_in_flight=50), "a", rate=4.0)

    assert [wanted_at(plan.profile, at) for at in (0, NS, 2 * NS, 900 * NS)] == [0, 2, 4, 4]
    assert (plan.by, plan.level, plan.users) == ("rate", 4.0, 50)


def test_a_shape_is_measured_from_its_beginning_to_its_end_and_its_level_is_its_peak() -> None:
    spike = {"by": "users", "base": 2, "peak": 9, "before": "5s", "lasts": "3s", "after": "4s"}
    scenario = made(shape="spike", spike=spike, ramp="1s", settle="6s")

    plan = plan_shape(scenario, "a", sampled=None)

    assert (plan.level, plan.users, plan.measure_ns) == (9.0, 9, 12 * NS)
    assert [wanted_at(plan.profile, at * NS) for at in (2, 7 + 4, 7 + 6, 7 + 9)] == [2, 2, 9, 2]


def test_a_shape_of_the_locustfile_is_driven_as_it_was_sampled() -> None:
    sampled = (Segment(4 * NS, 3.0, 3.0), Segment(4 * NS, 7.0, 7.0))

    plan = plan_shape(made(shape="Mine", ramp="0s", settle="0s"), "a", sampled=sampled)

    assert (plan.level, plan.users, plan.measure_ns, plan.profile[-2:]) == (7.0, 7, 8 * NS, sampled)


def test_a_traces_level_is_its_mean_rate_and_all_of_it_is_measured() -> None:
    trace = [Arrival(at * NS // 2, 10, 10) for at in range(21)]

    plan = plan_trace(made(users=[1]), "a", trace=trace)

    assert (plan.by, plan.level, plan.settle_ns) == ("rate", 2.1, 0)
    assert plan.measure_ns == 10 * NS + 1


def test_a_level_that_measures_until_a_figure_is_narrow_has_a_least_and_a_most_time() -> None:
    until = {"metric": "ttft_p95", "within": 0.05, "least": "20s", "most": "90s"}

    plan = plan_users(made(users=[4], until=until), "a", users=4)

    assert (plan.least_ns, plan.measure_ns) == (20 * NS, 90 * NS)


@pytest.mark.parametrize(("measure", "most_s"), [("auto", 300), ("30s", 30)])
def test_a_level_of_a_search_may_end_early(measure: str, most_s: int) -> None:
    scenario = made(search={"by": "users", "from": 1, "to": 8}, measure=measure)

    plan = plan_users(scenario, "a", users=4)

    assert (plan.least_ns, plan.measure_ns) == (5 * NS, most_s * NS)


def test_load_processes_share_the_schedule_that_one_would_have() -> None:
    plan = plan_rate(made(rate=[50]), "a", rate=50)
    whole = list(islice(find_schedule(plan, 7, None), 90))

    shares = [list(islice(find_schedule(plan, 7, None, place, 3), 30)) for place in range(3)]

    assert sorted(arrival for share in shares for arrival in share) == whole


def test_every_target_is_asked_at_the_same_times_and_every_repeat_at_others() -> None:
    one, other, again = (
        list(islice(find_schedule(plan_rate(made(rate=[50]), target, rate=50, repeat=repeat), 7, None), 9))
        for target, repeat in (("a", 0), ("b", 0), ("a", 1))
    )

    assert one == other != again


def test_a_closed_loop_has_no_arrivals() -> None:
    assert list(find_schedule(plan_users(made(users=[4]), "a", users=4), 7, None)) == []
