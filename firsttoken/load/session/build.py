"""Opening the session of a load process, whether it drives a run alone or a share of it.

Rule: what a session needs follows from the scenario alone, and from who the process is.
"""

from functools import partial

from firsttoken.catalogue import Source, load_catalogue
from firsttoken.decoding.duration import parse_duration
from firsttoken.load.asking.ask import Material
from firsttoken.load.budget.ledger import Allowance
from firsttoken.load.budget.limiter import BudgetLimiter
from firsttoken.load.budget.rate_share import QuotaShare
from firsttoken.load.control.counting import ValueOf
from firsttoken.load.control.slo import read_limits
from firsttoken.load.session.journal import Recorder
from firsttoken.load.session.run_clock import RunClock
from firsttoken.load.session.session import Session, SessionRules
from firsttoken.load.session.target import TargetAccess, open_target
from firsttoken.plan.retry import RetryBudget
from firsttoken.scenario.format import Scenario
from firsttoken.scenario.retry import read_policy
from firsttoken.scenario.rules import find_prices
from firsttoken.scenario.trace import read_arrivals as read_recorded
from firsttoken.traffic.trace import Arrival


def open_session(
    scenario: Scenario,
    recorder: Recorder,
    access: TargetAccess,
    material: Material,
    *,
    workers: int = 1,
    leads: bool = True,
) -> Session:
    """The session of one of so many load processes; one that `leads` moves its clocks itself.

    Raises TargetError for a target that cannot be asked from here.
    """
    rules = SessionRules(
        think_s=parse_duration(scenario.load.think),
        limits=read_limits(scenario.slo),
        retry_policy=read_policy(scenario.retry),
        retry_budget=RetryBudget(scenario.retry.budget),
        value_of=find_value_of(scenario),
    )
    return Session(
        access.run_id,
        {each.name: open_target(each, scenario, access, material, recorder.worker) for each in scenario.target},
        recorder,
        rules,
        open_limiter(scenario, workers),
        RunClock(access.origin_ns),
        leads=leads,
    )


def find_value_of(scenario: Scenario) -> ValueOf | None:
    """What to keep of each measured request for a figure that is measured until it is narrow; None without one."""
    if scenario.load.until is None:
        return None
    from firsttoken.load.control.precision import find_value, read_metric  # numpy and scipy: imported only where needed

    return partial(find_value, read_metric(scenario.load.until.metric)[0])


def find_counted(scenario: Scenario) -> dict[str, Source | None]:
    """The targets that cost something, which simulated ones never do, and their prices, where these are known."""
    catalogue = load_catalogue()
    return {target.name: find_prices(target, catalogue) for target in scenario.target if target.base_url}


def open_limiter(scenario: Scenario, workers: int = 1) -> BudgetLimiter:
    """What one of so many load processes may spend; where nothing is capped nothing is set aside."""
    caps, share = scenario.budget, scenario.budget.quota_share
    billed = find_counted(scenario)
    counted = billed if caps.usd or caps.tokens or caps.requests or share else {}
    return BudgetLimiter(
        Allowance(),
        prices=counted,
        quotas={target: QuotaShare(share, workers) for target in counted} if share else {},
        billed=billed,
    )


def read_arrivals(scenario: Scenario) -> list[Arrival] | None:
    """The arrivals of a scenario's trace, None where it has none. Raises ScenarioError."""
    return read_recorded(scenario.traffic) if scenario.traffic.trace else None
