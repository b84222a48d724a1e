"""What the attempts of a process may spend: learned from what a server has counted, and kept to by a whole run."""

from pathlib import Path

from firsttoken.catalogue import Source
from firsttoken.load.budget.cost import Cost
from firsttoken.load.budget.ledger import Allowance
from firsttoken.load.budget.limiter import BudgetLimiter
from firsttoken.load.budget.rate_share import QuotaShare
from firsttoken.row import Row
from tests.driven import drive, rows_of
from tests.load.counted import counted
from tests.wire.spoken import DONE, FINISH, TEXT, chunk, stream

PRICED = Source(title="t", read="2026", input=1.0, output=10.0)


def limiter(**quotas: QuotaShare) -> BudgetLimiter:
    return BudgetLimiter(Allowance(), prices={"a": PRICED}, quotas=quotas)


def ended(**fields: object) -> Row:
    return Row(**({"target": "a", "outcome": "ok", "sent_ns": 1, "asked_output_tokens": 16} | fields))  # type: ignore[arg-type]


def test_an_answer_that_is_longer_than_asked_makes_the_next_bound_as_long() -> None:
    one = limiter()
    before = one.bound_cost("a", 10, 16)
    assert before is not None

    one.reconcile_attempt(ended(input_tokens=12, output_tokens=200), 10, before)

    after = one.bound_cost("a", 10, 16)
    assert after is not None
    assert after.tokens - before.tokens == after.output_tokens - before.output_tokens == 200 - 16


def test_an_impossible_count_is_learned_from_by_nobody() -> None:
    one = limiter()
    before = one.bound_cost("a", 10, 16)
    assert before is not None

    one.reconcile_attempt(ended(input_tokens=3_000_000_000, output_tokens=3_000_000_000), 10, before)

    assert one.bound_cost("a", 10, 16) == before
    assert one.price_attempt(ended(input_tokens=-5, output_tokens=5)) is None


def test_a_share_of_a_quota_on_answers_counts_the_tokens_that_an_answer_may_have() -> None:
    quota = QuotaShare(1.0)
    one = limiter(a=quota)
    bound = one.bound_cost("a", 10, 600)
    one.reconcile_attempt(ended(ratelimit_limit_tokens=600, ratelimit_tokens_of="output"), 10, bound)
    assert bound is not None

    quota.charge(bound, 0)

    assert quota.wait_ns(0) == 60_000_000_000
    assert bound.fits(Cost(1, 10**6, 10**12, 600))


IGNORES_THE_CAP = stream(
    [TEXT] * 3 + [FINISH, chunk({}, usage={"prompt_tokens": 30, "completion_tokens": 200, "total_tokens": 230}), DONE]
)
SCENARIO = """
name = "nocap"
[[target]]
model = "m"
base_url = "{base_url}"
prices = "unknown"
[traffic]
locustfile = "chat"
input_tokens = 20
output_tokens = 16
[load]
users = [2]
ramp = "0s"
settle = "0s"
measure = "60s"
hold = "1s"
[budget]
tokens = 4_000
"""


def test_a_server_that_ignores_the_cap_passes_the_budget_by_its_first_answers_alone(tmp_path: Path) -> None:
    with counted(lambda number: IGNORES_THE_CAP) as server:
        run = drive(tmp_path, SCENARIO.format(base_url=server.base_url))

    rows = rows_of(run.path)
    assert "tokens is used up" in (run.manifest.budget or "")
    assert 3_000 < sum((row.input_tokens or 0) + (row.output_tokens or 0) for row in rows) <= 4_000 + 2 * 200
