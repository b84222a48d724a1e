"""Arrivals: their rate, spread and law are those asked for, and their schedule is one whoever asks and however long."""

import math
from itertools import islice, pairwise, takewhile
from statistics import fmean, pstdev

import pytest
from scipy import stats

from firsttoken.decoding.duration import NS
from firsttoken.plan.arrivals import ARRIVALS, OF_STATED_CV, arrive, find_variation
from firsttoken.plan.profile import Profile, Segment, amount

PROCESSES = [
    (name, find_variation(name, cv))
    for name in ARRIVALS
    for cv in ((0.3, 1.0, 3.0) if name in OF_STATED_CV else (1.0,))
]
"""(process, coefficient of variation) of every arrival process."""


def soak(rate: float, seconds: int = 1) -> Profile:
    return (Segment(seconds * NS, rate, rate),)


PROFILES = {
    "soak": soak(200.0, 100),
    "from 0": (Segment(100 * NS, 0.0, 400.0),),
    "to 0": (Segment(100 * NS, 400.0, 0.0),),
    "spike": soak(100.0, 40) + soak(700.0, 20) + soak(100.0, 40),
    "pause": soak(300.0, 40) + soak(0.0, 20) + soak(300.0, 40),
}


def schedule(
    profile: Profile, process: str = "poisson", cv: float = 1.0, seed: str = "7", n: int = 20_000
) -> list[int]:
    return list(islice(arrive(profile, process, cv, seed), n))


def gaps_s(instants: list[int]) -> list[float]:
    return [(after - before) / NS for before, after in pairwise(instants)]


@pytest.mark.parametrize(("process", "cv"), PROCESSES)
def test_the_rate_is_the_one_asked_for(process, cv):
    instants = schedule(soak(50.0), process, cv)

    assert len(instants) / (instants[-1] / NS) == pytest.approx(50, rel=5 * max(cv, 0.01) / math.sqrt(20_000))


@pytest.mark.parametrize(("process", "cv"), PROCESSES)
def test_the_gaps_vary_as_asked(process, cv):
    gaps = gaps_s(schedule(soak(50.0), process, cv))

    assert pstdev(gaps) / fmean(gaps) == pytest.approx(cv, rel=0.06, abs=1e-6)


@pytest.mark.parametrize("seed", ["1", "2", "3"])
def test_the_gaps_of_poisson_arrivals_are_exponential(seed):
    gaps = gaps_s(schedule(soak(50.0), seed=seed))

    assert stats.kstest(gaps, stats.expon(scale=1 / 50).cdf).pvalue > 0.01


@pytest.mark.parametrize("cv", [0.3, 0.8, 1.5])
def test_the_gaps_of_gamma_arrivals_are_gamma(cv):
    gaps = gaps_s(schedule(soak(50.0), "gamma", cv))

    assert stats.kstest(gaps, stats.gamma(1 / cv**2, scale=cv**2 / 50).cdf).pvalue > 0.01


@pytest.mark.parametrize("seed", ["1", "2", "3"])
def test_poisson_arrivals_of_a_ramp_are_uniform_in_what_has_been_carried(seed):
    """Given their number, the amounts at which they come are uniform: the test of a time change."""
    climb = PROFILES["from 0"]
    carried = [amount(climb, at) for at in schedule(climb, seed=seed) if at < 100 * NS]

    assert stats.kstest(carried, stats.uniform(0, 20_000).cdf).pvalue > 0.01


@pytest.mark.parametrize("name", PROFILES)
def test_as_many_constant_arrivals_come_as_the_integral_says_up_to_every_instant(name):
    profile = PROFILES[name]
    instants = schedule(profile, "constant", n=30_000)

    for at_ns in range(5 * NS, 101 * NS, 5 * NS):
        came = sum(1 for _ in takewhile(lambda instant, until=at_ns: instant < until, instants))
        assert abs(came - amount(profile, at_ns)) <= 0.5 + 1e-6


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize(("process", "cv"), [("poisson", 1.0), ("gamma", 2.0)])
def test_as_many_chance_arrivals_are_expected_as_the_integral_says(name, process, cv):
    profile = PROFILES[name]
    came = [sum(at < 60 * NS for at in schedule(profile, process, cv, seed=str(seed))) for seed in range(5)]
    expected = amount(profile, 60 * NS)

    assert fmean(came) == pytest.approx(expected, abs=4 * cv * math.sqrt(expected / 5))


@pytest.mark.parametrize("cv", [0.2, 1.0, 4.0])
def test_a_schedule_does_not_begin_with_a_burst_or_a_pause(cv):
    """Of bursty gaps the first would be short: without the stationary start 7.5 arrivals too many come at cv 4."""
    came = [sum(1 for at in schedule(soak(1.0), "gamma", cv, str(seed), n=200) if at < 2 * NS) for seed in range(2000)]

    assert fmean(came) == pytest.approx(2.0, abs=4 * cv * math.sqrt(2 * max(1, cv) / 2000))


def test_constant_arrivals_do_not_drift_by_a_nanosecond_in_a_million():
    spacing = NS // 20
    instants = arrive(soak(20.0), "constant", 1.0, "7")

    assert all(at == spacing // 2 + number * spacing for number, at in enumerate(islice(instants, 1_000_000)))


def test_a_spacing_that_is_no_whole_number_of_nanoseconds_is_rounded_and_not_added_up():
    instants = schedule(soak(3.0), "constant", n=100_000)

    assert all(abs(at - (2 * number + 1) * NS / 6) <= 0.51 for number, at in enumerate(instants))


def test_thirty_seconds_at_twenty_a_second_are_six_hundred():
    instants = schedule(soak(20.0, 30), "constant", n=1_000)

    assert sum(at < 30 * NS for at in instants) == 600


@pytest.mark.parametrize(("process", "cv"), PROCESSES)
def test_one_worker_and_eight_drive_the_same_schedule(process, cv):
    profile = PROFILES["spike"]
    shares = [islice(arrive(profile, process, cv, "7"), worker, 4_000, 8) for worker in range(8)]

    assert sorted(at for share in shares for at in share) == schedule(profile, process, cv, n=4_000)


def test_another_seed_is_another_schedule():
    assert schedule(soak(5.0), seed="7", n=10) != schedule(soak(5.0), seed="8", n=10)


def test_instants_never_go_back():
    """At a cv of 10 most gaps are far below a nanosecond: such arrivals share their instant."""
    instants = schedule(PROFILES["from 0"], "gamma", 10.0)

    assert instants == sorted(instants)
    assert len(set(instants)) < len(instants)


def test_the_instants_of_a_seed_stay_what_they_were():
    """Runs of different versions are comparable only if they are driven alike: a change here is for the changelog."""
    assert schedule((Segment(4 * NS, 0.0, 8.0),), "poisson", seed="7", n=3) == [
        1_116_385_022,
        1_830_113_551,
        2_521_930_075,
    ]
    assert schedule(soak(2.0), "gamma", 2.0, seed="7", n=3) == [3_626_157_838, 3_670_735_465, 4_534_357_299]


def test_the_last_value_goes_on_for_ever_unless_it_is_0():
    assert schedule((Segment(10 * NS, 0.0, 2.0),), "constant", n=1_000)[-1] > 400 * NS
    assert len(schedule((Segment(10 * NS, 4.0, 0.0),), "constant", n=1_000)) == 20
