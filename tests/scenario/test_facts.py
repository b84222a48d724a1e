"""What a dated source says cannot be answered is refused before it is sent, and the source is named."""

from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace

from firsttoken.catalogue import Model, Source, load_catalogue
from firsttoken.scenario.facts import check_apis, check_windows, share_over, warn_of_windows
from firsttoken.scenario.format import Scenario, Spread, Traffic
from firsttoken.scenario.load import Load
from firsttoken.scenario.target import Prices, Target
from firsttoken.scenario.values import ScenarioError
from firsttoken.traffic.lengths import draw_length

NARROW = Source(title="a comparison", read="2026-01-01", input=1.0, output=2.0, window_tokens=1_000)
WIDE = Source(title="the list", read="2026-02-02", input=1.0, output=2.0, window_tokens=2_000, apis=("responses",))
CATALOGUE = {"known": Model(name="known", title="K", vendor="v", sources={"narrow": NARROW, "list": WIDE})}
OWN_SERVER = "http://127.0.0.1:8000/v1"


def scenario(input_tokens=400, output_tokens=50, trace: str = "", **target) -> Scenario:
    return Scenario(
        name="made",
        target=[Target(**{"model": "known", "base_url": OWN_SERVER, "prices": "narrow", **target})],
        traffic=Traffic(locustfile="chat", input_tokens=input_tokens, output_tokens=output_tokens, trace=trace),
        load=Load() if trace else Load(users=[1]),
    )


def test_prompt_and_answer_that_do_not_fit_together_are_refused_with_the_source():
    with pytest.raises(ScenarioError, match=r"window of 1,000 tokens \(a comparison, 2026-01-01\) of known"):
        check_windows(scenario(960, 50), CATALOGUE)

    check_windows(scenario(950, 50), CATALOGUE)


def test_a_system_prompt_takes_its_part_of_the_window():
    made = scenario(945, 50)
    system = "Be brief and kind to all."
    with pytest.raises(ScenarioError, match="945 tokens in behind a system prompt of 6 and 50 tokens out"):
        check_windows(replace(made, traffic=replace(made.traffic, system=system)), CATALOGUE)

    check_windows(made, CATALOGUE)


def test_the_window_is_the_one_that_the_source_of_the_prices_states():
    check_windows(scenario(1_500, prices="list"), CATALOGUE)
    with pytest.raises(ScenarioError, match="the list"):
        check_windows(scenario(1_990, prices="list"), CATALOGUE)
    with pytest.raises(ScenarioError, match="a comparison"):
        check_windows(scenario(1_000, prices=""), CATALOGUE)


@pytest.mark.parametrize("target", [{"prices": "unknown"}, {"price": Prices(1.0, 2.0)}, {"base_url": ""}])
def test_a_window_binds_a_server_of_ones_own_and_a_simulated_one_too(target):
    """By the widest that any source states, where the prices are of none of them."""
    with pytest.raises(ScenarioError, match="context window"):
        check_windows(scenario(2_001, 1, **target), CATALOGUE)


def test_a_model_that_nobody_knows_has_no_window():
    assert check_windows(scenario(10**7, model="other"), CATALOGUE) is None


def test_a_spread_of_lengths_is_refused_by_the_share_that_does_not_fit():
    with pytest.raises(ScenarioError, match=r"median 400, p95 1,000 tokens in .* 6% of the requests do not fit"):
        check_windows(scenario(Spread(400, 1_000), 50), CATALOGUE)


def test_a_few_of_a_spread_give_a_warning():
    made = scenario(Spread(200, 400), 50)

    check_windows(made, CATALOGUE)
    (warning,) = warn_of_windows(made, CATALOGUE)
    assert "0.01% of the requests are too long" in warning


def test_words_that_may_be_more_tokens_give_a_warning_on_a_real_server_alone():
    (warning,) = warn_of_windows(scenario(900, 50), CATALOGUE)

    assert "counted in words" in warning
    assert list(warn_of_windows(scenario(900, 50, base_url=""), CATALOGUE)) == []
    assert list(warn_of_windows(scenario(400, 50), CATALOGUE)) == []


@pytest.mark.parametrize("prompt", [900, Spread(500, 900)])
def test_the_share_that_does_not_fit_is_that_of_drawn_lengths(prompt):
    """Against 50,000 pairs drawn by the same quantiles."""
    made = scenario(prompt, Spread(50, 200))
    share = share_over(made, 1_000)
    random = Random(7)
    length = prompt if isinstance(prompt, int) else (prompt.median, prompt.p95)
    over = sum(
        draw_length(length, random.random()) + draw_length((50.0, 200.0), random.random()) > 1_000
        for _ in range(50_000)
    )
    assert share == pytest.approx(over / 50_000, abs=0.01)


def test_requests_of_a_trace_that_do_not_fit_are_counted_with_the_key_that_drops_them(tmp_path: Path):
    trace = tmp_path / "t.jsonl"
    rows = [{"timestamp": 0, "input_length": length, "output_length": 50} for length in (100, 960, 2_000, 100)]
    trace.write_text("".join(f"{row}\n".replace("'", '"') for row in rows))

    with pytest.raises(ScenarioError, match=r"got 2 of 4 that do not; write trace_longest = 1000 in \[traffic\]"):
        check_windows(scenario(trace=str(trace)), CATALOGUE)


def test_an_api_that_a_model_does_not_answer_is_refused_with_the_source():
    with pytest.raises(
        ScenarioError, match=r'api: expected "responses" for known, got "chat", .*\(the list, 2026-02-02\)'
    ):
        check_apis(scenario(), CATALOGUE)

    check_apis(scenario(api="responses"), CATALOGUE)


@pytest.mark.parametrize("target", [{"prices": "unknown"}, {"price": Prices(1.0, 2.0)}, {"base_url": ""}])
def test_what_the_vendor_answers_binds_no_gateway_with_a_price_of_its_own_and_no_simulator(target):
    assert check_apis(scenario(**target), CATALOGUE) is None


def test_the_catalogue_knows_that_the_codex_answers_responses_alone():
    with pytest.raises(ScenarioError, match="responses"):
        check_apis(scenario(model="gpt-5.2-codex", prices="comparison"), load_catalogue())
    with pytest.raises(ScenarioError, match="256,000 tokens"):
        check_windows(scenario(300_000, model="gpt-5.2-codex", prices="comparison"), load_catalogue())
