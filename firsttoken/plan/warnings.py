"""What is likely to disappoint about a sound scenario: a load too low for the demand, a budget for nothing.

Rule: a warning is one sentence with the figures and what to write instead.
"""

import math
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from firsttoken.catalogue import ASSUMED, find_assumed
from firsttoken.plan.peak import Catalogue, find_top, most_rps, unloaded_cycle_s
from firsttoken.plan.windows import find_windows
from firsttoken.scenario.facts import warn_of_windows
from firsttoken.scenario.format import Scenario
from firsttoken.scenario.prices import warn_of_units
from firsttoken.scenario.rules import SECONDS_PER_DAY, requests_per_day
from firsttoken.scenario.target import Target
from firsttoken.scenario.trace import warn_of_trace

MOST_USERS, MOST_DAYS = 100_000, 7.0
"""Of one level: more is hardly meant."""
HTTPS_PORT = 443


def find_warnings(scenario: Scenario, catalogue: Catalogue) -> list[str]:
    """What is likely to disappoint about a sound scenario, one sentence each."""
    return [
        *assumed_speeds(scenario.target, catalogue),
        *warn_of_units(scenario, catalogue),
        *warn_of_windows(scenario, catalogue),
        *warn_of_trace(scenario.traffic),
        *odd_sizes(scenario),
        *short_ladders(scenario, catalogue),
        *idle_budgets(scenario),
    ]


def idle_budgets(scenario: Scenario) -> Iterator[str]:
    """A sentence where a budget has nothing to bound."""
    budget = scenario.budget
    if (budget.usd or budget.tokens or budget.requests or budget.quota_share) and not any(
        target.base_url for target in scenario.target
    ):
        yield "budget: simulated targets never count, and this scenario has only those: only budget.minutes limits it"


def assumed_speeds(targets: Iterable[Target], catalogue: Catalogue) -> Iterator[str]:
    """A sentence per simulated target whose speed no source states."""
    words = {
        "ttft_s": f"a first token after {ASSUMED.ttft_s:g} s",
        "tokens_per_s": f"{ASSUMED.tokens_per_s:g} tokens/s",
    }
    for target in targets:
        model = catalogue.get(target.model)
        if target.base_url or model is None:
            continue
        if assumed := find_assumed(model, target.prices, target.simulator):
            yield (
                f"{target.name}: no source states its speed, so the simulator assumes one, "
                f"{' and '.join(words[field] for field in assumed)}; "
                f"{' and '.join(f'simulator.{field}' for field in assumed)} would change that"
            )


def odd_sizes(scenario: Scenario) -> Iterator[str]:
    """A sentence for a load or a length of time that is hardly meant."""
    top = find_top(scenario)
    if top is not None and top > MOST_USERS:
        counted = "users" if scenario.load.by == "users" else "requests a second"
        yield f"load: {top:,.0f} {counted} are more than {MOST_USERS:,}, which no run can send; is the number right?"
    windows = None if top is None else find_windows(scenario, min(top, MOST_USERS))
    days = 0.0 if windows is None or math.isinf(windows.total.most) else windows.total.most / SECONDS_PER_DAY
    if days > MOST_DAYS and not scenario.budget.minutes:
        yield f"load: a level may take {days:,.0f} days; is that right? Write durations such as 60s or 5m"
    for target in scenario.target:
        if target.base_url.startswith("http:") and urlsplit(target.base_url).port == HTTPS_PORT:
            yield f"{target.name}: base_url uses plain http on port 443, where servers speak TLS; write https://"


def short_ladders(scenario: Scenario, catalogue: Catalogue) -> Iterator[str]:
    """A sentence per target whose load cannot reach the demand, however fast the answers."""
    needed = _needed_rps(scenario)
    for target in scenario.target:
        offered = most_rps(scenario, target, catalogue)
        if needed is None or offered is None or offered >= needed:
            continue
        if scenario.load.by == "users":
            yield f"{target.name}: {_too_few_users(scenario, target, catalogue, offered, needed)}"
        else:
            yield f"{target.name}: {_too_low_rates(scenario, offered, needed)}"


def _too_few_users(scenario: Scenario, target: Target, catalogue: Catalogue, offered: float, needed: float) -> str:
    cycle_s = unloaded_cycle_s(scenario, target, catalogue) or 0.0
    top = find_top(scenario)
    users = "1 user makes" if top == 1 else f"{top:g} users make"
    return (
        f"your demand needs {needed:.3g} requests/s, and {users} at most {offered:.3g}, as one request takes each of "
        f"them {cycle_s:.2g} s or more; {_way_up(scenario)} at least {needed * cycle_s:.0f} users"
    )


def _too_low_rates(scenario: Scenario, offered: float, needed: float) -> str:
    arrivals = needed / scenario.load.turns
    return (
        f"the load offers at most {offered:.3g} requests/s, and your demand needs {needed:.3g}; "
        f"{_way_up(scenario)} at least {arrivals:.3g}/s"
    )


def _way_up(scenario: Scenario) -> str:
    """What to write for a higher load."""
    if scenario.traffic.trace:
        return "raise traffic.trace_speed until its mean is"
    if scenario.load.search is not None:
        return "search up to"
    return "let the shape reach" if scenario.load.shape else "add a level of"


def _needed_rps(scenario: Scenario) -> float | None:
    """The peak with its headroom in requests/s; the mean of the day where no peak is stated."""
    per_day = requests_per_day(scenario)
    if scenario.demand is None or per_day is None:
        return None
    return (scenario.demand.peak_rps or per_day / SECONDS_PER_DAY) * (1 + scenario.demand.headroom)
