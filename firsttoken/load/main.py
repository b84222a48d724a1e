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
import gevent.os
import msgspec
from locust.env import Environment
from locust.util.load_locustfile import load_locustfile

from firsttoken import kit
from firsttoken.load.conductor import conduct
from firsttoken.load.health import watch_health
from firsttoken.load.opening import LoadSpec, OpenRun
from firsttoken.load.preflight import find_dead_target
from firsttoken.load.shape import Stages

PARENT_GONE_S = 1.5


def main() -> None:
    """Run the scenario of the folder named on stdin; exits 0 whether or not the run was cut short."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    os.set_blocking(0, False)
    spec = msgspec.json.decode(_read_line(), type=LoadSpec)
    run = OpenRun(spec)
    signal.signal(signal.SIGTERM, lambda _signal, _frame: _stop(run, "terminated"))
    gevent.spawn(_obey_parent, run)
    sentence = find_dead_target(run)
    if sentence is None:
        _drive(run)
    run.close()
    failure = sentence or run.session.recorder.failure
    tell({"event": "end", "state": run.manifest.state, "failure": failure, "reason": run.session.interrupted})


def _drive(run: OpenRun) -> None:
    users, _shapes = load_locustfile(str(kit.find("locustfiles", run.scenario.traffic.locustfile)))
    stages = Stages(run.plans[0].users, run.session)
    environment = Environment(user_classes=list(users.values()), shape_class=stages)
    runner = environment.create_local_runner()
    runner.start_shape()
    health = gevent.spawn(watch_health, run.session)
    conduct(run.session, run.plans, tell)
    health.kill()
    runner.quit()


def tell(event: dict[str, object]) -> None:
    """Write one line of progress; a parent that no longer reads is not an error here."""
    try:
        gevent.os.nb_write(1, msgspec.json.encode(event) + b"\n")
    except BrokenPipeError:
        return


def _read_line() -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        byte = gevent.os.nb_read(0, 1)
        if not byte:
            raise SystemExit("expected the run's specification on stdin, got nothing; use `firsttoken run SCENARIO`")
        line += byte
    return line


def _obey_parent(run: OpenRun) -> None:
    while word := gevent.os.nb_read(0, 4096):
        if b"stop" in word:
            _stop(run, "interrupted")
    _stop(run, "the parent process is gone")
    gevent.sleep(PARENT_GONE_S)
    run.session.recorder.flush()
    os._exit(130)


def _stop(run: OpenRun, reason: str) -> None:
    run.session.interrupted = run.session.interrupted or reason


if __name__ == "__main__":
    main()
