"""A run's way through its load, the same whoever drives it: the command, Locust's own, or a calibration.

Rule: the stages of a run are ordered, its targets are asked once, the limits that they report are heeded, and then a
controller runs the stages on the backend. Whatever goes wrong on the way is the session's `failure`, in a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

import gevent.socket

from firsttoken.error import FirstTokenError
from firsttoken.load.control.stopping import StoppingRule
from firsttoken.load.open_run import OpenRun
from firsttoken.load.preflight import find_dead_target
from firsttoken.load.session.backend import Backend
from firsttoken.load.session.controller import Controller, Progress
from firsttoken.plan.locust_shape import Shape
from firsttoken.plan.order import StageOrder

OpenBackend = Callable[[StageOrder], AbstractContextManager[Backend]]


def prepare(
    run: OpenRun, shapes: Mapping[str, Callable[[], Shape]], report: Callable[[str], None]
) -> StageOrder | None:
    """Order a run's stages and ask its targets once; None where it cannot begin, which is the session's failure then.

    `report` hears what a user should know of the targets.
    """
    session = run.session
    try:
        stage_order = run.order_stages(shapes)
    except FirstTokenError as error:
        session.fail(str(error))
        return None
    if sentence := find_dead_target(run, report):
        session.fail(sentence)
    if session.stopping:
        return None
    session.record_limits(run.probes)
    gevent.socket.getaddrinfo("127.0.0.1", None)  # the first look-up of a process starts a thread, for 20 ms
    return stage_order


def run_stages(run: OpenRun, stage_order: StageOrder, open_backend: OpenBackend, report: Progress) -> None:
    """Run the stages on a backend, and record in the manifest how it ended."""
    try:
        with open_backend(stage_order) as backend:
            controller = Controller(backend, stage_order, StoppingRule(run.scenario), report)
            controller.run()
            trace = backend.traceback
    except FirstTokenError as error:
        run.session.fail(str(error))
        return
    run.manifest.budget = controller.budget
    run.manifest.workers_lost_between += controller.lost_between
    if controller.failure:
        run.session.fail(controller.failure, trace)
