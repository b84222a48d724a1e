"""The load process: Locust as a library, with its users in this process, or in workers of this machine and others.

stdin: one line with the run (`LoadSpec`), then words: `stop` ends the run in order, a closed pipe means that the
parent is gone. stdout: one JSON line per event, the last one says how it ended; see `pipes.open_channel`.

Rule: whatever happens, this process is gone two seconds after its control pipe closes; what was started here is ended
here.
"""

import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from hashlib import blake2b
from pathlib import Path

import gevent
import msgspec
from locust import User

from firsttoken import kit
from firsttoken.error import FirstTokenError
from firsttoken.load.behaviour.dispatch import Dispatcher
from firsttoken.load.behaviour.fault import FaultWatch
from firsttoken.load.behaviour.locust_events import (
    fire_init,
    fire_quitting,
    fire_stop,
    interrupt_when_stopped,
    open_environment,
)
from firsttoken.load.behaviour.locustfile import load_behaviour
from firsttoken.load.behaviour.other_users import count_requests_of_others, record_others
from firsttoken.load.behaviour.reporting_shape import Stages
from firsttoken.load.control.stopping import StoppingRule
from firsttoken.load.open_run import OpenRun
from firsttoken.load.pipes import emit_event, open_channel, open_log, read_line, watch_parent
from firsttoken.load.session.controller import Backend, Controller, LocalBackend
from firsttoken.load.session.health import watch_health
from firsttoken.load.workers.local_workers import LocalWorkers, start_worker
from firsttoken.load.workers.master import WorkerBackend
from firsttoken.load.workers.messages import Welcome, parse_address
from firsttoken.load.workers.transport import MasterLink
from firsttoken.plan.order import StageOrder
from firsttoken.process.launch import LoadSpec


def main() -> None:
    """Run the scenario of the folder named on stdin; exits 0 whether or not the run was cut short."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    open_channel()
    open_log()
    logging.getLogger("locust.runners").setLevel(logging.ERROR)  # it warns of many users at once: ours wait for slots
    spec = msgspec.json.decode(read_line(), type=LoadSpec)
    try:
        run = OpenRun(spec)
    except FirstTokenError as error:
        emit_event({"event": "end", "state": "failed", "failure": str(error), "reason": None})
        return
    cancellation = run.session.cancellation
    signal.signal(signal.SIGTERM, lambda _signal, _frame: cancellation.interrupt_run("terminated"))
    gevent.spawn(watch_parent, cancellation.interrupt_run, run.session.recorder.flush)
    try:
        drive_run(run)
    except FirstTokenError as error:
        cancellation.fail_run(str(error))
    run.close()
    sys.stderr.write(cancellation.traceback)
    reason = cancellation.interrupted
    emit_event({"event": "end", "state": run.manifest.state, "failure": cancellation.failure, "reason": reason})


def drive_run(run: OpenRun) -> None:
    """Everything between an open run and a closed one. Raises FirstTokenError where it cannot be driven."""
    locustfile = kit.find("locustfiles", run.scenario.traffic.locustfile)
    users, shapes = load_behaviour(locustfile)
    stage_order = run.prepare_stages(shapes, report_sentence)
    if stage_order is None:
        return
    with open_backend(run, users, stage_order, locustfile) as backend:
        controller = Controller(backend, stage_order, StoppingRule(run.scenario), emit_event)
        controller.run()
        run.record_stages(controller)


def open_backend(
    run: OpenRun, users: list[type[User]], stage_order: StageOrder, locustfile: Path
) -> AbstractContextManager[Backend]:
    """What sends the load: users in this process, or workers where there are to be more processes."""
    if run.spec.workers == 1 and not run.spec.remote:
        return drive_alone(run, users, stage_order, locustfile)
    return drive_with_workers(run, users, locustfile)


@contextmanager
def drive_alone(run: OpenRun, users: list[type[User]], stage_order: StageOrder, locustfile: Path) -> Iterator[Backend]:
    """Users in this process."""
    shape = Stages(stage_order, run.session)
    environment = open_environment(users, shape, Dispatcher)
    FaultWatch(locustfile, run.session.cancellation.fail_run).listen(environment)
    runner = environment.create_local_runner()
    record_others(environment, run.manifest)
    interrupt_when_stopped(environment, run.session)
    fire_init(environment)
    runner.start_shape()
    health = gevent.spawn(watch_health, run.session)
    try:
        yield LocalBackend(run.session, run.ledger, run.scenario.seed, run.trace)
    finally:
        health.kill()
        count_requests_of_others(environment, run.manifest)
        runner.quit()
        fire_quitting(environment)


@contextmanager
def drive_with_workers(run: OpenRun, users: list[type[User]], locustfile: Path) -> Iterator[Backend]:
    """Users in worker processes, here and on other machines. Raises LaunchError where it cannot listen for them."""
    spec, environment = run.spec, open_environment(users, dispatcher=Dispatcher)
    FaultWatch(locustfile, run.session.cancellation.fail_run).listen(environment)
    host, port = parse_address(spec.bind) if spec.remote else ("127.0.0.1", 0)
    backend = WorkerBackend(
        MasterLink(environment, host, port),
        run.session,
        run.ledger,
        describe_run(run),
        run.folder / "attempts",
        remote=spec.remote,
    )
    record_others(environment, run.manifest)
    fire_init(environment)
    if spec.remote:
        workers_of_others = f"{spec.remote} worker{'s' * (spec.remote != 1)} of other machines"
        how = f"`firsttoken worker --master HOST:{backend.port}` there"
        report_sentence(f"waiting for {workers_of_others} at {host}:{backend.port}: {how}")
    start = partial(start_worker, port=backend.port, folder=run.folder, origin_ns=run.manifest.origin_monotonic_ns)
    workers = LocalWorkers(backend.numbers, start, backend.lose)
    try:
        yield backend
    finally:
        count_requests_of_others(environment, run.manifest)
        run.manifest.clock_error_ms = max(run.manifest.clock_error_ms, backend.clock_error_ns / 1e6)
        workers.stop()
        fire_stop(environment)
        fire_quitting(environment)


def describe_run(run: OpenRun) -> Welcome:
    """What every worker has to know of a run."""
    manifest = run.manifest
    return Welcome(
        number=0,
        run_id=manifest.run_id,
        run_key=blake2b(f"{manifest.run_id} {manifest.started_utc}".encode(), digest_size=8).hexdigest(),
        scenario=run.scenario,
        base_urls=run.spec.base_urls,
        workers=run.spec.workers + run.spec.remote,
        trace=run.trace,
        prompts=run.prompts,
        probes=run.probes,
    )


def report_sentence(sentence: str) -> None:
    """Have the command print a sentence."""
    emit_event({"event": "said", "sentence": sentence})


if __name__ == "__main__":
    main()
