"""Messages of master and workers: as they were said so they are heard, and anything else is refused."""

import msgspec
import pytest

from firsttoken.decoding.duration import NS
from firsttoken.load.budget.cost import Cost
from firsttoken.load.budget.ledger import Grant, TopUpRequest
from firsttoken.load.control.counters import Counters
from firsttoken.load.control.samples import Piece
from firsttoken.load.workers import messages as link
from firsttoken.load.workers.shares import Share
from firsttoken.plan.profile import Segment
from firsttoken.plan.stage import StagePlan
from firsttoken.row import Health

PLAN = StagePlan(
    stage=3, target="t", level=2.5, repeat=0, by="rate", users=100, ramp_ns=0, settle_ns=None, measure_ns=NS,
    hold_ns=NS, profile=(Segment(NS, 0.0, 2.5),),
)  # fmt: skip
HEALTH = Health(
    worker=1, at_ns=5, in_flight=1, users_busy=1, hub_lag_p50_ms=0.0, hub_lag_p99_ms=0.0, hub_lag_max_ms=0.0,
    cpu_share=0.5, rss_mb=80.0,
)  # fmt: skip
TOP_UP = TopUpRequest(number=1, spent=Cost(1, 20, 30), back=Cost(), ask=Cost(2, 40, 60), need=Cost(1, 20, 30))


def counters() -> Counters:
    counted = Counters(issued=7)
    counted.e2e.add(1_000_000)
    return counted


TO_MASTER = [
    link.Register("1.0", "host", None),
    link.Ping(12),
    link.WorkerProgress(
        group=3,
        users=2,
        closed=True,
        drained=False,
        counters={3: counters()},
        samples={3: Piece(2, [(5, 1.5)])},
        failure=None,
    ),
    link.HealthReport(HEALTH),
    link.BudgetRequest(TOP_UP),
    link.Rows("0123456789abcdef", link.Batch(2, 10, b'{"a":1}\n\xff')),
]
ORDER = link.Order(
    stage=3, plan=PLAN, start_ns=4, phases=["ramp", "settle"], ended=False, shares=[Share(stage=3, place=1, of=4)]
)
TO_WORKER = [
    link.Refusal("no"),
    link.Pong(12, -5),
    link.BudgetGrant(Grant(number=1, amount=Cost(1, 2, 3), scarce=False)),
    link.Ack("0123456789abcdef", 2, 18),
    link.StateSync(
        group=3, orders=[ORDER], closes="cancelled_by_run", over=False, takes_rows=True, workers=3, lost=False
    ),
]


@pytest.mark.parametrize("message", TO_MASTER, ids=lambda message: type(message).__name__)
def test_what_a_worker_says_is_what_its_master_hears(message: link.ToMaster) -> None:
    assert link.decode_at_master(link.encode(message)) == message


@pytest.mark.parametrize("message", TO_WORKER, ids=lambda message: type(message).__name__)
def test_what_a_master_says_is_what_its_worker_hears(message: link.ToWorker) -> None:
    assert link.decode_at_worker(link.encode(message)) == message


@pytest.mark.parametrize("data", [b"", b"\xc1", msgspec.msgpack.encode({"type": "Quit"}), link.encode(TO_WORKER[0])])
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        link.decode_at_master(data)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("10.0.0.5", ("10.0.0.5", 5557)),
        ("master:6000", ("master", 6000)),
        ("[fd00::5]", ("fd00::5", 5557)),
        ("[fd00::5]:6000", ("fd00::5", 6000)),
        ("*:5557", ("*", 5557)),
    ],
)
def test_an_address_is_a_host_and_maybe_a_port(text: str, address: tuple[str, int]) -> None:
    assert link.parse_address(text) == address


@pytest.mark.parametrize("text", ["", ":5557", "host:", "host:port", "host:70000", "fd00::5"])
def test_another_address_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"such as 10\.0\.0\.5:5557"):
        link.parse_address(text)
