"""Locust set up to drive a run: users in this process, or workers in others.

Rule: either way the conductor has a crew and nothing else, and what was started here is ended here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

import gevent
from locust import User

from firsttoken.load.open_run import OpenRun
from firsttoken.load.pipes import tell
from firsttoken.load.reporting_shape import Stages
from firsttoken.load.session.backend import Crew, LocalCrew
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
from firsttoken.load.session.other_users import count_requests_of_others, note_others
from firsttoken.load.workers.local_workers import LocalWorkers
from firsttoken.load.workers.master import WorkerCrew
from firsttoken.load.workers.messages import Welcome, parse_address
from firsttoken.load.workers.transport import MasterLink
from firsttoken.plan.order import Itinerary


@contextmanager
def drive_alone(run: OpenRun, users: list[type[User]], itinerary: Itinerary, locustfile: Path) -> Iterator[Crew]:
    """Users in this process."""
    shape = Stages(itinerary, run.session)
    environment = open_environment(users, shape, Dispatcher)
    FaultWatch(locustfile, run.session.fail).listen(environment)
    runner = environment.create_local_runner()
    note_others(environment, run.manifest)
    interrupt_when_stopped(environment, run.session)
    fire_init(environment)
    runner.start_shape()
    health = gevent.spawn(watch_health, run.session)
    try:
        yield LocalCrew(run.session, run.treasury, run.scenario.seed, run.trace)
    finally:
        health.kill()
        count_requests_of_others(environment, run.manifest)
        runner.quit()
        fire_quitting(environment)


@contextmanager
def drive_with_workers(run: OpenRun, users: list[type[User]], locustfile: Path) -> Iterator[Crew]:
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
        knocks=run.knocks,
    )
    crew = WorkerCrew(
        lambda hear: MasterLink(environment, host, port, hear),
        session=run.session,
        treasury=run.treasury,
        welcome=welcome,
        folder=run.folder,
        local=spec.workers,
        remote=spec.remote,
    )
    note_others(environment, run.manifest)
    fire_init(environment)
    if spec.remote:
        workers_of_others = f"{spec.remote} worker{'s' * (spec.remote != 1)} of other machines"
        how = f"`firsttoken worker --master HOST:{crew.port}` there"
        tell({"event": "said", "sentence": f"waiting for {workers_of_others} at {host}:{crew.port}: {how}"})
    workers = LocalWorkers(
        crew.numbers, port=crew.port, folder=run.folder, origin_ns=run.session.origin_ns, lose=crew.lose
    )
    try:
        yield crew
    finally:
        count_requests_of_others(environment, run.manifest)
        run.manifest.clock_error_ms = max(run.manifest.clock_error_ms, crew.clock_error_ns / 1e6)
        workers.stop()
        fire_stop(environment)
        fire_quitting(environment)
