"""The load process: Locust as a library, told over a pipe, heard over another.

stdin: one line with the run (`LoadSpec`), then words: `stop` ends the run in order, a closed pipe means that the
parent is gone. stdout: one JSON line per progress event, the last one says how it ended.

Rule: whatever happens, this process is gone two seconds after its control pipe closes.
"""

from __future__ import annotations

import logging
import os
import signal
import sys

import gevent
import gevent.socket
import msgspec

from firsttoken import kit
from firsttoken.load.behaviour import load_behaviour
from firsttoken.load.conductor import Conductor
from firsttoken.load.control import read_line, read_words, tell
from firsttoken.load.engine import drive_alone, drive_with_workers
from firsttoken.load.opening import LoadSpec, OpenRun
from firsttoken.load.preflight import find_dead_target
from firsttoken.load.verdict import Judge

PARENT_GONE_S = 1.5


def main() -> None:
    """Run the scenario of the folder named on stdin; exits 0 whether or not the run was cut short."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    logging.getLogger("locust.runners").setLevel(logging.ERROR)  # it warns of many users at once: ours wait at the gate
    spec = msgspec.json.decode(read_line(), type=LoadSpec)
    try:
        run = OpenRun(spec)
    except ValueError as error:
        tell({"event": "end", "state": "failed", "failure": str(error), "reason": None})
        return
    signal.signal(signal.SIGTERM, lambda _signal, _frame: run.session.interrupt("terminated"))
    gevent.spawn(_obey_parent, run)
    _drive(run)
    run.close()
    failure = run.session.failure or run.session.recorder.failure
    tell({"event": "end", "state": run.manifest.state, "failure": failure, "reason": run.session.interrupted})


def _drive(run: OpenRun) -> None:
    """Everything between an open run and a closed one; what goes wrong is the session's `failure`."""
    session = run.session
    try:
        users, shapes = load_behaviour(kit.find("locustfiles", run.scenario.traffic.locustfile))
        itinerary = run.lay_out(shapes)
    except ValueError as error:
        session.failure = str(error)
    session.failure = session.failure or find_dead_target(run, _say)
    if session.stopping:
        return
    gevent.socket.getaddrinfo("127.0.0.1", None)  # the first look-up of a process starts a thread, for 20 ms
    alone = run.spec.workers == 1 and not run.spec.remote
    try:
        with drive_alone(run, users, itinerary) if alone else drive_with_workers(run, users) as crew:
            conductor = Conductor(crew, itinerary, Judge(run.scenario), tell)
            conductor.conduct()
    except ValueError as error:
        session.failure = str(error)
        return
    run.manifest.budget = conductor.budget
    run.manifest.workers_lost_between += conductor.lost_between
    session.failure = session.failure or conductor.failure


def _say(sentence: str) -> None:
    """Have the command print a sentence."""
    tell({"event": "said", "sentence": sentence})


def _obey_parent(run: OpenRun) -> None:
    while word := read_words():
        if b"stop" in word:
            run.session.interrupt("interrupted")
    run.session.interrupt("the parent process is gone")
    gevent.sleep(PARENT_GONE_S)
    run.session.recorder.flush()
    os._exit(130)


if __name__ == "__main__":
    main()
