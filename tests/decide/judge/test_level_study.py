"""One level: repeats, flags and verdict."""

from firsttoken.decide.judge.level_study import LevelStudy, study_level
from firsttoken.decide.measure.slo import SloLimits
from firsttoken.decide.measure.window_data import WindowData
from firsttoken.decide.measure.workload import WorkloadFacts
from tests.decide.hand import build_window, healthy, key, row

SLO = SloLimits({"ttft_ms": 600.0}, 0.95)


def repeat(number: int, count: int = 100, ttft: float = 50) -> WindowData:
    """A user who asks again the moment it has its answer, `count` times in 10 s."""
    begin, each = 20_000 * number, 10_000 / count
    rows = [
        row(f"{number}-{n:03}", intended=begin + n * each, first=begin + n * each + ttft, last=begin + (n + 1) * each,
            output=20)
        for n in range(count)
    ]  # fmt: skip
    return build_window(rows, SLO, window=(begin, begin + 10_000), end=begin + 10_000, level=1, repeat=number)


def study(*windows: WindowData, **worse: float) -> LevelStudy:
    return study_level(windows, healthy(*range(1, 80), **worse), workload=WorkloadFacts())


def test_a_level_has_the_results_of_every_repeat_and_of_all():
    studied = study(repeat(0), repeat(1))
    shares = {each.repeat: each.n for each in studied.results if each.metric == "attainment"}

    assert shares == {0: 100, 1: 100, None: 200}
    assert (studied.verdict.verdict, studied.repeats, studied.flags) == ("PASS", 2, [])
    assert studied.offer.request_rps == 10


def test_one_void_repeat_voids_the_level_and_all_that_it_touches():
    studied = study(repeat(0), build_window([], SLO, window=(20_000, 30_000), level=1, repeat=1))

    assert [flag.name for flag in studied.flags] == ["NOT_DELIVERED"]
    assert studied.verdict.voided_by == ("NOT_DELIVERED",)
    assert all("NOT_DELIVERED" not in each.flags for each in studied.results if each.repeat == 0)
    assert all("NOT_DELIVERED" in each.flags for each in studied.results if each.repeat is None)


def test_a_level_with_too_few_requests_says_so():
    studied = study(repeat(0, count=10))

    assert studied.verdict.verdict == "UNKNOWN"
    assert [flag.name for flag in studied.flags] == ["UNDERSAMPLED"]


def test_a_level_that_fails_needs_no_more_requests():
    studied = study(repeat(0, count=10, ttft=700))

    assert studied.verdict.verdict == "FAIL"
    assert studied.flags == []


def test_a_level_broken_off_before_its_window_has_no_verdict_but_was_paid_for():
    studied = study(build_window([row("a", first=10, last=90, output=9, phase="ramp")], SLO, window=None))

    assert (studied.verdict, studied.results, studied.repeats) == (None, [], 0)
    assert studied.spent[0][key("dollars")].value > 0
