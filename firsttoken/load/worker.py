"""A worker process: Locust's worker, driving its share of every stage as its master says.

stdin: one line with where its master is (`WorkerSpec`), then words: `stop` has it leave in order, a closed pipe means
that the parent is gone. stdout: one JSON line per event, the last one says how it ended.

Rule: it ends with every row at the master, or says where they are; and it always ends at most two seconds after
its control pipe closes.
"""

import logging
import os
import signal
import sys
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import gevent
import gevent.socket
import msgspec
from locust import User
from locust.env import Environment

from firsttoken import kit
from firsttoken.error import FirstTokenError
from firsttoken.load.asking.ask import Material
from firsttoken.load.behaviour.fault import FaultWatch
from firsttoken.load.behaviour.locust_events import fire_init, fire_quitting, open_environment
from firsttoken.load.behaviour.locustfile import BehaviourError, load_behaviour
from firsttoken.load.behaviour.reporting_shape import Stages
from firsttoken.load.pipes import emit_event, open_channel, open_log, read_line, watch_parent
from firsttoken.load.session.build import open_session
from firsttoken.load.session.gc_pause import gc_paused
from firsttoken.load.session.health import watch_health
from firsttoken.load.session.journal import Recorder
from firsttoken.load.session.run_clock import RunClock
from firsttoken.load.session.session import Session
from firsttoken.load.session.target import TargetAccess, TargetError
from firsttoken.load.workers.clock_offset import Offset
from firsttoken.load.workers.handshake import HandshakeClient, reach_master
from firsttoken.load.workers.messages import (
    AddressError,
    HealthReport,
    ToMaster,
    Welcome,
    WorkerProgress,
    parse_address,
)
from firsttoken.load.workers.shipping import Shipment, Shipper, SpoolError, upload_journal
from firsttoken.load.workers.spool import Spool, SpoolFolder
from firsttoken.load.workers.transport import UploadLink, WorkerLink
from firsttoken.load.workers.worker_run import WorkerRun
from firsttoken.load.workers.worker_state import WorkerState
from firsttoken.machine.limits import allow_files
from firsttoken.old_paths import OldImportWarning
from firsttoken.row import Health
from firsttoken.scenario.target import find_variables
from firsttoken.traffic.prompts import read_corpus

LAST_MESSAGE_S = 0.5
"""How long the last message of a worker takes to its master at most."""
QUIET = ("locust.runners", "locust.util.exception_handler")
"""Loggers whose words are not for a user: ours say the same in a sentence."""


class Local(msgspec.Struct, frozen=True, kw_only=True):
    """What only a worker on its master's machine has, started by it."""

    number: int
    folder: str
    """The run's own, which it writes into."""
    origin_ns: int
    """The run's, on the clock that both read."""


class WorkerSpec(msgspec.Struct, kw_only=True):
    """What a worker process reads on the first line of its stdin."""

    master: str
    """HOST or HOST:PORT."""
    local: Local | None = None
    spool: str = ""
    """Where the rows of any other lie until the master has them."""


class ReportingRecorder(Recorder):
    """The journal of a worker, whose health its master writes."""

    def __init__(self, folder: Path, worker: int, send: Callable[[ToMaster], None]) -> None:
        super().__init__(folder, worker)
        self._send = send

    def record_health(self, health: Health) -> None:
        self._send(HealthReport(health))


def open_share(welcome: Welcome, recorder: Recorder, origin_ns: int) -> Session:
    """The session of a worker. Raises TargetError or LimitError for what cannot be driven from here."""
    scenario = welcome.scenario
    allow_files(scenario)
    missing = [name for each in scenario.target for name in find_variables(each) if name not in os.environ]
    if missing:
        raise TargetError(
            f"{missing[0]}: expected the key of a target in this variable, but it is not set on this worker"
        )
    access = TargetAccess(welcome.run_id, welcome.base_urls, os.environ, origin_ns)
    material = Material(welcome.trace or (), welcome.prompts)
    return open_session(scenario, recorder, access, material, workers=welcome.workers, leads=False)


def warm_up() -> None:
    """Do before the first stage what a process does only once, and what would stop its streams for a moment."""
    gevent.socket.getaddrinfo("127.0.0.1", None)  # starts a thread
    read_corpus()
    with gc_paused():
        pass  # the first collection looks at all that was imported, and no later one does


class Part:
    """This process's part in a run, which a word of its parent or a signal may end; none, until it has joined."""

    def __init__(self) -> None:
        self.worker_run: WorkerRun | None = None

    def stop(self, why: str) -> None:
        """Leave in order; a worker that has not joined has nothing to clean up."""
        if self.worker_run is None:
            emit_event({"event": "end", "failure": None})
            os._exit(130)
        self.worker_run.stop(why)

    def flush(self) -> None:
        """Have every row so far survive this process."""
        if self.worker_run is not None:
            self.worker_run.flush()


def main() -> None:
    """Work for the master named on stdin; exits 0 once it has every row, else 1 with a sentence."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    open_channel()
    open_log()
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", "firsttoken", OldImportWarning)  # the master shows what the locustfile imports
    spec = msgspec.json.decode(read_line(), type=WorkerSpec)
    part = Part()
    signal.signal(signal.SIGTERM, lambda _signal, _frame: part.stop("terminated"))
    gevent.spawn(watch_parent, part.stop, part.flush)
    try:
        failure = work_here(spec, spec.local, part) if spec.local else work_from_afar(spec, part)
    except FirstTokenError as error:
        failure = str(error)
    emit_event({"event": "end", "failure": failure})
    sys.stdout.flush()
    os._exit(0 if failure is None else 1)


def work_here(spec: WorkerSpec, local: Local, part: Part) -> str | None:
    """Work beside the master, into the run's own folder; what went wrong, in a sentence."""
    environment = open_environment()
    master = join_master(environment, spec.master)
    welcome = master.register(local.number)
    return drive(environment, master, welcome, Path(local.folder), Offset(-local.origin_ns, 0), {}, part)


def work_from_afar(spec: WorkerSpec, part: Part) -> str | None:
    """Work for a master on another machine, into a spool here; what went wrong, in a sentence."""
    spools = SpoolFolder(Path(spec.spool))
    how = "`firsttoken run SCENARIO --remote N --bind HOST:PORT` there starts one"
    with suppress(AddressError):  # which the handshake refuses
        parse_address(spec.master)
        emit_event({"event": "said", "sentence": f"waiting for a master at {spec.master}; {how}"})
    left = [spool for spool in spools.find_left() if not upload_left_rows(spool, spools, spec.master)]
    environment = open_environment()
    master = join_master(environment, spec.master)
    welcome = master.register(None)
    offset = master.measure_offset()
    emit_event(
        {"event": "joined", "worker": welcome.number, "run": welcome.run_id, "clock_error_ms": offset.error_ns / 1e6}
    )
    own = spools.open(welcome.run_id, welcome.run_key, welcome.number)
    of_this_run = [spool for spool in [*left, own] if spool.run_key == welcome.run_key]
    shippers = {spool.number: Shipper(spool.journal, spool.number) for spool in of_this_run}
    failure = drive(environment, master, welcome, own.folder, offset, shippers, part)
    for spool in of_this_run:
        if shippers[spool.number].has_shipped_all:
            spools.discard(spool)
        else:
            emit_event({"event": "left", "sentence": spool.describe()})
    return failure


def join_master(environment: Environment, master: str) -> HandshakeClient:
    """The link to a master, once it has answered. Raises JoinError."""
    return reach_master(master, lambda host, port: WorkerLink(environment, host, port), RunClock(0))


def upload_left_rows(spool: Spool, spools: SpoolFolder, master: str) -> bool:
    """Upload the rows that an earlier start left to their master if it still listens, else say where they lie."""
    link, left = UploadLink(*parse_address(master)), spool.describe()
    try:
        delivered = upload_journal(link, spool.run_key, Shipper(spool.journal, spool.number), RunClock(0))
    except SpoolError as error:
        delivered, left = False, str(error)
    finally:
        link.close()
    if delivered:
        spools.discard(spool)
        sentence = f"rows that worker {spool.number} of run {spool.run_id} left from before are with its master"
        emit_event({"event": "said", "sentence": sentence})
    else:
        emit_event({"event": "left", "sentence": left})
    return delivered


def drive(
    environment: Environment,
    master: HandshakeClient,
    welcome: Welcome,
    folder: Path,
    offset: Offset,
    shippers: Mapping[int, Shipper],
    part: Part,
) -> str | None:
    """Drive this worker's share of every stage; what went wrong, in a sentence."""
    recorder = ReportingRecorder(folder, welcome.number, master.send)
    session = open_share(welcome, recorder, -offset.offset_ns)
    session.record_limits(welcome.probes)
    worker_state = WorkerState(session, welcome.scenario.seed, welcome.trace, offset.error_ns)
    locustfile = kit.find("locustfiles", welcome.scenario.traffic.locustfile)
    environment.user_classes = _load_users(locustfile, master)
    environment.shape_class = Stages(session=session)
    FaultWatch(locustfile, session.cancellation.fail_run).listen(environment)
    fire_init(environment)
    warm_up()
    part.worker_run = worker_run = WorkerRun(master, worker_state, session, Shipment(welcome.run_key, shippers))
    health = gevent.spawn(watch_health, session, welcome.number)
    worker_run.run()
    health.kill()
    master.quit()
    fire_quitting(environment)
    recorder.close()
    return worker_run.failure


def _load_users(locustfile: Path, master: HandshakeClient) -> list[type[User]]:
    """The users of the locustfile. Raises BehaviourError, once the master knows of it, which waits for this worker."""
    try:
        return load_behaviour(locustfile)[0]
    except BehaviourError as error:
        master.send(
            WorkerProgress(group=None, users=0, closed=True, drained=True, counters={}, failure=str(error), done=True)
        )
        gevent.sleep(LAST_MESSAGE_S)
        raise


if __name__ == "__main__":
    main()
