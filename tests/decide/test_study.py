"""A whole run studied: a synthetic one whose rows say what must come out."""

import shutil
import tomllib

import numpy as np
import pytest
import tomli_w

from firsttoken import kit
from firsttoken.decide.study import Study, study_run
from firsttoken.results.error import RunFolderError
from tests.made_run import make_run


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Study:
    """Two models, a ladder of three levels, two repeats."""
    return study_run(
        make_run(
            tmp_path_factory.mktemp("run"),
            levels=(1, 16, 64),
            repeats=2,
            demand={"output_tokens_per_day": 10_000_000, "headroom": 0.3},
        )
    )


def test_every_measured_level_of_every_target_is_there(study):
    assert study.targets == ["gpt-5.2-codex", "gpt-5.4"]
    for target in study.targets:
        assert study.levels(target) == [1, 16, 64]
        assert study.repeats(target, 16) == [0, 1]


def test_figures_are_those_of_the_rows(study):
    """Worked out by a plain query, without a line of this floor."""
    _, rows = study.run.sql(
        "SELECT (first_token_ns - sent_ns) / 1e6 FROM attempts WHERE target = 'gpt-5.4' AND level = 16 "
        "AND phase = 'measure' AND outcome IN ('ok', 'length')"
    )
    ttft_ms = np.array([row[0] for row in rows])
    figure = study.figure("gpt-5.4", "ttft_ms", level=16, q=0.95)

    assert figure.n == len(ttft_ms)
    assert figure.value == pytest.approx(np.quantile(ttft_ms, 0.95, method="inverted_cdf"))


def test_attainment_is_that_of_the_requests(study):
    _, rows = study.run.sql(
        "SELECT avg(kept) FROM (SELECT max(CASE WHEN outcome IN ('ok', 'length') AND first_token_ns - sent_ns <= 15e8 "
        "AND (last_token_ns - first_token_ns) / (output_tokens - 1) <= 20e6 THEN 1 ELSE 0 END) AS kept "
        "FROM attempts WHERE target = 'gpt-5.2-codex' AND level = 16 AND phase = 'measure' GROUP BY request_id)"
    )

    assert study.figure("gpt-5.2-codex", "attainment", level=16).value == pytest.approx(rows[0][0])


def test_one_user_is_served_as_the_model_was_made(study):
    assert study.figure("gpt-5.2-codex", "ttft_ms", level=1, q=0.5).value == pytest.approx(1100, rel=0.03)
    assert study.figure("gpt-5.4", "stream_tok_s", level=1, q=0.5).value == pytest.approx(140, rel=0.03)


def test_the_ladder_is_bracketed_between_the_slots_that_suffice_and_those_that_do_not(study):
    for ruling in study.rulings.values():
        assert (ruling.bracket.last_pass, ruling.bracket.first_fail) == (16, 64)
    assert {decision.verdict for decision in study.decisions.values()} == {"GO"}
    assert {decision.qualifiers for decision in study.decisions.values()} == {("illustration",)}
    assert study.exit_code == 0


def test_the_published_arithmetic_of_ten_million_output_tokens_a_day_comes_out(study):
    """$120 and $180 a day, $1,800 apart in a month, and beside it the 31.25 M input tokens they drag along."""
    codex, other = (study.figure(target, "bill_output_month").value for target in study.targets)

    assert study.figure("gpt-5.2-codex", "bill_output_day").value == pytest.approx(120)
    assert study.figure("gpt-5.4", "bill_output_day").value == pytest.approx(180)
    assert other - codex == pytest.approx(1800)
    assert study.figure("gpt-5.2-codex", "bill_input_day").value == pytest.approx(31.25 * 3)


def test_overload_costs_retries_and_they_are_counted(study):
    calm, crowded = (study.figure("gpt-5.4", "retried_per_1000", level=level).value for level in (16, 64))

    assert crowded > 100 > calm
    assert study.figure("gpt-5.4", "attempts_per_request", level=64).value > 1.1
    felt, served = (study.figure("gpt-5.4", metric, level=64, q=0.5) for metric in ("felt_ttft_ms", "served_ttft_ms"))
    assert felt.value > served.value


def test_a_void_measurement_exits_4_and_decides_nothing(tmp_path):
    study = study_run(make_run(tmp_path, levels=(16,), repeats=2, hub_lag_ms=30))

    assert {flag.name for flag in study.flags if flag.voids} == {"CLIENT_LIMITED"}
    assert {decision.verdict for decision in study.decisions.values()} == {"UNKNOWN"}
    assert study.exit_code == 4


def test_a_broken_promise_exits_2(tmp_path):
    study = study_run(make_run(tmp_path, levels=(64,), slo={"ttft": "1.5s", "share": 0.95}))

    assert {decision.verdict for decision in study.decisions.values()} == {"NO-GO"}
    assert study.exit_code == 2


def test_an_interrupted_run_is_studied_as_far_as_it_went(tmp_path):
    study = study_run(make_run(tmp_path, levels=(1, 16), interrupted=True))
    broken_off = study.run.stages[-1]

    assert broken_off.reason == "interrupted"
    assert "CENSORED" in {flag.name for flag in study.flags if flag.target == broken_off.target}


def test_an_unknown_price_leaves_every_dollar_unknown(tmp_path):
    folder = make_run(tmp_path, levels=(4,))
    scenario = tomllib.loads((folder / "scenario.toml").read_text())
    scenario["target"][1]["prices"] = "unknown"
    (folder / "scenario.toml").write_text(tomli_w.dumps(scenario))
    study = study_run(folder)

    assert study.figure("gpt-5.4", "dollars").value is None
    assert study.figure("gpt-5.4", "bill_month").value is None
    assert study.figure("gpt-5.2-codex", "bill_month").value > 0


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(RunFolderError):
        study_run(tmp_path)


@pytest.fixture
def torn(tmp_path) -> Study:
    """A ladder whose journal lost a third of the rows of 16 users: the ones that went badly, for all we know."""
    folder = make_run(tmp_path, targets=("gpt-5.4",), levels=(1, 4, 16), repeats=2)
    journal = folder / "attempts" / "worker-0.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    sixteen = {line for line in lines if b'"level":16' in line and line.split(b'"request_id":"')[1][0] in b"0123456"}
    journal.write_bytes(b"".join(line for line in lines if line not in sixteen))
    return study_run(folder)


def test_a_level_whose_rows_are_missing_decides_nothing(torn):
    lost = [flag for flag in torn.flags if flag.name == "WORKER_LOST"]

    assert {flag.level for flag in lost} == {16}
    assert all("Rows are missing" in flag.evidence for flag in lost)
    assert [level.verdict for level in torn.rulings["gpt-5.4"].levels][-1] == "UNKNOWN"
    assert "WORKER_LOST" in torn.figure("gpt-5.4", "attainment", level=16).flags


def test_a_level_without_any_row_decides_nothing(tmp_path):
    folder = make_run(tmp_path, targets=("gpt-5.4",), levels=(4, 16))
    journal = folder / "attempts" / "worker-0.jsonl"
    journal.write_bytes(b"".join(line for line in journal.open("rb") if b'"level":16' not in line))
    study = study_run(folder)

    assert [level.verdict for level in study.rulings["gpt-5.4"].levels][-1] == "UNKNOWN"
    assert "WORKER_LOST" in {flag.name for flag in study.flags if flag.level == 16}


def test_prices_are_those_of_the_run_wherever_it_is_studied(tmp_path, monkeypatch):
    """Another catalogue in the directory of the reader changes no figure of a run that keeps its own."""
    folder = make_run(tmp_path / "run", targets=("gpt-5.4",), levels=(1,))
    shutil.copyfile(kit.find("scenarios", "models.toml"), folder / "models.toml")
    (tmp_path / "scenarios").mkdir()
    dear = (folder / "models.toml").read_text().replace("output = 18.00", "output = 99.00")
    (tmp_path / "scenarios" / "models.toml").write_text(dear)
    before = study_run(folder).figures

    monkeypatch.chdir(tmp_path)

    assert study_run(folder).figures == before
    (folder / "models.toml").unlink()
    assert study_run(folder).figures != before
