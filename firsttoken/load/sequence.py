"""A run's way through its load, the same whoever drives it: the command, Locust's own, or a calibration.

Rule: a run is laid out, its targets are asked once, what they told of their limits is heeded, and then a conductor
takes the crew through the stages. Whatever goes wrong on the way is the session's `failure`, in a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

import gevent.socket

from firsttoken.error import FirstTokenError
from firsttoken.load.control.stopping import Judge
from firsttoken.load.open_run import OpenRun
from firsttoken.load.preflight import find_dead_target
from firsttoken.load.session.backend import Crew
from firsttoken.load.session.controller import Conductor, Progress
from firsttoken.plan.locust_shape import Shape
from firsttoken.plan.order import Itinerary

OpenCrew = Callable[[Itinerary], AbstractContextManager[Crew]]


def prepare(run: OpenRun, shapes: Mapping[str, Callable[[], Shape]], say: Callable[[str], None]) -> Itinerary | None:
    """Lay a run out and ask its targets once; None where it cannot begin, which is the session's failure then.

    `say` hears what a user should know of the targets.
    """
    session = run.session
    try:
        itinerary = run.lay_out(shapes)
    except FirstTokenError as error:
        session.fail(str(error))
        return None
    if sentence := find_dead_target(run, say):
        session.fail(sentence)
    if session.stopping:
        return None
    session.hear_limits(run.knocks)
    gevent.socket.getaddrinfo("127.0.0.1", None)  # the first look-up of a process starts a thread, for 20 ms
    return itinerary


def conduct(run: OpenRun, itinerary: Itinerary, open_crew: OpenCrew, tell: Progress) -> None:
    """Take a crew through the stages, and note in the manifest what became of it."""
    try:
        with open_crew(itinerary) as crew:
            conductor = Conductor(crew, itinerary, Judge(run.scenario), tell)
            conductor.conduct()
            trace = crew.traceback
    except FirstTokenError as error:
        run.session.fail(str(error))
        return
    run.manifest.budget = conductor.budget
    run.manifest.workers_lost_between += conductor.lost_between
    if conductor.failure:
        run.session.fail(conductor.failure, trace)
