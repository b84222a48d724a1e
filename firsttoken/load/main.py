"""The load process: Locust as a library, told over a pipe, heard over another.

stdin: one line with the run (`LoadSpec`), then words: `stop` ends the run in order, a closed pipe means that the
parent is gone. stdout: one JSON line per event, the last one says how it ended; see `control.open_channel`.

Rule: whatever happens, this process is gone two seconds after its control pipe closes.
"""

from __future__ import annotations

import logging
import os
import signal
import sys

import gevent
import msgspec

from firsttoken import kit
from firsttoken.error import FirstTokenError
from firsttoken.load.engine import drive_alone, drive_with_workers
from firsttoken.load.open_run import OpenRun
from firsttoken.load.pipes import emit_event, open_channel, open_log, read_line, read_words
from firsttoken.load.sequence import prepare, run_stages
from firsttoken.load.session.locustfile import load_behaviour
from firsttoken.process.launch import LoadSpec

PARENT_GONE_S = 1.5


def main() -> None:
    """Run the scenario of the folder named on stdin; exits 0 whether or not the run was cut short."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    open_channel()
    open_log()
    logging.getLogger("locust.runners").setLevel(
        logging.ERROR
    )  # it warns of many users at once: ours wait for admission
    spec = msgspec.json.decode(read_line(), type=LoadSpec)
    try:
        run = OpenRun(spec)
    except FirstTokenError as error:
        emit_event({"event": "end", "state": "failed", "failure": str(error), "reason": None})
        return
    signal.signal(signal.SIGTERM, lambda _signal, _frame: run.session.interrupt("terminated"))
    gevent.spawn(_obey_parent, run)
    _drive(run)
    run.close()
    sys.stderr.write(run.session.traceback)
    failure = run.session.failure or run.session.recorder.failure
    emit_event({"event": "end", "state": run.manifest.state, "failure": failure, "reason": run.session.interrupted})


def _drive(run: OpenRun) -> None:
    """Everything between an open run and a closed one; what goes wrong is the session's `failure`."""
    locustfile = kit.find("locustfiles", run.scenario.traffic.locustfile)
    try:
        users, shapes = load_behaviour(locustfile)
    except FirstTokenError as error:
        run.session.fail(str(error))
        return
    stage_order = prepare(run, shapes, _emit_sentence)
    if stage_order is None:
        return
    if run.spec.workers == 1 and not run.spec.remote:
        run_stages(run, stage_order, lambda stage_order: drive_alone(run, users, stage_order, locustfile), emit_event)
    else:
        run_stages(run, stage_order, lambda _stage_order: drive_with_workers(run, users, locustfile), emit_event)


def _emit_sentence(sentence: str) -> None:
    """Have the command print a sentence."""
    emit_event({"event": "said", "sentence": sentence})


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
