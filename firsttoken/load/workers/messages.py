"""The messages between a master and its workers, and their bytes. Pure.

Rule: state, not events. The master repeats the state of the run and a worker its progress; a message that comes
twice does nothing twice, and one that is lost costs a quarter of a second. Nothing here is secret: keys are named
in the scenario and live in each worker's own environment.
"""

import msgspec

from firsttoken.error import FirstTokenError
from firsttoken.load.budget.ledger import Grant, TopUpRequest
from firsttoken.load.control.counters import Counters
from firsttoken.load.control.samples import Piece
from firsttoken.load.workers.shares import Share
from firsttoken.plan.stage import StagePlan
from firsttoken.row import Health, Outcome, Phase, Row
from firsttoken.scenario.format import Scenario
from firsttoken.traffic.prompt_file import Conversation
from firsttoken.traffic.trace import Arrival

DEFAULT_PORT = 5557
"""Locust's own."""
CHANNEL = "firsttoken"
"""The type of Locust message that carries ours."""
SYNC_EVERY_S = 0.2
"""How often either side repeats its state, when nothing happens."""
SILENCE_S = 4.0
"""After so long without a message from its master a worker stops sending: before its load is assigned to others."""


class AddressError(FirstTokenError, ValueError):
    """No address; the message is a sentence without the place where it was written."""


class Register(msgspec.Struct, frozen=True, tag=True):
    """A worker asks to join."""

    version: str
    host: str
    number: int | None
    """Of a worker that this master started; it numbers all others itself."""


class Ping(msgspec.Struct, frozen=True, tag=True):
    """A worker asks for the time."""

    asked_ns: int


class WorkerProgress(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """How far a worker is."""

    group: int | None
    """The first stage of the group it drives, or drove last; None before the first."""
    users: int
    """Users living here who are ready to ask."""
    starting: int = 0
    """Users whose `on_start` is not through yet."""
    left: int = 0
    """Users who were ready and live no more."""
    closed: bool
    """Whether its admission is closed: no request begins."""
    drained: bool
    """Whether moreover nothing is on the wire any more, and all of it on disk."""
    counters: dict[int, Counters]
    """Stage -> what it counted in it, but for the samples."""
    samples: dict[int, Piece] = {}
    """Stage -> what the master may not have of its samples yet."""
    failure: str | None
    """Why it has to end, in a sentence."""
    traceback: str = ""
    """Where that came from, where it was an exception of the behaviour's."""
    done: bool = False
    """The last word: the run is over and the master has every row."""
    clock_error_ns: int = 0
    """How far its clock may be from the run's, as it was set; on the master's machine both are the same."""


class HealthReport(msgspec.Struct, frozen=True, tag=True):
    """A second of a worker's health."""

    health: Health


class BudgetRequest(msgspec.Struct, frozen=True, tag=True):
    """What a worker's allowance reports to the ledger and asks of it."""

    top_up: TopUpRequest


class Batch(msgspec.Struct, frozen=True):
    """A piece of a worker's journal. An empty one only asks how much is there."""

    worker: int
    offset: int
    data: bytes


class Rows(msgspec.Struct, frozen=True, tag=True):
    """A piece of a worker's journal, of this run or of what an earlier start left of it."""

    run_key: str
    batch: Batch


class Welcome(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """All that a worker has to know of a run before its first stage."""

    number: int
    run_id: str
    run_key: str
    """Identifies this run, also among runs of the same name."""
    scenario: Scenario
    base_urls: dict[str, str]
    """Per target, where it listens."""
    workers: int
    """How many share the load."""
    trace: list[Arrival] | None
    prompts: list[Conversation] = []
    """Of the scenario's file, which only the master reads."""
    probes: dict[str, Row] = {}
    """Target -> what it answered before the load, which may include its limits."""


class Refusal(msgspec.Struct, frozen=True, tag=True):
    """Why a worker is not taken on, in a sentence."""

    sentence: str


class Pong(msgspec.Struct, frozen=True, tag=True):
    """What the time is on the run's clock."""

    asked_ns: int
    now_ns: int


class BudgetGrant(msgspec.Struct, frozen=True, tag=True):
    """The ledger's answer to a top-up request."""

    grant: Grant


class Ack(msgspec.Struct, frozen=True, tag=True):
    """How much of a worker's journal the master has."""

    run_key: str
    worker: int
    size: int


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """How one stage stands, and what of it is whose."""

    stage: int
    plan: StagePlan | None
    """Left out once the worker has said that it drives this group."""
    start_ns: int
    """When it began, on the run's clock."""
    phases: list[Phase]
    """Those begun so far, in order."""
    ended: bool
    shares: list[Share]
    """This worker's own."""
    samples: int = 0
    """How many of this worker's samples the master has."""


class StateSync(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """How things stand."""

    group: int | None
    """The first stage of the present group; None before the first."""
    orders: list[Order]
    closes: Outcome | None
    """How to end what is on the wire, now that the group is over; None while it runs."""
    over: bool
    """The run is over: ship what is left, say so and leave."""
    takes_rows: bool
    """Whether the master's disk takes rows; where it does not, they stay where they are."""
    workers: int
    """How many live, and share what is to be shared."""
    lost: bool
    """This worker counted as lost, and its load is with others: it must not send any more."""


ToMaster = Register | Ping | WorkerProgress | HealthReport | BudgetRequest | Rows
ToWorker = Welcome | Refusal | Pong | BudgetGrant | Ack | StateSync

_ENCODER = msgspec.msgpack.Encoder()
_AT_MASTER: msgspec.msgpack.Decoder[ToMaster] = msgspec.msgpack.Decoder(ToMaster)
_AT_WORKER: msgspec.msgpack.Decoder[ToWorker] = msgspec.msgpack.Decoder(ToWorker)


def encode(message: ToMaster | ToWorker) -> bytes:
    """A message as bytes."""
    return _ENCODER.encode(message)


def decode_at_master(data: bytes) -> ToMaster:
    """What a worker said. Raises msgspec.DecodeError for anything else."""
    return _AT_MASTER.decode(data)


def decode_at_worker(data: bytes) -> ToWorker:
    """What the master said. Raises msgspec.DecodeError for anything else."""
    return _AT_WORKER.decode(data)


def parse_address(text: str) -> tuple[str, int]:
    """The host and port of HOST, HOST:PORT, [IPv6] or [IPv6]:PORT. Raises AddressError."""
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        host, port = text, str(DEFAULT_PORT)
    host = host.removeprefix("[").removesuffix("]")
    if not host or (":" in host and "[" not in text) or not port.isdigit() or int(port) > 65535:
        raise AddressError(f"expected HOST or HOST:PORT, such as 10.0.0.5:{DEFAULT_PORT} or [fd00::5], got {text!r}")
    return host, int(port)
