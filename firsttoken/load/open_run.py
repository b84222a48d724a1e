"""Opening and closing a run in a load process: folder, manifest, targets, session.

Rule: the manifest is there before the first request and says how the run ended; a folder whose manifest still
says "running" was killed. The process may open the files that its plan needs before it opens the first of them.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import msgspec

from firsttoken.catalogue import dump_catalogue, load_catalogue
from firsttoken.load.budget.ledger import Ledger
from firsttoken.load.resume import read_finished, read_spent
from firsttoken.load.session.build import find_counted, open_session, read_arrivals
from firsttoken.load.session.journal import Recorder, write_manifest
from firsttoken.machine.host import describe_host
from firsttoken.machine.limits import allow_files
from firsttoken.net.proxy import find_proxy
from firsttoken.plan.locust_shape import Shape
from firsttoken.plan.order import StageOrder, order_run_stages
from firsttoken.process.launch import LoadSpec
from firsttoken.row import Manifest, Row
from firsttoken.scenario.format import Scenario
from firsttoken.scenario.reading import reopen_scenario
from firsttoken.scenario.target import Target

PACKAGES = ("firsttoken", "locust", "gevent", "httptools", "msgspec", "openai", "numpy")


class OpenRun:
    """A run that this process drives: its scenario, plan, session and manifest."""

    def __init__(self, spec: LoadSpec, environ: Mapping[str, str] = os.environ) -> None:
        self.spec = spec
        self.folder = Path(spec.folder)
        self.scenario: Scenario = reopen_scenario(self.folder / "scenario.toml")
        allow_files(self.scenario)
        self.finished = read_finished(self.folder)
        self.manifest = self._open_manifest(spec, environ)
        write_manifest(self.folder, self.manifest)
        (self.folder / "models.toml").write_text(dump_catalogue(load_catalogue()))
        self.trace = read_arrivals(self.scenario)
        self.session = open_session(
            self.scenario,
            Recorder(self.folder, worker=0),
            base_urls=spec.base_urls,
            environ=environ,
            origin_ns=self.manifest.origin_monotonic_ns,
            run_id=self.manifest.run_id,
            trace=self.trace,
        )
        spent = read_spent(self.folder, find_counted(self.scenario))
        self.probes: dict[str, Row] = {}
        """Target -> what it answered before the load."""
        self.ledger = Ledger(self.scenario.budget, spent, self.finished.lasted_ns)

    def _open_manifest(self, spec: LoadSpec, environ: Mapping[str, str]) -> Manifest:
        """A new manifest; of a run that goes on, its first start and its clock."""
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
        )
        earlier = self.folder / "manifest.json"
        if not earlier.exists():
            return manifest
        first = msgspec.json.decode(earlier.read_bytes(), type=Manifest)
        manifest.started_utc, manifest.resumed = first.started_utc, first.resumed + 1
        manifest.workers_lost_between, manifest.clock_error_ms = first.workers_lost_between, first.clock_error_ms
        # A clock that has been started anew since, by a reboot, goes on where the run's last boundary was.
        latest_ns = manifest.origin_monotonic_ns - self.finished.last_ns
        manifest.origin_monotonic_ns = min(first.origin_monotonic_ns, latest_ns)
        return manifest

    def order_stages(self, shapes: Mapping[str, Callable[[], Shape]]) -> StageOrder:
        """The stage order; `shapes` are the classes of the locustfile. Raises ShapeError as `order_run_stages`."""
        stage_order = order_run_stages(self.scenario, shapes, self.trace, self.finished)
        self.session.wanted_users = stage_order.first_users
        return stage_order

    def close(self) -> None:
        """Flush the journals, close the connections and write how the run ended."""
        for target in self.session.targets.values():
            target.client.close()
        self.session.recorder.close()
        self.manifest.state = self._state()
        self.manifest.reason = self.session.stopping
        self.manifest.ended_utc = _utc_now()
        self.manifest.ended_ns = self.session.now_ns()
        try:
            write_manifest(self.folder, self.manifest)
        except OSError as error:
            self.session.recorder.failure = self.session.recorder.failure or f"{self.folder}: {error.strerror}"

    def _state(self) -> Literal["complete", "interrupted", "failed"]:
        if self.session.failure or self.session.recorder.failure:
            return "failed"
        return "interrupted" if self.session.interrupted else "complete"


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
