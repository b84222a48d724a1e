"""A share may be looked at after every request, and a dead-even case is still not called."""

import functools
import math

import numpy as np
import pytest

from firsttoken.stats.proportion import proportion_interval
from firsttoken.stats.sequential import decide_share, share_interval

decide = functools.cache(decide_share)


def find_end(keeps: np.ndarray, share: float, design_effect: float = 1.0) -> tuple[str | None, int]:
    """What is called of requests looked at one by one, and after how many; (None, all) if nothing is."""
    counts = np.cumsum(keeps).tolist()
    for judged, met in enumerate(counts, 1):
        called = decide(met, judged, share, design_effect=design_effect)
        if called is not None:
            return called, judged
    return None, len(counts)


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_a_dead_even_case_is_called_less_than_5_times_in_100_however_often_one_looks(share: float) -> None:
    rng = np.random.default_rng(4)

    called = [find_end(rng.random(2000) < share, share)[0] is not None for _ in range(600)]

    assert np.mean(called) < 0.05


def test_a_fixed_interval_looked_at_after_every_request_calls_it_four_times_in_ten() -> None:
    @functools.cache
    def call(met: int, judged: int) -> bool:
        fixed = proportion_interval(met, judged)
        return fixed.lo is not None and fixed.hi is not None and not fixed.lo <= 0.5 <= fixed.hi

    rng = np.random.default_rng(4)
    runs = [np.cumsum(rng.random(1000) < 0.5).tolist() for _ in range(200)]
    called = [any(call(met, judged) for judged, met in enumerate(run, 1)) for run in runs]

    assert np.mean(called) == pytest.approx(0.41, abs=0.06)


@pytest.mark.parametrize(("truth", "wrong"), [(0.93, "keeps"), (0.97, "fails")])
def test_what_is_truly_on_one_side_is_hardly_ever_called_the_other(truth: float, wrong: str) -> None:
    rng = np.random.default_rng(5)

    assert np.mean([find_end(rng.random(1500) < truth, 0.95)[0] == wrong for _ in range(200)]) < 0.05


@pytest.mark.parametrize(
    ("truth", "requests", "called"),
    [(1.0, 73, "keeps"), (0.99, 150, "keeps"), (0.98, 340, "keeps"), (0.9, 260, "fails"), (0.8, 40, "fails")],
)
def test_it_takes_about_as_many_requests_as_the_page_says(truth: float, requests: int, called: str) -> None:
    rng = np.random.default_rng(6)

    ends = [find_end(rng.random(4000) < truth, 0.95) for _ in range(100)]

    assert {end for end, _ in ends} == {called}
    assert np.mean([count for _, count in ends]) == pytest.approx(requests, rel=0.3)


def test_three_requests_that_all_miss_the_slo_are_enough() -> None:
    assert [decide_share(0, judged, 0.95) for judged in (0, 1, 2, 3)] == [None, None, None, "fails"]


def test_neighbours_who_share_one_fate_are_called_too_often_unless_their_design_effect_is_given() -> None:
    """Ten users wait in one queue: what one of them gets, all ten get."""
    rng = np.random.default_rng(7)
    runs = [np.repeat(rng.random(150) < 0.9, 10) for _ in range(300)]

    assert np.mean([find_end(run, 0.9)[0] is not None for run in runs]) > 0.15
    assert np.mean([find_end(run, 0.9, design_effect=10)[0] is not None for run in runs]) < 0.05


@pytest.mark.parametrize("judged", [1, 20, 73, 300, 2000])
@pytest.mark.parametrize("missed", [0, 1, 5, 20])
def test_the_interval_leaves_the_share_at_the_request_that_decides(judged: int, missed: int) -> None:
    met = max(0, judged - missed)
    interval = share_interval(met, judged, 0.95)
    assert interval.lo is not None and interval.hi is not None

    says = "keeps" if interval.lo > 0.95 else "fails" if interval.hi < 0.95 else None
    assert says == decide_share(met, judged, 0.95)


def test_the_interval_holds_the_true_share_at_every_look() -> None:
    rng = np.random.default_rng(8)
    interval_of = functools.cache(functools.partial(share_interval, share=0.95))

    missed = 0
    for _ in range(200):
        counts = np.cumsum(rng.random(300) < 0.9).tolist()
        intervals = [interval_of(met, judged) for judged, met in enumerate(counts, 1)]
        missed += any(each.lo > 0.9 or each.hi < 0.9 for each in intervals)

    assert missed / 200 < 0.05


def test_the_interval_is_wider_than_one_that_is_looked_at_once() -> None:
    once, always = proportion_interval(930, 1000), share_interval(930, 1000, 0.95)

    assert always.lo < once.lo < 0.93 < once.hi < always.hi
    assert (always.value, always.n, always.n_eff) == (0.93, 1000, 1000)


def test_what_was_cut_off_may_have_gone_either_way() -> None:
    cut = share_interval(90, 100, 0.95, undecided=5)

    assert cut.lo == share_interval(90, 100, 0.95).lo
    assert cut.hi == share_interval(95, 100, 0.95).hi
    assert cut.at_least


def test_the_ends_are_0_and_1_where_nothing_speaks_against_them() -> None:
    assert share_interval(0, 50, 0.95).lo == 0
    assert share_interval(50, 50, 0.95).hi == 1
    assert share_interval(0, 0, 0.95).value is None


def test_a_share_of_1_is_never_shown_to_be_kept_and_fails_with_the_first_that_does_not() -> None:
    assert decide_share(10**6, 10**6, 1.0) is None
    assert decide_share(99, 100, 1.0) == "fails"


def test_a_million_requests_are_no_trouble() -> None:
    assert decide_share(951_500, 10**6, 0.95) == "keeps"
    assert decide_share(950_100, 10**6, 0.95) is None
    assert math.isfinite(share_interval(950_100, 10**6, 0.95).lo or math.nan)


@pytest.mark.parametrize(("met", "judged", "share"), [(2, 1, 0.9), (-1, 1, 0.9), (1, 1, 0.0), (1, 1, 1.1)])
def test_counts_that_cannot_be_are_refused(met: int, judged: int, share: float) -> None:
    with pytest.raises(ValueError, match="expected 0 <= met <= judged"):
        decide_share(met, judged, share)
