"""Opening and closing a run in a load process: folder, manifest, targets, session.

Rule: the manifest is there before the first request and says how the run ended; a folder whose manifest still
says "running" was killed. The process may open the files that its plan needs before it opens the first of them.
"""

from __future__ import annotations

import os
import platform
import shutil
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import msgspec

from firsttoken import kit
from firsttoken.host import describe_host
from firsttoken.limits import allow_files
from firsttoken.load.plan import StagePlan, plan_stages
from firsttoken.load.recorder import Recorder, write_manifest
from firsttoken.load.retry import POLICIES
from firsttoken.load.session import Session
from firsttoken.load.target import open_target
from firsttoken.proxy import find_proxy
from firsttoken.row import Manifest
from firsttoken.scenario import Scenario, Target, load_scenario, parse_duration

PACKAGES = ("firsttoken", "locust", "gevent", "httptools", "msgspec", "openai", "numpy")


class LoadSpec(msgspec.Struct, kw_only=True):
    """What a load process is told on the first line of its stdin."""

    folder: str
    base_urls: dict[str, str]
    """Per target, where it listens: the scenario's own URL or that of its simulator."""
    command: list[str]


class OpenRun:
    """A run that this process drives: its scenario, plan, session and manifest."""

    def __init__(self, spec: LoadSpec, environ: Mapping[str, str] = os.environ) -> None:
        self.folder = Path(spec.folder)
        self.scenario: Scenario = load_scenario(self.folder / "scenario.toml")
        self.plans: list[StagePlan] = plan_stages(self.scenario)
        allow_files(self.scenario)
        origin_ns = time.monotonic_ns()
        self.manifest = Manifest(
            run_id=self.folder.resolve().name,
            name=self.scenario.name,
            command=spec.command,
            seed=self.scenario.seed,
            started_utc=_utc_now(),
            origin_monotonic_ns=origin_ns,
            versions={"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
            host=describe_host(),
            endpoints={
                target.name: describe_endpoint(target, spec.base_urls[target.name], environ)
                for target in self.scenario.target
            },
        )
        write_manifest(self.folder, self.manifest)
        shutil.copyfile(kit.find("scenarios", "models"), self.folder / "models.toml")
        self.session = Session(
            run_id=self.manifest.run_id,
            targets={
                target.name: open_target(
                    target,
                    self.scenario,
                    base_url=spec.base_urls[target.name],
                    environ=environ,
                    origin_ns=origin_ns,
                    run_id=self.manifest.run_id,
                )
                for target in self.scenario.target
            },
            policy=POLICIES[self.scenario.retry.policy],
            recorder=Recorder(self.folder, worker=0),
            origin_ns=origin_ns,
            think_s=parse_duration(self.scenario.load.think),
        )
        self.session.wanted_users = self.plans[0].users

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
