"""A master and its workers in one process and in virtual time, over a network that loses, doubles and delays messages.

Rule: master, workers, sessions, journals and users are the real ones; only the network, Locust's spreading of users and
the servers are stand-ins, and all that happens repeats with the seed.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import gevent
import msgspec

from firsttoken.decoding.duration import NS
from firsttoken.load.budget.ledger import Allowance, Ledger
from firsttoken.load.budget.limiter import BudgetLimiter
from firsttoken.load.control.phases import StageClock
from firsttoken.load.session.controller import Backend
from firsttoken.load.workers.carrier import OnMessage
from firsttoken.load.workers.handshake import HandshakeClient
from firsttoken.load.workers.master import WorkerBackend
from firsttoken.load.workers.messages import Welcome
from firsttoken.load.workers.shipping import Shipment, Shipper, name_journal
from firsttoken.load.workers.worker_run import WorkerRun
from firsttoken.load.workers.worker_state import WorkerState
from firsttoken.plan.stage import StagePlan
from firsttoken.row import Row
from firsttoken.scenario.format import Budget, Scenario, Traffic
from firsttoken.scenario.load import Load
from firsttoken.scenario.target import Target
from tests.load.made_session import describe_stage, make_session, send_for_ever
from tests.load.virtual_clock import VirtualClock

RUN_KEY = "0123456789abcdef"
MISSING_S = 4.0
"""After so long without a heartbeat Locust calls a worker missing."""


def describe_welcome(workers: int = 2) -> Welcome:
    """What every worker of a small run has to know."""
    scenario = Scenario(
        name="evening",
        target=[Target(model="a", prices="unknown")],
        traffic=Traffic(locustfile="chat", input_tokens=10, output_tokens=5),
        load=Load(users=[4]),
    )
    urls = {"a": "http://127.0.0.1:1/v1"}
    return Welcome(
        number=0, run_id="evening", run_key=RUN_KEY, scenario=scenario, base_urls=urls, workers=workers, trace=None
    )


class Network:
    """Carries messages, each after a quarter of the delay to all of it; so many are lost, and as many doubled."""

    def __init__(self, clock: VirtualClock, delay_s: float, lost: float, seed: int = 7) -> None:
        self.clock = clock
        self.cuts: dict[str, int] = {}
        """Client that is not reached any more, as its cable is pulled or it has left -> since when, in ns."""
        self._delay_s, self._lost = delay_s, lost
        self._random = random.Random(seed)

    def carry(self, client: str, deliver: Callable[[], object]) -> None:
        draw = self._random.random()
        for _ in range(0 if draw < self._lost else 2 if draw < 2 * self._lost else 1):
            delay_s = self._delay_s * self._random.uniform(0.25, 1.0)
            self.clock.call_later(delay_s, lambda: client in self.cuts or deliver())


class MasterEnd:
    """The master's carrier, with what Locust does beside: it spreads users, and calls silent workers missing."""

    port = 5557

    def __init__(self, network: Network) -> None:
        self.network = network
        self.admits = True
        self.has_quit = False
        self.workers: dict[str, WorkerProcess] = {}
        """Client -> a worker that has come in and was not dismissed: it gets users."""
        self.reached: dict[str, WorkerProcess] = {}
        """Client -> a worker that has come in: it gets messages, as long as it lives."""
        self.spreads: list[int] = []
        """How many users were asked for, in order."""
        self.starts_users = True

    def listen(self, on_message: OnMessage) -> None:
        self.on_message = on_message

    def send(self, client: str, message: bytes) -> None:
        if (worker := self.reached.get(client)) is not None:
            self.network.carry(client, lambda: worker.on_message("master", message))

    def admit_workers(self, admits: bool) -> None:
        self.admits = admits

    def spread_users(self, users: int) -> None:
        self.spreads.append(users)
        if self.starts_users:
            for place, worker in enumerate(self.workers.values()):
                worker.have_users(users // len(self.workers) + (place < users % len(self.workers)))

    def find_missing(self) -> set[str]:
        now_ns = self.network.clock.now_ns()
        return {client for client, since_ns in self.network.cuts.items() if now_ns - since_ns > MISSING_S * NS}

    def dismiss(self, client: str) -> None:
        self.workers.pop(client, None)

    def quit(self) -> None:
        self.has_quit = True


class WorkerProcess:
    """A worker from its start to its end, with users that send one request after another; also its carrier."""

    def __init__(self, world: World, name: str, number: int | None) -> None:
        self.client = name
        self.folder = world.folder if number is not None else world.folder / name
        self.ended: str | None = None
        """How it ended: its failure, or "" where it left in order."""
        self.users: list[gevent.Greenlet] = []
        self._world, self._number = world, number
        self._process = gevent.spawn(self._work)

    def listen(self, on_message: OnMessage) -> None:
        self.on_message = on_message

    def send(self, message: bytes) -> None:
        master = self._world.carrier
        if master.admits and self.client not in master.reached:
            master.reached[self.client] = master.workers[self.client] = self
        self._world.network.carry(self.client, lambda: master.on_message(self.client, message))

    def quit(self) -> None:
        gevent.killall(self.users)

    def have_users(self, users: int) -> None:
        while len(self.users) > users:
            self.session.users.remove_user(f"user {len(self.users) - 1}")
            self.users.pop().kill()
        while len(self.users) < users:
            name = f"user {len(self.users)}"
            self.session.users.start_user(name)
            self.session.users.add_user(name)
            self.users.append(send_for_ever(self.session, name))

    def kill(self) -> None:
        """End it as a signal does, and have its death reported as that of a process of this machine."""
        gevent.killall([self._process, *self.users])
        self._world.backend.lose(self.number, "its process ended with exit code -9")

    def _work(self) -> None:
        world = self._world
        client = HandshakeClient(self, "10.0.0.5:5557", world.clock)
        welcome = client.register(self._number)
        self.number = welcome.number
        limiter = BudgetLimiter(Allowance(), prices={"a": None} if world.budget != Budget() else {}, quotas={})
        self.session = make_session(
            self.folder, takes_s=world.takes_s, limiter=limiter, clock=world.clock, worker=self.number
        )
        journal = name_journal(self.folder / "attempts", self.number)
        shippers = {} if self._number is not None else {self.number: Shipper(journal, self.number)}
        state = WorkerState(self.session, welcome.scenario.seed, welcome.trace)
        self.run = WorkerRun(client, state, self.session, Shipment(welcome.run_key, shippers))
        self.run.run()
        client.quit()
        self.session.recorder.close()
        self.ended = self.run.failure or ""
        if self._number is None:
            world.network.cuts.setdefault(self.client, world.clock.now_ns())
        else:
            world.backend.lose(self.number, "its process ended", in_order=self.ended == "")


class World:
    """A run of so many workers of this machine and of others, whose requests take so long."""

    def __init__(
        self,
        folder: Path,
        *,
        local: int = 0,
        remote: int = 0,
        delay_s: float = 0.01,
        lost: float = 0.0,
        takes_s: float = 0.5,
        budget: Budget | None = None,
    ) -> None:
        self.folder, self.takes_s, self.budget = folder, takes_s, budget or Budget()
        self.clock = VirtualClock()
        self.network = Network(self.clock, delay_s, lost)
        self.carrier = MasterEnd(self.network)
        self.session = make_session(folder, clock=self.clock)
        self.backend = WorkerBackend(
            self.carrier,
            self.session,
            Ledger(self.budget),
            describe_welcome(local + remote),
            folder / "attempts",
            remote=remote,
        )
        checked: Backend = self.backend
        assert checked.workers_lost == 0
        numbers = [*self.backend.numbers, *([None] * remote)]
        self.workers = [WorkerProcess(self, f"client {place}", number) for place, number in enumerate(numbers)]

    def gather(self, *plans: StagePlan) -> str | None:
        return self.clock.finish(self.backend.gather_users, plans)

    def begin(self, *plans: StagePlan) -> list[StageClock]:
        """Gather the users of some stages and begin these."""
        assert self.gather(*plans) is None
        clocks = [StageClock(plan, self.backend.next_start_ns()) for plan in plans]
        self.backend.begin_stages(clocks)
        return clocks

    def drive(self, clocks: list[StageClock], at_most_s: float = 120.0) -> None:
        """Move the clocks, as a controller does, until the stages have ended or so much time is over."""
        until_ns = self.clock.now_ns() + round(at_most_s * NS)
        while any(clock.ended_ns is None for clock in clocks) and self.clock.now_ns() < until_ns:
            self.backend.advance_clocks([])
            self.clock.let_pass(0.02)

    def run_stage(self, plan: StagePlan) -> StageClock:
        """Run one stage from its first user to its last row."""
        [clock] = clocks = self.begin(plan)
        self.drive(clocks)
        self.end_stages()
        return clock

    def end_stages(self) -> None:
        self.clock.finish(self.backend.end_stages, "cancelled_by_run")

    def end_run(self) -> None:
        """End the run, and wait until every worker that lives has left."""
        self.clock.finish(self.backend.end_run)
        self.clock.let_pass(12.0)

    def rows(self) -> list[Row]:
        """Every finished attempt in the run's folder."""
        lines = [line for path in (self.folder / "attempts").glob("*.jsonl") for line in path.read_bytes().splitlines()]
        rows = [msgspec.json.decode(line, type=Row) for line in lines]
        return [row for row in rows if row.outcome is not None]


def stage(users: int = 4, measure_s: float = 5.0, **keys: object) -> StagePlan:
    """A stage that measures for some seconds and then waits for its last answers."""
    return describe_stage(users=users, measure_ns=round(measure_s * NS), hold_ns=5 * NS, **keys)
