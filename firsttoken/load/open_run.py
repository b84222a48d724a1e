"""Opening and closing a run in a load process: folder, manifest, targets, session.

Rule: the manifest is there before the first request and says how the run ended; a folder whose manifest still
says "running" was killed. The process may open the files that its plan needs before it opens the first of them.
"""

import os
import platform
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import gevent.socket
import msgspec

from firsttoken.catalogue import dump_catalogue, load_catalogue
from firsttoken.error import FirstTokenError
from firsttoken.load.asking.ask import Material
from firsttoken.load.budget.ledger import Ledger
from firsttoken.load.preflight import find_dead_target
from firsttoken.load.resume import read_finished, read_spent
from firsttoken.load.session.build import find_counted, open_session, read_arrivals
from firsttoken.load.session.cancellation import Cancellation
from firsttoken.load.session.controller import Controller
from firsttoken.load.session.journal import Recorder, write_manifest
from firsttoken.load.session.target import TargetAccess
from firsttoken.machine.host import describe_host
from firsttoken.machine.limits import allow_files
from firsttoken.net.proxy import find_proxy
from firsttoken.plan.locust_shape import Shape
from firsttoken.plan.order import StageOrder, order_run_stages
from firsttoken.process.launch import LoadSpec
from firsttoken.row import DEFINITIONS, Manifest, Row
from firsttoken.scenario.format import Scenario
from firsttoken.scenario.prompts import read_prompts
from firsttoken.scenario.reading import reopen_scenario
from firsttoken.scenario.target import Target

PACKAGES = ("firsttoken", "locust", "gevent", "httptools", "msgspec", "openai", "numpy")


class OpenRun:
    """A run that this process drives: its scenario, plan, session and manifest."""

    def __init__(self, spec: LoadSpec, environ: Mapping[str, str] = os.environ) -> None:
        self.spec = spec
        self.folder = Path(spec.folder)
        self.scenario: Scenario = reopen_scenario(self.folder / "scenario.toml")
        self.prompts = read_prompts(self.scenario.traffic)
        allow_files(self.scenario)
        self.finished = read_finished(self.folder)
        self.manifest = self._open_manifest(spec, environ)
        write_manifest(self.folder, self.manifest)
        (self.folder / "models.toml").write_text(dump_catalogue(load_catalogue()))
        self.trace = read_arrivals(self.scenario)
        access = TargetAccess(self.manifest.run_id, spec.base_urls, environ, self.manifest.origin_monotonic_ns)
        material = Material(self.trace or (), self.prompts)
        self.session = open_session(self.scenario, Recorder(self.folder, worker=0), access, material)
        spent = read_spent(self.folder, find_counted(self.scenario))
        self.probes: dict[str, Row] = {}
        """Target -> what it answered before the load."""
        self.ledger = Ledger(self.scenario.budget, spent, self.finished.lasted_ns)

    def _open_manifest(self, spec: LoadSpec, environ: Mapping[str, str]) -> Manifest:
        """A new manifest; a resumed run keeps its first start and its clock."""
        manifest = Manifest(
            run_id=self.folder.resolve().name,
            name=self.scenario.name,
            command=spec.command,
            seed=self.scenario.seed,
            started_utc=_utc_now(),
            origin_monotonic_ns=time.monotonic_ns(),
            versions={"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
            host=describe_host(),
            endpoints={
                target.name: describe_endpoint(target, spec.base_urls[target.name], environ)
                for target in self.scenario.target
            },
            workers=spec.workers + spec.remote,
            definitions=DEFINITIONS,
        )
        earlier = self.folder / "manifest.json"
        if not earlier.exists():
            return manifest
        first = msgspec.json.decode(earlier.read_bytes(), type=Manifest)
        manifest.started_utc, manifest.resumed = first.started_utc, first.resumed + 1
        manifest.workers_lost_between, manifest.clock_error_ms = first.workers_lost_between, first.clock_error_ms
        # A clock that was reset since, by a reboot, continues at the run's last boundary.
        latest_ns = manifest.origin_monotonic_ns - self.finished.last_ns
        manifest.origin_monotonic_ns = min(first.origin_monotonic_ns, latest_ns)
        return manifest

    def prepare_stages(
        self, shapes: Mapping[str, Callable[[], Shape]], report: Callable[[str], None]
    ) -> StageOrder | None:
        """Order the stages and ask every target once; None where the run cannot begin, which is its failure then.

        `shapes` are the classes of the locustfile; `report` hears what a user should know of the targets.
        """
        session = self.session
        try:
            stage_order = order_run_stages(self.scenario, shapes, self.trace, self.finished)
        except FirstTokenError as error:
            session.cancellation.fail_run(str(error))
            return None
        session.users.request_users(stage_order.first_users)
        if sentence := find_dead_target(self, report):
            session.cancellation.fail_run(sentence)
        if session.cancellation.stopping:
            return None
        session.record_limits(self.probes)
        gevent.socket.getaddrinfo("127.0.0.1", None)  # the first look-up of a process starts a thread, for 20 ms
        return stage_order

    def record_stages(self, controller: Controller) -> None:
        """Note in the manifest what became of the stages."""
        self.manifest.budget = controller.budget
        self.manifest.workers_lost_between += controller.lost_between
        if controller.failure:
            self.session.cancellation.fail_run(controller.failure, controller.traceback)

    def close(self) -> None:
        """Flush the journals, close the connections and write how the run ended."""
        session = self.session
        session.close()
        self.manifest.state = find_state(session.cancellation)
        self.manifest.reason = session.cancellation.stopping
        self.manifest.ended_utc = _utc_now()
        self.manifest.ended_ns = session.clock.now_ns()
        try:
            write_manifest(self.folder, self.manifest)
        except OSError as error:
            session.cancellation.fail_run(f"{self.folder}: {error.strerror}")


def find_state(cancellation: Cancellation) -> Literal["complete", "interrupted", "failed"]:
    """How a run ended, as its manifest says it."""
    if cancellation.failure:
        return "failed"
    return "interrupted" if cancellation.interrupted else "complete"


def describe_endpoint(target: Target, base_url: str, environ: Mapping[str, str]) -> dict[str, str]:
    """What a reader must know of the way to a target; of a proxy where it stands, not how it is opened."""
    proxy = find_proxy(base_url, target.proxy, environ)
    return {
        "base_url": base_url,
        "api": target.api,
        "client": target.client,
        "model": target.model,
        "simulated": "no" if target.base_url else "yes",
    } | ({} if proxy is None else {"proxy": proxy.authority})


def _utc_now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
