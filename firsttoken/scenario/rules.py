"""What a scenario must satisfy beyond its format: against itself, the catalogue and the environment.

Rule: a contradiction is refused, with the figures that contradict. What is only suspicious gives a warning
(`warnings`).
"""

import os
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

from firsttoken.catalogue import Model, Simulated, Source, find_assumed, resolve_simulated
from firsttoken.decoding.strict_toml import one_of, suggest
from firsttoken.net.proxy import find_proxy
from firsttoken.net.url import EndpointError, check_key
from firsttoken.row import TIERS, name_tier
from firsttoken.scenario.format import Demand, Scenario, mean_tokens
from firsttoken.scenario.headers import check_variables
from firsttoken.scenario.target import Target
from firsttoken.scenario.values import ScenarioError
from firsttoken.wire.dialects import DIALECTS

Catalogue = Mapping[str, Model]

UNKNOWN_PRICES = "unknown"
API_PATHS = sorted({*(dialect.path for dialect in DIALECTS.values()), "/messages"}, key=len, reverse=True)
"""What APIs add to a base URL; of an address the first that it ends in counts."""
PREFERRED_SOURCE = "comparison"
"""Whose prices a target has that names none; of a model without it, those of its first source."""
SECONDS_PER_DAY = 86_400
AGREEMENT = 0.05
"""Two statements of the same demand may differ by this share."""


def check_rules(scenario: Scenario, catalogue: Catalogue) -> None:
    """Refuse a scenario that the catalogue or its own demand contradicts. Raises ScenarioError."""
    for target in scenario.target:
        find_prices(target, catalogue)
        if not target.base_url:
            simulate(target, catalogue)
    _check_budget(scenario, catalogue)
    if scenario.demand:
        _check_demand(scenario.demand, mean_tokens(scenario.traffic.output_tokens))


def check_paths(scenario: Scenario) -> None:
    """Refuse a base_url that already ends in the path of the API, which is added to it. Raises ScenarioError."""
    for target in scenario.target:
        path = urlsplit(target.base_url).path.rstrip("/")
        for tail in API_PATHS:
            if path.endswith(tail) and not path.endswith(f"deployments{tail}"):
                asked = f"{path.removesuffix(tail)}{tail}"
                base = target.base_url.replace(asked, path.removesuffix(tail), 1).rstrip("/")
                raise ScenarioError(
                    f'target.{target.name}.base_url: expected the URL without the API\'s path, such as "{base}", '
                    f"got one that ends in {tail}, which FirstToken adds itself, as `api` says"
                )


def check_keys(scenario: Scenario, environ: Mapping[str, str] = os.environ) -> None:
    """Refuse a scenario that cannot use what it names: a key or a header's value that is not set or cannot be sent,
    certificates, a proxy.

    Raises ScenarioError naming the first of them.
    """
    for target in scenario.target:
        if target.key_env:
            _check_key(target, environ.get(target.key_env, ""))
        check_variables(target.headers, f"target.{target.name}", environ)
        if target.ca_file:
            _check_certificates(target.name, target.ca_file)
        if target.base_url:
            _check_proxy(target, environ)


def _check_key(target: Target, key: str) -> None:
    where, variable = f"target.{target.name}.key_env", target.key_env
    if not key:
        raise ScenarioError(
            f"{where}: expected the variable {variable} to hold the key, but it is not set; run `export "
            f"{variable}=...` first"
        )
    try:
        check_key(key, f"{where}: the variable {variable}")
    except EndpointError as error:
        raise ScenarioError(str(error)) from None


def _check_certificates(name: str, ca_file: str) -> None:
    try:
        ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # of which an SSLError is one
        raise ScenarioError(
            f"target.{name}.ca_file: expected a file of certificates (PEM), got {ca_file}: "
            f"{error.strerror}; a relative path starts at the current directory"
        ) from None


def _check_proxy(target: Target, environ: Mapping[str, str]) -> None:
    try:
        find_proxy(target.base_url, target.proxy, environ)
    except EndpointError as error:
        raise ScenarioError(f"target.{target.name}: {error}") from None


def find_prices(target: Target, catalogue: Catalogue) -> Source | None:
    """What a target's tokens cost: its own prices, or the source it names; None where they are unknown, as they are
    where the source is of another tier of service than the one that is asked for.

    Raises ScenarioError for a model or a source that the catalogue lacks.
    """
    if target.price:
        own = target.price
        return Source(
            title="the scenario",
            read="",
            input=own.input,
            cached_input=own.cached,
            cache_write=own.cache_write,
            output=own.output,
            tier=asked_tier(target),
        )
    if target.prices == UNKNOWN_PRICES:
        return None
    model = catalogue.get(target.model)
    if model is None:
        raise ScenarioError(
            f"target.{target.name}.model: expected a model of scenarios/models.toml, or your own prices "
            f'([target.price], or prices = "{UNKNOWN_PRICES}"), got "{target.model}"{suggest(target.model, catalogue)}'
        )
    if not target.prices:
        source = model.sources.get(PREFERRED_SOURCE) or next(iter(model.sources.values()), None)
        return source if source is None or source.tier == asked_tier(target) else None
    if target.prices not in model.sources:
        known = [*model.sources, UNKNOWN_PRICES]
        raise ScenarioError(
            f"target.{target.name}.prices: expected {one_of(known)} for {target.model}, "
            f'got "{target.prices}"{suggest(target.prices, known)}'
        )
    source = model.sources[target.prices]
    return source if source.tier == asked_tier(target) else None


def asked_tier(target: Target) -> str:
    """The tier of service that a target's requests ask for."""
    tier = target.extra_body.get("service_tier")
    return name_tier(tier if isinstance(tier, str) else None)


def simulate(target: Target, catalogue: Catalogue) -> Simulated:
    """How a target without a base_url is simulated, nothing left open.

    Raises ScenarioError for a model that the catalogue lacks and whose speed the scenario does not state.
    """
    model = catalogue.get(target.model) or Model(name=target.model, title=target.model, vendor="")
    missing = [] if target.model in catalogue else find_assumed(model, target.prices, target.simulator)
    if missing:
        raise ScenarioError(
            f"target.{target.name}.simulator: expected {' and '.join(missing)} of a model that is not in "
            f"scenarios/models.toml, got none for {target.model}{suggest(target.model, catalogue)}; "
            "write simulator = { ttft_s = 0.8, tokens_per_s = 100 }, or a base_url to test a real server"
        )
    return resolve_simulated(model, target.prices, target.simulator)


def requests_per_day(scenario: Scenario) -> float | None:
    """The demand in requests a day: as stated, or its output tokens over the mean answer; None without a demand."""
    demand = scenario.demand
    if demand is None:
        return None
    if demand.requests_per_day is not None:
        return demand.requests_per_day
    tokens = demand.output_tokens_per_day
    return tokens / mean_tokens(scenario.traffic.output_tokens) if tokens is not None else None


def _check_budget(scenario: Scenario, catalogue: Catalogue) -> None:
    """Refuse a cap in dollars that could not be enforced."""
    for target in scenario.target:
        source = find_prices(target, catalogue)
        known = source is not None and source.input is not None and source.output is not None
        if scenario.budget.usd and target.base_url and not known:
            raise ScenarioError(
                f"budget.usd: expected a price for every target with a base_url, got none for {_name_price(target)}; "
                "write [target.price], or cap tokens or requests"
            )


def _name_price(target: Target) -> str:
    """Whose price is missing: that of a target, or of the tier that it asks for."""
    tier = asked_tier(target)
    return target.name if tier == TIERS[0] else f'{target.name} at the requested service_tier "{tier}"'


def _check_demand(demand: Demand, mean_output: float) -> None:
    requests, tokens = demand.requests_per_day, demand.output_tokens_per_day
    if requests is None and tokens is None:
        raise ScenarioError("demand: expected requests_per_day or output_tokens_per_day, got neither")
    implied = tokens / mean_output if tokens is not None else requests
    if requests is not None and implied is not None and abs(implied / requests - 1) > AGREEMENT:
        raise ScenarioError(
            f"demand: expected requests_per_day and output_tokens_per_day to agree, got {requests:,.0f} requests and "
            f"{tokens:,.0f} tokens, which at {mean_output:,.0f} tokens an answer are {implied:,.0f} requests; "
            "leave one of them out"
        )
    mean_rps = (requests or implied or 0.0) / SECONDS_PER_DAY
    if demand.peak_rps is not None and demand.peak_rps < mean_rps:
        raise ScenarioError(
            f"demand.peak_rps: expected at least the day's mean of {mean_rps:.3g} requests/s, got {demand.peak_rps:g}"
        )
