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


def test_a_model_of_the_catalogue_passes():
    assert check_rules(scenario(), CATALOGUE) is None


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


def test_a_server_of_ones_own_may_have_unknown_prices():
    own = scenario(model="mine", prices="unknown", base_url="http://127.0.0.1:8000/v1")

    check_rules(own, CATALOGUE)
    assert find_prices(own.target[0], CATALOGUE) is None


def test_a_model_whose_speed_nobody_publishes_is_simulated_at_an_assumed_one():
    check_rules(scenario(model="silent-1"), CATALOGUE)

    settings = simulate(Target(model="silent-1"), CATALOGUE)
    assert (settings.ttft_s, settings.tokens_per_s) == (ASSUMED.ttft_s, ASSUMED.tokens_per_s)


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

    with pytest.raises(ScenarioError, match="expected the variable SOME_API_KEY to hold the key, but it is not set"):
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


def test_requests_and_tokens_that_agree_pass():
    assert check_rules(scenario(demand=Demand(requests_per_day=1000, output_tokens_per_day=51_000)), CATALOGUE) is None


def test_the_mean_answer_of_a_spread_counts():
    traffic = Traffic(locustfile="chat", input_tokens=400, output_tokens=Spread(median=100, p95=400))
    varied = msgspec.structs.replace(
        scenario(demand=Demand(requests_per_day=1000, output_tokens_per_day=142_600)), traffic=traffic
    )

    assert check_rules(varied, CATALOGUE) is None


def test_a_cap_in_dollars_needs_no_more_than_a_price_of_all_that_is_paid_for():
    priced = scenario(base_url="http://127.0.0.1:8000/v1")

    assert check_rules(msgspec.structs.replace(priced, budget=Budget(usd=5)), CATALOGUE) is None
