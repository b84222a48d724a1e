"""The ramp's next step, what its steps show, the file that keeps it, and what a plan makes of it. No process runs."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from firsttoken.catalogue import Model, Simulated
from firsttoken.machine.calibration import (
    Calibration,
    CalibrationError,
    Peak,
    Step,
    choose_streams,
    conclude,
    count_workers,
    find_need,
    find_path,
    find_peak,
    find_plan_warnings,
    read_calibration,
    write_calibration,
)
from firsttoken.scenario.format import Scenario, Traffic
from firsttoken.scenario.load import Load
from firsttoken.scenario.target import Target

HOST = {"processor": "Abacus 9", "cores": 2}


def step(streams: int, **changes: Any) -> Step:
    """A step in which every bound held, changed as told."""
    held = Step(
        streams=streams,
        tokens_per_s=streams * 67.0,
        error_p50_ms=0.05,
        error_p99_ms=0.4,
        hub_lag_p99_ms=1.0,
        cpu_share=0.3,
        server_late_ms=0.2,
        server_cpu_share=0.3,
        others_cpu_share=0.0,
        failed=0,
        client_limits="",
    )
    return msgspec.structs.replace(held, **changes)


def broken(streams: int) -> Step:
    return step(streams, error_p99_ms=3.0)


def spent(streams: int, **changes: Any) -> Step:
    """A step whose server had nothing to spare."""
    return step(streams, **{"server_cpu_share": 0.97} | changes)


def calibrated(streams: int, tokens_per_s: float) -> Calibration:
    only = step(streams, tokens_per_s=tokens_per_s)
    return conclude([only, broken(2 * streams), broken(2 * streams)], HOST, "1.0", "2026-02-14T12:00:00Z")


@pytest.mark.parametrize(
    "worse",
    [{"error_p99_ms": 1.01}, {"error_p99_ms": None}, {"failed": 1}, {"client_limits": "It used 0.95 of a core."}],
)
def test_a_step_past_a_bound_is_the_clients_limit(worse: dict[str, Any]) -> None:
    assert step(100).limit is None
    assert step(100, **worse).limit == "client"


@pytest.mark.parametrize("end", [{"server_late_ms": 15.1}, {"server_cpu_share": 0.91}])
def test_a_server_at_its_end_is_the_limit_whatever_the_client_did(end: dict[str, Any]) -> None:
    assert step(100, **end).limit == "server"
    assert step(100, error_p99_ms=9.0, **end).limit == "server"


def test_where_the_system_does_not_tell_the_servers_cpu_its_lateness_decides() -> None:
    assert step(100, server_cpu_share=None).limit is None
    assert step(100, server_cpu_share=None, server_late_ms=20.0).limit == "server"


def ramp_of(limits: dict[int, list[Step]], most: int = 3200) -> list[int]:
    """The streams of a whole ramp, whose steps are `limits` by their streams, each in turn; else they hold."""
    steps: list[Step] = []
    while (streams := choose_streams(steps, most)) is not None:
        told = limits.get(streams, [])
        steps.append(told.pop(0) if told else step(streams))
    return [taken.streams for taken in steps]


def test_streams_double_until_the_most_that_may_be_tried() -> None:
    assert ramp_of({}, most=900) == [100, 200, 400, 800]
    assert ramp_of({}, most=20) == [20]


def test_a_step_that_breaks_is_tried_again_and_forgiven_once() -> None:
    assert ramp_of({200: [broken(200)]}, most=400) == [100, 200, 200, 400]


def test_past_the_ceiling_the_middle_is_tried_once() -> None:
    assert ramp_of({800: [broken(800)] * 2}) == [100, 200, 400, 800, 800, 600]
    assert ramp_of({800: [broken(800)] * 2, 600: [broken(600)] * 2}) == [100, 200, 400, 800, 800, 600]


def test_a_machine_that_fails_the_first_step_is_tried_with_half_of_it() -> None:
    assert ramp_of({100: [broken(100)] * 2}) == [100, 100, 50]


def test_a_server_at_its_end_ends_the_ramp() -> None:
    assert ramp_of({400: [spent(400)]}) == [100, 200, 400]


def conclusion(*steps: Step) -> tuple[int, str | None]:
    found = conclude(steps, HOST, "1.0", "2026-02-14T12:00:00Z")
    return found.streams, found.limit


def test_the_ceiling_is_the_most_that_held() -> None:
    assert conclusion(step(100), step(200), broken(400), broken(400), step(300)) == (300, "client")
    assert conclusion(step(100), step(200), broken(400), broken(400), broken(300)) == (200, "client")


def test_a_server_at_its_end_makes_it_a_lower_bound_that_counts_what_the_client_still_got_right() -> None:
    assert conclusion(step(100), spent(200)) == (200, "server")
    assert conclusion(step(100), spent(200, error_p99_ms=4.0)) == (100, "server")


def test_a_ramp_that_met_no_end_is_a_lower_bound_too() -> None:
    assert conclusion(step(100), step(200)) == (200, None)
    found = conclude([step(100)], HOST, "1.0", "2026-02-14T12:00:00Z")
    assert found.ceiling == "at least 100 streams and 6,700 tokens/s"


def test_a_client_that_broke_on_a_crowded_machine_may_watch_more() -> None:
    """Of two cores, others took 1.2 while the worker and the server took 0.3 each; of eight it would not matter."""
    crowded = step(200, error_p99_ms=3.0, others_cpu_share=1.2)
    steps = [step(100), crowded, crowded, step(150)]

    assert conclusion(*steps) == (150, "others")
    assert conclude(steps, HOST | {"cores": 8}, "1.0", "2026-02-14T12:00:00Z").limit == "client"
    alone = msgspec.structs.replace(crowded, cpu_share=0.99, server_cpu_share=0.8, others_cpu_share=0.01)
    assert conclusion(step(100), alone, alone) == (100, "client")


def test_nothing_held_is_no_ceiling() -> None:
    assert conclusion(broken(100), broken(100), broken(50)) == (0, "client")


def scenario(users: list[int], **target: Any) -> Scenario:
    return Scenario(
        name="plan",
        target=[Target(model="m", name="m", prices="unknown", **target)],
        traffic=Traffic(locustfile="chat", input_tokens=10, output_tokens=200),
        load=Load(users=users, think="500ms"),
    )


def test_the_peak_is_the_most_users_at_the_published_pace() -> None:
    """300 users, each 200 tokens a cycle of 0.5 s to the first token, 2 s of answer and 0.5 s of thought."""
    simulator = Simulated(ttft_s=0.5, tokens_per_s=100)

    peak = find_peak(scenario([1, 300], simulator=simulator), {})

    assert peak == Peak(300, pytest.approx(300 * 200 / 3.0))


def test_the_peak_of_an_open_loop_is_what_it_keeps_open_by_littles_law() -> None:
    """20 sessions a second of 2 requests each, 2.5 s to answer one; the pool would hold 1,200."""
    quick = Simulated(ttft_s=0.5, tokens_per_s=100)
    plan = msgspec.structs.replace(scenario([1], simulator=quick), load=Load(rate=[5, 20], turns=2))
    narrow = msgspec.structs.replace(plan, load=Load(rate=[5, 20], turns=2, max_in_flight=30))

    assert find_peak(plan, {}) == Peak(100, 20 * 2 * 200)
    assert find_peak(narrow, {}).streams == 30


def test_where_no_speed_is_published_the_peak_of_an_open_loop_is_its_pool() -> None:
    plan = msgspec.structs.replace(scenario([1], base_url="http://127.0.0.1:1/v1"), load=Load(rate=[5, 20], turns=2))

    assert find_peak(plan, {}) == Peak(20 * 2 * 30, 20 * 2 * 200)


def test_a_peak_that_only_a_class_of_the_locustfile_knows_is_neither_planned_for_nor_warned_of() -> None:
    quick = Simulated(ttft_s=0.5, tokens_per_s=100)
    plan = msgspec.structs.replace(scenario([1], simulator=quick), load=Load(shape="Waves"))

    assert find_peak(plan, {}) == Peak(None, None)
    assert find_need(plan, {}, calibrated(600, 40_000.0)).workers is None
    assert list(find_plan_warnings(find_peak(plan, {}), calibrated(600, 40_000.0))) == []


def test_targets_that_are_driven_together_add_up() -> None:
    one = scenario([300], simulator=Simulated(ttft_s=0.5, tokens_per_s=100))
    pair = msgspec.structs.replace(one, target=[*one.target, msgspec.structs.replace(one.target[0], name="n")])
    together = msgspec.structs.replace(pair, load=msgspec.structs.replace(pair.load, order="together"))

    assert find_peak(pair, {}) == find_peak(one, {})
    assert find_peak(together, {}) == Peak(600, pytest.approx(2 * 300 * 200 / 3.0))


def test_where_nobody_publishes_a_pace_only_streams_are_known() -> None:
    peak = find_peak(scenario([300], base_url="http://127.0.0.1:1/v1"), {"m": Model(name="m", title="M", vendor="V")})

    assert peak == Peak(300, None)


@pytest.mark.parametrize(
    ("peak", "workers"),
    [
        (Peak(350, None), 1),
        (Peak(420, None), 1),
        (Peak(421, None), 2),
        (Peak(2000, None), 5),
        (Peak(100, 28_000.0), 1),
        (Peak(100, 29_000.0), 2),
    ],
)
def test_a_worker_is_filled_to_seven_tenths_in_streams_and_in_tokens(peak: Peak, workers: int) -> None:
    assert count_workers(peak, calibrated(600, 40_000.0)) == workers


def test_a_scenario_is_told_its_workers_and_none_where_no_ceiling_was_found() -> None:
    plan = scenario([500], simulator=Simulated(ttft_s=0.5, tokens_per_s=100))
    nothing = conclude([broken(100), broken(100)], HOST, "1.0", "2026-02-14T12:00:00Z")

    assert find_need(plan, {}, calibrated(600, 40_000.0)).workers == 2
    assert find_need(plan, {}, nothing).workers is None


def test_a_plan_within_the_calibration_gives_no_warning() -> None:
    assert list(find_plan_warnings(Peak(64, 2_000.0), calibrated(600, 40_000.0))) == []


def test_a_plan_past_it_is_told_both_figures() -> None:
    (warning,) = find_plan_warnings(Peak(2_000, 51_000.0), calibrated(600, 40_000.0))

    assert "needs 2,000 streams (about 51,000 tokens/s)" in warning
    assert "calibrated for 600 streams and 40,000 tokens/s (2026-02-14, firsttoken 1.0)" in warning
    assert "CLIENT_LIMITED" in warning


def test_workers_that_are_given_share_the_peak() -> None:
    """800 streams are two workers' work, each filled to seven tenths of its 600."""
    peak, known = Peak(800, 51_000.0), calibrated(600, 40_000.0)

    assert list(find_plan_warnings(peak, known, workers=2)) == []
    (warning,) = find_plan_warnings(peak, known, workers=1)
    assert "should carry at most 70% of that: 2 workers (--workers)" in warning
    assert list(find_plan_warnings(Peak(400, None), None, workers=2)) == []


def test_more_workers_than_cores_carry_no_more_unless_some_are_on_other_machines() -> None:
    """2,000 streams are five workers' work, and the machine has two cores."""
    peak, known = Peak(2_000, 51_000.0), calibrated(600, 40_000.0)

    (warning,) = find_plan_warnings(peak, known, workers=5)
    assert "5 workers (this machine has 2 cores: add other machines with --remote)" in warning
    assert list(find_plan_warnings(peak, known, workers=5, is_alone=False)) == []


def test_without_a_calibration_only_a_large_plan_is_told_to_calibrate() -> None:
    assert list(find_plan_warnings(Peak(200, None), None)) == []
    (hint,) = find_plan_warnings(Peak(201, None), None)
    assert "run `firsttoken calibrate`" in hint


def test_a_lower_bound_says_nothing_against_a_small_plan() -> None:
    bound = conclude([step(50)], HOST, "1.0", "2026-02-14T12:00:00Z")

    assert list(find_plan_warnings(Peak(200, None), bound)) == []
    (warning,) = find_plan_warnings(Peak(201, None), bound)
    assert "calibrated for at least 50 streams" in warning


def test_the_file_is_where_caches_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "home-of-ann")

    assert find_path({"XDG_CACHE_HOME": "cache"}) == Path("cache/firsttoken/calibration.json")
    assert find_path({}) == Path("home-of-ann/.cache/firsttoken/calibration.json")


def test_each_host_has_its_own_record_and_the_latest_counts(tmp_path: Path) -> None:
    path = tmp_path / "cache" / "calibration.json"
    other = msgspec.structs.replace(calibrated(100, 6_700.0), host=HOST | {"cores": 64})
    for record in (calibrated(600, 40_000.0), other, calibrated(700, 47_000.0)):
        write_calibration(path, record)

    assert read_calibration(path, HOST) == calibrated(700, 47_000.0)
    assert read_calibration(path, HOST | {"cores": 64}) == other
    assert read_calibration(path, HOST | {"cores": 3}) is None


def test_no_file_is_no_calibration(tmp_path: Path) -> None:
    assert read_calibration(tmp_path / "none.json", HOST) is None


def test_a_damaged_file_is_a_sentence_and_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    path.write_text("{")
    with pytest.raises(CalibrationError, match="run it again"):
        read_calibration(path, HOST)

    write_calibration(path, calibrated(600, 40_000.0))

    assert read_calibration(path, HOST) == calibrated(600, 40_000.0)


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(
        CalibrationError, match=r"expected to save the calibration there, got: (Not a directory|File exists)"
    ):
        write_calibration(tmp_path / "file" / "calibration.json", calibrated(600, 40_000.0))
