"""The file of prompts of a scenario: found, measured, and the same one for ever after."""

from pathlib import Path

import pytest

from firsttoken.scenario.format import Spread
from firsttoken.scenario.prompts import read_prompts
from firsttoken.scenario.reading import dump_toml, load_scenario, reopen_scenario
from firsttoken.scenario.values import ScenarioError

SCENARIO = """
name = "own-prompts"
[[target]]
model = "gpt-5.4"
[traffic]
locustfile = "chat"
prompts = "asked.jsonl"
output_tokens = 16
[load]
users = [1]
"""
LINES = '{"prompt": "a b c d"}\n{"prompt": "a b c d e f"}\n{"prompt": "a b c d e f g h"}\n'


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    (tmp_path / "asked.jsonl").write_text(LINES)
    (tmp_path / "own.toml").write_text(SCENARIO)
    return tmp_path / "own.toml"


def test_a_file_beside_the_scenario_is_found_and_its_lengths_stand_in_the_plan(scenario: Path) -> None:
    traffic = load_scenario(scenario).traffic

    assert traffic.prompts == str(scenario.parent / "asked.jsonl")
    assert traffic.input_tokens == Spread(median=6, p95=8)
    assert [len(each) for each in read_prompts(traffic)] == [1, 1, 1]


def test_else_it_is_looked_for_in_the_working_directory(scenario: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = scenario.parent / "elsewhere"
    other.mkdir()
    (other / "own.toml").write_text(SCENARIO)
    monkeypatch.chdir(scenario.parent)

    assert load_scenario(other / "own.toml").traffic.prompts == "asked.jsonl"


def test_the_resolved_scenario_is_the_same_scenario(scenario: Path) -> None:
    resolved = scenario.parent / "resolved.toml"
    resolved.write_text(dump_toml(load_scenario(scenario)))

    assert load_scenario(resolved) == load_scenario(scenario) == reopen_scenario(resolved)


def test_a_file_that_moved_or_changed_since_is_refused_in_a_sentence(scenario: Path) -> None:
    traffic = load_scenario(scenario).traffic
    asked = scenario.parent / "asked.jsonl"

    asked.write_text(LINES + LINES)
    with pytest.raises(ScenarioError, match=r"^traffic\.prompts: expected .*asked\.jsonl as it was when this scenario"):
        read_prompts(traffic)
    asked.unlink()
    with pytest.raises(ScenarioError, match=r"expected the file that the run began with at .*asked\.jsonl, got none"):
        read_prompts(traffic)
    with pytest.raises(ScenarioError, match=r"got no asked\.jsonl in .*, the scenario's folder, nor in the w"):
        load_scenario(scenario)


def refusal(scenario: Path, *sets: str) -> str:
    with pytest.raises(ScenarioError) as refused:
        load_scenario(scenario, sets)
    return str(refused.value)


def test_what_contradicts_a_file_of_prompts_is_refused(scenario: Path) -> None:
    assert "traffic.input_tokens: expected none beside prompts, whose file has its own lengths (median 6, p95 8), " in (
        refusal(scenario, "traffic.input_tokens=400")
    )
    assert 'traffic.prompts: expected none beside cache = 0.5; write cache = "cold" or "warm"' in (
        refusal(scenario, "traffic.cache=0.5")
    )
    (scenario.parent / "asked.jsonl").write_text('{"prompt": "good"}\n{"question": "bad"}\n')
    assert 'asked.jsonl: line 2: expected "messages" or "prompt", got question' in refusal(scenario)


def test_a_system_prompt_counts_in_front_of_every_prompt(scenario: Path) -> None:
    traffic = load_scenario(scenario, ['traffic.system="Be brief and kind."']).traffic

    assert (traffic.system, traffic.system_words) == ("Be brief and kind.", 4)
