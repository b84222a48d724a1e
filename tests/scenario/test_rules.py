"""What contradicts the catalogue, the environment or itself is refused; what will disappoint is warned of."""

from pathlib import Path

import msgspec
import pytest

from firsttoken.catalogue import ASSUMED, Model, Simulated, Source
from firsttoken.scenario.format import Budget, Demand, Scenario, Spread, Traffic
from firsttoken.scenario.load import Load
from firsttoken.scenario.rules import check_keys, check_rules, find_prices, requests_per_day, simulate
from firsttoken.scenario.target import Prices, Target
from firsttoken.scenario.values import ScenarioError

FAST = Model(
    name="fast-1",
    title="Fast 1",
    vendor="Somebody",
    sources={"list": Source(title="a page", read="2026", input=1.0, output=4.0, ttft_s=0.5, tokens_per_s=100)},
)
SILENT = Model(name="silent-1", title="Silent 1", vendor="Somebody", sources={"list": Source(title="p", read="2026")})
CATALOGUE = {model.name: model for model in (FAST, SILENT)}


def scenario(*, demand: Demand | None = None, users: list[int] | None = None, think: str = "0s", **target) -> Scenario:
    return Scenario(
        name="made",
        target=[Target(**{"model": "fast-1", "prices": "list", **target})],
        traffic=Traffic(locustfile="chat", input_tokens=400, output_tokens=50),
        load=Load(users=users or [1, 4], think=think),
        demand=demand,
    )


def refusal(made: Scenario) -> str:
    with pytest.raises(ScenarioError) as caught:
        check_rules(made, CATALOGUE)
    return str(caught.value)


def test_a_model_of_the_catalogue_passes():
    check_rules(scenario(), CATALOGUE)


def test_an_unknown_model_without_prices_is_refused_with_the_nearest_one():
    sentence = refusal(scenario(model="fast-2"))

    assert sentence.startswith("target.fast-2.model: expected a model of scenarios/models.toml, or prices of its own")
    assert sentence.endswith('got "fast-2"; did you mean "fast-1"?')


def test_an_unknown_source_is_refused_with_the_known_ones():
    assert refusal(scenario(prices="lst")) == (
        'target.fast-1.prices: expected "list" or "unknown" for fast-1, got "lst"; did you mean "list"?'
    )


def test_prices_come_from_the_target_before_its_source():
    own = Target(model="fast-1", prices="list", price=Prices(input=2.0, output=3.0))

    assert find_prices(own, CATALOGUE).input == 2.0
    assert find_prices(Target(model="fast-1", prices="list"), CATALOGUE).input == 1.0


def test_a_price_is_of_the_tier_of_service_that_is_asked_for():
    """A list price is that of the default tier; prices of one's own are those of what one asks for."""
    asks = {"extra_body": {"service_tier": "priority"}}
    fast = Source(title="F", read="2026", input=4.0, output=8.0, tier="priority")
    models = {
        "both": Model(
            name="both", title="B", vendor="V", sources={"fast": fast, "list": CATALOGUE["fast-1"].sources["list"]}
        )
    }

    assert find_prices(Target(model="fast-1", prices="list", **asks), CATALOGUE) is None
    assert (
        find_prices(Target(model="fast-1", prices="list", extra_body={"service_tier": "auto"}), CATALOGUE) is not None
    )
    assert find_prices(Target(model="both", prices="fast", **asks), models) is fast
    assert find_prices(Target(model="both", prices="fast"), models) is None
    assert find_prices(Target(model="x", price=Prices(input=2.0, output=3.0), **asks), CATALOGUE).tier == "priority"


def test_a_cap_in_dollars_is_refused_where_the_tier_that_is_asked_for_has_no_price():
    asked = {"extra_body": {"service_tier": "Priority"}, "base_url": "http://127.0.0.1:8000/v1"}
    sentence = refusal(msgspec.structs.replace(scenario(prices="list", **asked), budget=Budget(usd=1.0)))

    assert 'got none of fast-1 at the service_tier "priority" that it asks for; write [target.price]' in sentence


def test_a_server_of_ones_own_may_have_unknown_prices():
    own = scenario(model="mine", prices="unknown", base_url="http://127.0.0.1:8000/v1")

    check_rules(own, CATALOGUE)
    assert find_prices(own.target[0], CATALOGUE) is None


def test_a_model_whose_speed_nobody_publishes_is_simulated_at_an_assumed_one():
    check_rules(scenario(model="silent-1"), CATALOGUE)

    settings = simulate(Target(model="silent-1"), CATALOGUE)
    assert (settings.ttft_s, settings.tokens_per_s) == (ASSUMED.ttft_s, ASSUMED.tokens_per_s)


def test_a_model_that_the_catalogue_lacks_is_not_simulated_by_a_guess():
    assert refusal(scenario(model="fast-2", prices="unknown", simulator=Simulated(ttft_s=0.2))).startswith(
        "target.fast-2.simulator: expected tokens_per_s of a model that scenarios/models.toml lacks, got none for "
        'fast-2; did you mean "fast-1"?; write'
    )


def test_a_target_that_names_no_source_has_the_prices_of_the_comparison_or_else_of_the_first_source():
    both = {"list": Source(title="L", read="2026", input=1.0), "comparison": Source(title="C", read="2026", input=2.0)}
    models = {name: Model(name=name, title=name, vendor="V", sources=both) for name in ("both",)}
    models["one"] = Model(name="one", title="O", vendor="V", sources={"list": both["list"]})

    assert find_prices(Target(model="both"), models).input == 2.0
    assert find_prices(Target(model="one"), models).input == 1.0


def test_a_model_that_the_catalogue_lacks_can_be_simulated_by_its_own_figures():
    target = Target(model="mine", prices="unknown", simulator=Simulated(ttft_s=0.2, tokens_per_s=50))

    assert simulate(target, CATALOGUE).tokens_per_s == 50


def test_a_key_variable_that_is_not_set_is_refused_by_its_name():
    made = scenario(key_env="SOME_API_KEY")

    with pytest.raises(ScenarioError, match="expected the variable SOME_API_KEY to hold the key, it is not set"):
        check_keys(made, {"SOME_API_KEY": ""})
    check_keys(made, {"SOME_API_KEY": "secret"})


@pytest.mark.parametrize("key", ["hunter2\n", "hunter2 ", "hünter2", "hunter2\r"])
def test_a_key_that_no_header_can_carry_is_refused_by_its_variable_and_never_shown(key):
    with pytest.raises(ScenarioError, match="the variable SOME_API_KEY: expected printable characters") as caught:
        check_keys(scenario(key_env="SOME_API_KEY"), {"SOME_API_KEY": key})

    assert "nter2" not in str(caught.value)


def test_certificates_that_cannot_be_read_are_refused_before_the_run(tmp_path):
    hosted = {"base_url": "https://example.test/v1"}
    (tmp_path / "no.pem").write_text("no certificate")

    for name, reason in [("nowhere.pem", "No such file or directory"), ("no.pem", "")]:
        made = scenario(**hosted, ca_file=str(tmp_path / name))
        with pytest.raises(ScenarioError, match=rf"ca_file: expected a file of certificates .*{name}: {reason}"):
            check_keys(made, {})
    check_keys(scenario(**hosted, ca_file=str(Path(__file__).parents[1] / "wire" / "certs" / "ca.pem")), {})


def test_a_proxy_of_the_environment_that_is_none_is_refused_before_the_run():
    hosted, local = scenario(base_url="https://example.test/v1"), scenario(base_url="http://127.0.0.1:8000/v1")
    environ = {"ALL_PROXY": "socks5://me:hunter2@h:1080"}

    with pytest.raises(ScenarioError, match=r"^target\.[\w-]+: ALL_PROXY: expected an HTTP proxy") as caught:
        check_keys(hosted, environ)
    assert "hunter2" not in str(caught.value)
    check_keys(local, environ)
    check_keys(hosted, environ | {"NO_PROXY": "example.test"})


def test_the_demand_in_requests_follows_from_its_tokens():
    assert requests_per_day(scenario()) is None
    assert requests_per_day(scenario(demand=Demand(requests_per_day=10))) == 10
    assert requests_per_day(scenario(demand=Demand(output_tokens_per_day=500))) == 10


def test_a_demand_without_an_amount_is_refused():
    assert refusal(scenario(demand=Demand(peak_rps=4))).startswith(
        "demand: expected requests_per_day or output_tokens_per_day, got neither"
    )


def test_requests_and_tokens_that_do_not_fit_the_traffic_are_refused():
    sentence = refusal(scenario(demand=Demand(requests_per_day=1000, output_tokens_per_day=100_000)))

    assert "got 1,000 requests and 100,000 tokens, which at 50 tokens an answer are 2,000 requests" in sentence


def test_requests_and_tokens_that_agree_pass():
    check_rules(scenario(demand=Demand(requests_per_day=1000, output_tokens_per_day=51_000)), CATALOGUE)


def test_the_mean_answer_of_a_spread_counts():
    traffic = Traffic(locustfile="chat", input_tokens=400, output_tokens=Spread(median=100, p95=400))
    varied = msgspec.structs.replace(
        scenario(demand=Demand(requests_per_day=1000, output_tokens_per_day=142_600)), traffic=traffic
    )

    check_rules(varied, CATALOGUE)


def test_a_peak_below_the_mean_is_refused():
    assert refusal(scenario(demand=Demand(requests_per_day=864_000, peak_rps=9))) == (
        "demand.peak_rps: expected at least the day's mean of 10 requests/s, got 9"
    )


def test_a_cap_in_dollars_needs_a_price_of_all_that_is_paid_for():
    capped = Budget(usd=5)
    own = msgspec.structs.replace(scenario(prices="unknown", base_url="http://127.0.0.1:8000/v1"), budget=capped)

    assert refusal(own).startswith("budget.usd: expected a price of every target with a base_url, got none of fast-1")
    check_rules(msgspec.structs.replace(scenario(base_url="http://127.0.0.1:8000/v1"), budget=capped), CATALOGUE)
