"""The made run is a run: what it promises to the tests that rest on it."""

import filecmp
import tomllib
from pathlib import Path

import msgspec
import numpy as np
import pytest

from firsttoken.results.folder import Run, open_run
from firsttoken.scenario.format import Scenario
from tests.made_run import Order, make_run
from tests.made_stage import Answers


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return open_run(make_run(tmp_path_factory.mktemp("made") / "run"))


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    one, two, other = (
        make_run(tmp_path / name, levels=(4,), seed=seed) for name, seed in (("1", 7), ("2", 7), ("3", 8))
    )

    names = [str(path.relative_to(one)) for path in one.rglob("*") if path.is_file()]
    assert filecmp.cmpfiles(one, two, names, shallow=False) == (names, [], [])
    assert "attempts/worker-0.jsonl" in filecmp.cmpfiles(one, other, names, shallow=False)[1]


def test_its_scenario_is_a_scenario(run: Run) -> None:
    scenario = msgspec.convert(tomllib.loads((run.path / "scenario.toml").read_text()), Scenario)

    assert scenario.load.users == [1, 4, 16, 64]
    assert [target.name for target in scenario.target] == ["gpt-5.2-codex", "gpt-5.4"]


def test_alone_a_model_is_as_fast_as_published(run: Run) -> None:
    for target, ttft_s, pace in (("gpt-5.2-codex", 1.1, 85), ("gpt-5.4", 0.7, 140)):
        alone = run.attempts(
            "sent_ns",
            "first_token_ns",
            "last_token_ns",
            where=f"target = '{target}' AND level = 1 AND outcome = 'length'",
        )
        ttft = np.median(alone["first_token_ns"] - alone["sent_ns"]) / 1e9
        tpot = np.median(alone["last_token_ns"] - alone["first_token_ns"]) / 127e9
        assert ttft == pytest.approx(ttft_s, rel=0.03)
        assert 1 / tpot == pytest.approx(pace, rel=0.03)


def test_a_crowd_queues_and_is_refused_and_tries_again(run: Run) -> None:
    refused = run.attempts("level", "backoff_ms", "attempt", where="outcome = 'rate_limited'")

    assert set(refused["level"]) == {64.0}
    assert len(refused["level"]) > 100
    assert set(refused["backoff_ms"][refused["attempt"] < 3]) == {1000.0}


def test_every_user_is_busy_while_it_measures(run: Run) -> None:
    for stage in run.stages:
        assert stage.window is not None
        busy = [second.users_busy for second in run.health if stage.window[0] < second.at_ns < stage.window[1]]
        assert np.mean(busy) == pytest.approx(stage.users, rel=0.01)


def test_planted_faults_are_there(tmp_path: Path) -> None:
    run = open_run(
        make_run(
            tmp_path / "run",
            ("gpt-5.4",),
            (4,),
            answers=Answers(unfinished=2, error_share=0.2, cached_share=0.5),
            order=Order(repeats=3),
        )
    )
    measured = "FROM attempts WHERE phase = 'measure'"

    assert run.sql(f"SELECT count(*) {measured} AND outcome = 'cancelled_by_run'")[1] == [(6,)]
    assert run.sql(f"SELECT count(*) BETWEEN 5 AND 60 {measured} AND outcome = 'http_5xx'")[1] == [(True,)]
    assert run.sql(f"SELECT DISTINCT cached_tokens {measured} AND cached_tokens IS NOT NULL")[1] == [(200,)]
    assert [stage.repeat for stage in run.stages] == [0, 1, 2]
