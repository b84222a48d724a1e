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
from pathlib import Path

import gevent
import gevent.os
import gevent.socket
import msgspec
from locust import User
from locust.env import Environment
from locust.util.load_locustfile import load_locustfile

from firsttoken import kit
from firsttoken.load.conductor import conduct
from firsttoken.load.health import watch_health
from firsttoken.load.opening import LoadSpec, OpenRun
from firsttoken.load.preflight import find_dead_target
from firsttoken.load.session import Session
from firsttoken.load.shape import Stages

PARENT_GONE_S = 1.5


def main() -> None:
    """Run the scenario of the folder named on stdin; exits 0 whether or not the run was cut short."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    logging.getLogger("locust.runners").setLevel(logging.ERROR)  # it warns of many users at once: ours wait at the gate
    spec = msgspec.json.decode(_read_line(), type=LoadSpec)
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
    session, path = run.session, kit.find("locustfiles", run.scenario.traffic.locustfile)
    users = _load_users(path, session)
    session.failure = session.failure or find_dead_target(run)
    if session.stopping:
        return
    environment = Environment(user_classes=users, shape_class=Stages(run.plans, session))
    runner = environment.create_local_runner()
    runner.start_shape()
    health = gevent.spawn(watch_health, session)
    conduct(session, run.plans, tell)
    health.kill()
    runner.quit()


def _load_users(path: Path, session: Session) -> list[type[User]]:
    """The user classes of a locustfile; a file that cannot be used is the session's failure."""
    try:
        users, _shapes = load_locustfile(str(path))
    except Exception as error:  # noqa: BLE001 - a locustfile is the user's own code and may raise anything
        session.failure = f"{path}: expected a locustfile, it failed with {type(error).__name__}: {error}; mend it"
        return []
    if not users:
        session.failure = f"{path}: expected a class of users, got none; derive one from StreamingUser, with a @task"
    return list(users.values())


def tell(event: dict[str, object]) -> None:
    """Write one line of progress; a parent that no longer reads is not an error here."""
    try:
        gevent.os.nb_write(1, msgspec.json.encode(event) + b"\n")
    except BrokenPipeError:
        return


def _read_line() -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        byte = _read_stdin(1)
        if not byte:
            raise SystemExit("expected the run's specification on stdin, got nothing; use `firsttoken run SCENARIO`")
        line += byte
    return line


def _read_stdin(most: int) -> bytes:
    """What has come; asked only once something has, for a library that forks may leave stdin blocking."""
    gevent.socket.wait_read(0)
    return os.read(0, most)


def _obey_parent(run: OpenRun) -> None:
    while word := _read_stdin(4096):
        if b"stop" in word:
            run.session.interrupt("interrupted")
    run.session.interrupt("the parent process is gone")
    gevent.sleep(PARENT_GONE_S)
    run.session.recorder.flush()
    os._exit(130)


if __name__ == "__main__":
    main()
