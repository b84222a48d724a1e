"""Locust set up to drive a run: users in this process, or workers in others.

Rule: either way the controller sees only a backend, and what was started here is ended here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

import gevent
from locust import User

from firsttoken.load.open_run import OpenRun
from firsttoken.load.pipes import emit_event
from firsttoken.load.reporting_shape import Stages
from firsttoken.load.session.backend import Backend, LocalBackend
from firsttoken.load.session.dispatch import Dispatcher
from firsttoken.load.session.fault import FaultWatch
from firsttoken.load.session.health import watch_health
from firsttoken.load.session.locust_events import (
    fire_init,
    fire_quitting,
    fire_stop,
    interrupt_when_stopped,
    open_environment,
)
from firsttoken.load.session.other_users import count_requests_of_others, record_others
from firsttoken.load.workers.local_workers import LocalWorkers
from firsttoken.load.workers.master import WorkerBackend
from firsttoken.load.workers.messages import Welcome, parse_address
from firsttoken.load.workers.transport import MasterLink
from firsttoken.plan.order import StageOrder


@contextmanager
def drive_alone(run: OpenRun, users: list[type[User]], stage_order: StageOrder, locustfile: Path) -> Iterator[Backend]:
    """Users in this process."""
    shape = Stages(stage_order, run.session)
    environment = open_environment(users, shape, Dispatcher)
    FaultWatch(locustfile, run.session.fail).listen(environment)
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
    FaultWatch(locustfile, run.session.fail).listen(environment)
    host, port = parse_address(spec.bind) if spec.remote else ("127.0.0.1", 0)
    welcome = Welcome(
        number=0,
        run_id=run.manifest.run_id,
        run_key=blake2b(f"{run.manifest.run_id} {run.manifest.started_utc}".encode(), digest_size=8).hexdigest(),
        scenario=run.scenario,
        base_urls=spec.base_urls,
        workers=spec.workers + spec.remote,
        trace=run.trace,
        probes=run.probes,
    )
    backend = WorkerBackend(
        lambda on_message: MasterLink(environment, host, port, on_message),
        session=run.session,
        ledger=run.ledger,
        welcome=welcome,
        folder=run.folder,
        local=spec.workers,
        remote=spec.remote,
    )
    record_others(environment, run.manifest)
    fire_init(environment)
    if spec.remote:
        workers_of_others = f"{spec.remote} worker{'s' * (spec.remote != 1)} of other machines"
        how = f"`firsttoken worker --master HOST:{backend.port}` there"
        emit_event({"event": "said", "sentence": f"waiting for {workers_of_others} at {host}:{backend.port}: {how}"})
    workers = LocalWorkers(
        backend.numbers, port=backend.port, folder=run.folder, origin_ns=run.session.origin_ns, lose=backend.lose
    )
    try:
        yield backend
    finally:
        count_requests_of_others(environment, run.manifest)
        run.manifest.clock_error_ms = max(run.manifest.clock_error_ms, backend.clock_error_ns / 1e6)
        workers.stop()
        fire_stop(environment)
        fire_quitting(environment)
