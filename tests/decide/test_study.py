"""A whole run studied: a synthetic one whose rows say what must come out."""

import shutil
import tomllib

import msgspec
import numpy as np
import pytest
import tomli_w

from firsttoken import kit
from firsttoken.decide.study import Study, study_run
from firsttoken.error import RunFolderError
from tests.made_loads import make_open_run, make_search_run, make_spike_run
from tests.made_run import Client, Order, make_run
from tests.made_stage import Answers, Course


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Study:
    """Two models, a ladder of three levels, two repeats."""
    return study_run(
        make_run(
            tmp_path_factory.mktemp("run"),
            levels=(1, 16, 64),
            order=Order(repeats=2),
            demand={"output_tokens_per_day": 10_000_000, "headroom": 0.3},
        )
    )


def test_every_measured_level_of_every_target_is_there(study):
    assert study.targets == ["gpt-5.2-codex", "gpt-5.4"]
    for target in study.targets:
        assert study.levels(target) == [1, 16, 64]
        assert study.repeats(target, 16) == [0, 1]


def test_results_are_those_of_the_rows(study):
    """Worked out by a plain query, without a line of this floor."""
    _, rows = study.run.sql(
        "SELECT (first_token_ns - sent_ns) / 1e6 FROM attempts WHERE target = 'gpt-5.4' AND level = 16 "
        "AND phase = 'measure' AND outcome IN ('ok', 'length')"
    )
    ttft_ms = np.array([row[0] for row in rows])
    result = study.result("gpt-5.4", "ttft_ms", level=16, q=0.95)

    assert result.n == len(ttft_ms)
    assert result.value == pytest.approx(np.quantile(ttft_ms, 0.95, method="inverted_cdf"))


def test_attainment_is_that_of_the_requests(study):
    _, rows = study.run.sql(
        "SELECT avg(kept) FROM (SELECT max(CASE WHEN outcome IN ('ok', 'length') AND first_token_ns - sent_ns <= 15e8 "
        "AND (last_token_ns - first_token_ns) / (output_tokens - 1) <= 20e6 THEN 1 ELSE 0 END) AS kept "
        "FROM attempts WHERE target = 'gpt-5.2-codex' AND level = 16 AND phase = 'measure' GROUP BY request_id)"
    )

    assert study.result("gpt-5.2-codex", "attainment", level=16).value == pytest.approx(rows[0][0])


def test_one_user_is_served_as_the_model_was_made(study):
    assert study.result("gpt-5.2-codex", "ttft_ms", level=1, q=0.5).value == pytest.approx(1100, rel=0.03)
    assert study.result("gpt-5.4", "stream_tok_s", level=1, q=0.5).value == pytest.approx(140, rel=0.03)


def test_the_ladder_is_bracketed_between_the_slots_that_suffice_and_those_that_do_not(study):
    for target_verdict in study.target_verdicts.values():
        assert (target_verdict.bracket.last_pass, target_verdict.bracket.first_fail) == (16, 64)
    assert {decision.verdict for decision in study.decisions.values()} == {"PROFILE"}
    assert {decision.qualifiers for decision in study.decisions.values()} == {("illustration",)}
    assert study.exit_code == 0


def test_the_published_arithmetic_of_ten_million_output_tokens_a_day_comes_out(study):
    """$120 and $180 a day, $1,800 apart in a month, and beside it the 31.25 M input tokens they drag along."""
    codex, other = (study.result(target, "bill_output_month").value for target in study.targets)

    assert study.result("gpt-5.2-codex", "bill_output_day").value == pytest.approx(120)
    assert study.result("gpt-5.4", "bill_output_day").value == pytest.approx(180)
    assert other - codex == pytest.approx(1800)
    assert study.result("gpt-5.2-codex", "bill_input_day").value == pytest.approx(31.25 * 3)


def test_overload_costs_retries_and_they_are_counted(study):
    calm, crowded = (study.result("gpt-5.4", "retried_per_1000", level=level).value for level in (16, 64))

    assert crowded > 100 > calm
    assert study.result("gpt-5.4", "attempts_per_request", level=64).value > 1.1
    felt, served = (study.result("gpt-5.4", metric, level=64, q=0.5) for metric in ("felt_ttft_ms", "served_ttft_ms"))
    assert felt.value > served.value


def test_a_void_measurement_exits_4_and_decides_nothing(tmp_path):
    study = study_run(make_run(tmp_path, levels=(16,), order=Order(repeats=2), client=Client(hub_lag_ms=30)))

    assert {flag.name for flag in study.flags if flag.is_void} == {"CLIENT_LIMITED"}
    assert {decision.verdict for decision in study.decisions.values()} == {"UNKNOWN"}
    assert study.exit_code == 4


def test_a_broken_promise_exits_2(tmp_path):
    study = study_run(make_run(tmp_path, levels=(64,), slo={"ttft": "1.5s", "share": 0.95}))

    assert {decision.verdict for decision in study.decisions.values()} == {"NO-GO"}
    assert study.exit_code == 2


def words_and_code(study: Study) -> tuple[list[str], int]:
    return [decision.verdict for decision in study.decisions.values()], study.exit_code


@pytest.mark.parametrize(
    ("peak", "repeats", "words", "code"),
    [
        (15, 2, ["NO-GO", "NO-GO"], 2),
        (4, 2, ["NO-GO", "GO"], 2),
        (4, 1, ["NO-GO", "UNKNOWN"], 4),
        (2, 3, ["GO", "GO"], 0),
    ],
)
def test_a_stated_peak_decides_the_exit_code_as_it_decides_page_one(tmp_path, peak, repeats, words, code):
    """A level that passes below the peak is not enough, and neither is one that was measured once."""
    demand = {"requests_per_day": 31_000, "peak_rps": peak}

    assert words_and_code(study_run(make_run(tmp_path, order=Order(repeats=repeats), demand=demand))) == (words, code)


@pytest.mark.parametrize(
    ("at", "repeats", "word", "code"),
    [("users=16", 2, "GO", 0), ("users=16", 1, "UNKNOWN", 4), ("users=64", 1, "NO-GO", 2)],
)
def test_a_named_level_decides_the_exit_code_as_it_decides_page_one(tmp_path, at, repeats, word, code):
    slo = {"ttft": "1.5s", "tpot": "20ms", "share": 0.95, "at": at}
    made = make_run(tmp_path, targets=("gpt-5.4",), levels=(16, 64), order=Order(repeats=repeats), slo=slo)

    assert words_and_code(study_run(made)) == ([word], code)


def test_a_ladder_that_was_run_once_without_a_stated_need_is_a_profile(tmp_path):
    study = study_run(make_run(tmp_path))

    assert words_and_code(study) == (["PROFILE", "PROFILE"], 0)
    assert study.decisions["gpt-5.4"].why.endswith("Only one run: a decision needs two more.")


def test_a_search_and_a_spike_exit_as_their_pages_say(tmp_path):
    assert words_and_code(study_run(make_search_run(tmp_path / "search"))) == (["UNKNOWN", "PROFILE"], 4)
    assert words_and_code(study_run(make_spike_run(tmp_path / "spike"))) == (["NO-GO", "PROFILE"], 2)


def test_an_interrupted_run_is_studied_as_far_as_it_went(tmp_path):
    study = study_run(make_run(tmp_path, levels=(1, 16), client=Client(interrupted=True)))
    broken_off = study.run.stages[-1]

    assert broken_off.reason == "interrupted"
    assert "CENSORED" in {flag.name for flag in study.flags if flag.target == broken_off.target}


def test_an_unknown_price_leaves_every_dollar_unknown(tmp_path):
    folder = make_run(tmp_path, levels=(4,))
    scenario = tomllib.loads((folder / "scenario.toml").read_text())
    scenario["target"][1]["prices"] = "unknown"
    (folder / "scenario.toml").write_text(tomli_w.dumps(scenario))
    study = study_run(folder)

    assert study.result("gpt-5.4", "dollars").value is None
    assert study.result("gpt-5.4", "bill_month").value is None
    assert study.result("gpt-5.2-codex", "bill_month").value > 0


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(RunFolderError):
        study_run(tmp_path)


@pytest.fixture
def torn(tmp_path) -> Study:
    """A ladder whose journal lost a third of the rows of 16 users: the ones that went badly, for all we know."""
    folder = make_run(tmp_path, targets=("gpt-5.4",), levels=(1, 4, 16), order=Order(repeats=2))
    journal = folder / "attempts" / "worker-0.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    sixteen = {line for line in lines if b'"level":16' in line and line.split(b'"request_id":"')[1][0] in b"0123456"}
    journal.write_bytes(b"".join(line for line in lines if line not in sixteen))
    return study_run(folder)


def test_a_level_whose_rows_are_missing_decides_nothing(torn):
    lost = [flag for flag in torn.flags if flag.name == "WORKER_LOST"]

    assert {flag.level for flag in lost} == {16}
    assert all("Rows are missing" in flag.evidence for flag in lost)
    assert [level.verdict for level in torn.target_verdicts["gpt-5.4"].levels][-1] == "UNKNOWN"
    assert "WORKER_LOST" in torn.result("gpt-5.4", "attainment", level=16).flags


def test_a_level_without_any_row_decides_nothing(tmp_path):
    folder = make_run(tmp_path, targets=("gpt-5.4",), levels=(4, 16))
    journal = folder / "attempts" / "worker-0.jsonl"
    journal.write_bytes(b"".join(line for line in journal.open("rb") if b'"level":16' not in line))
    study = study_run(folder)

    assert [level.verdict for level in study.target_verdicts["gpt-5.4"].levels][-1] == "UNKNOWN"
    assert "WORKER_LOST" in {flag.name for flag in study.flags if flag.level == 16}


def test_prices_are_those_of_the_run_wherever_it_is_studied(tmp_path, monkeypatch):
    """Another catalogue in the directory of the reader changes no result of a run that keeps its own."""
    folder = make_run(tmp_path / "run", targets=("gpt-5.4",), levels=(1,))
    shutil.copyfile(kit.find("scenarios", "models.toml"), folder / "models.toml")
    (tmp_path / "scenarios").mkdir()
    dear = (folder / "models.toml").read_text().replace("output = 18.00", "output = 99.00")
    (tmp_path / "scenarios" / "models.toml").write_text(dear)
    before = study_run(folder).results

    monkeypatch.chdir(tmp_path)

    assert study_run(folder).results == before
    (folder / "models.toml").unlink()
    assert study_run(folder).results != before


def test_an_open_loop_is_told_in_arrivals(tmp_path):
    study = study_run(make_open_run(tmp_path / "run"))

    assert (study.unit.unit, study.levels("gpt-5.4")) == ("requests/s", [0.5, 2.5, 14.0])
    assert "requests/s" in study.decisions["gpt-5.4"].why
    assert "users" not in study.decisions["gpt-5.4"].why
    assert study.result("gpt-5.4", "arrivals_rps", level=14.0).value == pytest.approx(14.0, rel=0.15)
    assert study.result("gpt-5.4", "answered_rps", level=14.0).value < 12
    assert study.result("gpt-5.4", "lateness_ms", level=14.0, q=0.5).value < 0.1


def test_an_overloaded_open_loop_misses_its_slo_although_it_drops_arrivals(tmp_path):
    study = study_run(make_open_run(tmp_path / "run", rates=(2.5, 14.0), most_open=30, targets=("gpt-5.2-codex",)))
    [dropped] = [flag for flag in study.flags if flag.name == "NOT_DELIVERED"]

    assert (dropped.level, dropped.voids) == (14.0, "nothing")
    assert study.target_verdicts["gpt-5.2-codex"].bracket.first_fail == 14.0


def test_what_confirms_a_search_is_no_level_of_it(tmp_path):
    study = study_run(make_search_run(tmp_path / "run"))
    refuted, confirmed = (study.confirmations[name] for name in study.targets)

    assert study.levels("gpt-5.4") == [4, 16, 20, 24, 32]
    assert (refuted.verdict, confirmed.verdict) == ("FAIL", "PASS")
    assert confirmed.words.startswith("Confirmed in open loop at 5.2 requests/s: ")
    assert study.result("gpt-5.4", "confirmed_at").value == 5.2
    assert study.decisions["gpt-5.4"].confirmation == confirmed.words


def test_what_an_open_loop_refutes_is_no_go(tmp_path):
    study = study_run(make_search_run(tmp_path / "run", levels=(16, 20, 20)))
    decision = study.decisions["gpt-5.2-codex"]

    assert study.target_verdicts["gpt-5.2-codex"].verdict == "PASS"
    assert decision.verdict == "UNKNOWN"
    assert "An open loop at the corresponding rate missed it." in decision.why
    assert study.exit_code == 4
    assert decision.flips[0] == "A firm profile: a lower load that an open loop confirms."


def test_a_load_that_a_search_tried_twice_is_two_repeats(tmp_path):
    study = study_run(make_search_run(tmp_path / "run"))

    assert study.repeats("gpt-5.4", 24) == [0, 1]
    assert study.decisions["gpt-5.4"].verdict == "PROFILE"
    assert "indicative" not in study.decisions["gpt-5.4"].qualifiers


def test_a_spike_has_a_recovery(tmp_path):
    study = study_run(make_spike_run(tmp_path / "run"))
    [recovery] = study.recoveries["gpt-5.2-codex"]

    assert 2 < recovery.took_s < 30
    assert study.result("gpt-5.2-codex", "recovery_ms", level=12.0).value == 1000 * recovery.took_s
    assert study.decisions["gpt-5.2-codex"].why.startswith("Over a spike of 12 requests/s only ")


def test_a_stage_that_was_done_over_is_paid_for_and_in_no_other_result(tmp_path):
    whole = study_run(
        make_run(tmp_path / "whole", levels=(4, 16), targets=("gpt-5.4",), answers=Answers(error_share=0.0))
    )
    resumed = study_run(
        make_run(
            tmp_path / "run",
            levels=(4, 16),
            targets=("gpt-5.4",),
            answers=Answers(error_share=0.0),
            client=Client(resumed=True),
        )
    )

    assert resumed.repeats("gpt-5.4", 16) == [0]
    assert len(resumed.stages("gpt-5.4", 16)) == 1
    assert resumed.result("gpt-5.4", "dollars").value > 1.2 * whole.result("gpt-5.4", "dollars").value
    assert resumed.run.notes == [
        "stage 1 (gpt-5.4, level 16, repeat 0) was interrupted (interrupted) and repeated by stage 2: it is in no "
        "result."
    ]


def test_targets_that_ran_together_are_studied_like_any_others(tmp_path):
    study = study_run(make_run(tmp_path / "run", levels=(16,), order=Order(together=True)))
    one, other = (study.stages(target, 16)[0] for target in study.targets)

    assert one.measure_ns == other.measure_ns
    assert [study.levels(target) for target in study.targets] == [[16], [16]]
    assert not any(flag.is_void for flag in study.flags)


def test_a_run_that_lost_a_load_process_is_not_valid(tmp_path):
    study = study_run(make_run(tmp_path / "run", levels=(4, 16), order=Order(course=Course(workers_lost=1))))

    assert {flag.name for flag in study.flags if flag.is_void} == {"WORKER_LOST"}
    assert study.exit_code == 4


def test_a_run_that_lost_a_load_process_between_two_stages_is_not_as_it_was_asked_for(tmp_path):
    folder = make_run(tmp_path / "run", levels=(4, 16), targets=("gpt-5.4",))
    manifest = folder / "manifest.json"
    manifest.write_bytes(msgspec.json.encode(msgspec.json.decode(manifest.read_bytes()) | {"workers_lost_between": 1}))

    study = study_run(folder)

    assert [(flag.name, flag.voids) for flag in study.flags if flag.scope == "run"] == [("WORKER_LOST", "nothing")]
    assert study.exit_code == 4


def test_a_run_that_its_budget_ended_is_decided_by_what_was_measured(tmp_path):
    budget = "The cap of 10,000 tokens was reached (budget.tokens)."
    study = study_run(make_run(tmp_path / "run", levels=(16,), targets=("gpt-5.4",), client=Client(budget=budget)))
    [stopped] = [flag for flag in study.flags if flag.scope == "run"]

    assert (stopped.name, stopped.evidence, stopped.voids) == ("BUDGET_STOPPED", budget, "nothing")
    assert study.exit_code == 0


def test_a_plateau_that_is_the_quotas_is_said_to_be(tmp_path):
    study = study_run(
        make_run(tmp_path / "run", levels=(48,), targets=("gpt-5.4",), answers=Answers(requests_per_minute=120))
    )

    assert "QUOTA_BOUND" in {flag.name for flag in study.flags if flag.level == 48}
    assert "The limit there was the quota, not the server" in study.decisions["gpt-5.4"].why
