"""Worker processes of this machine: the end of each is reported once, with its reason."""

from collections.abc import Iterable

import gevent
import pytest
from gevent.event import AsyncResult

from firsttoken.load.workers import local_workers
from firsttoken.load.workers.local_workers import LocalWorkers, start_worker


class ScriptedProcess:
    """A process that ends when the test says so."""

    def __init__(self, events: Iterable[dict[str, object]] = ()) -> None:
        self.code: AsyncResult[int] = AsyncResult()
        self.stopped = False
        self._events = list(events)

    def events(self) -> Iterable[dict[str, object]]:
        return self._events

    def wait(self) -> int:
        code: int = self.code.get()
        return code

    def stop(self) -> None:
        self.stopped = True


def watch(*processes: ScriptedProcess) -> tuple[LocalWorkers, list[tuple[int, str, bool]]]:
    """Workers numbered from 4, and what is reported of their ends."""
    lost: list[tuple[int, str, bool]] = []
    by_number = dict(enumerate(processes, start=4))
    workers = LocalWorkers(range(4, 4 + len(processes)), by_number.__getitem__, lambda *loss: lost.append(loss))
    gevent.idle()
    return workers, lost


@pytest.mark.parametrize(
    ("events", "code", "reported"),
    [
        ([{"event": "end", "failure": "the disk is full"}], 1, (4, "the disk is full", False)),
        ([{"event": "joined"}, {"event": "end", "failure": None}], 0, (4, "its process ended with exit code 0", True)),
        ([], -9, (4, "its process ended with exit code -9", False)),
    ],
)
def test_the_end_of_a_process_is_reported_with_its_last_words_or_its_exit_code(
    events: list[dict[str, object]], code: int, reported: tuple[int, str, bool]
) -> None:
    process, other = ScriptedProcess(events), ScriptedProcess()
    _, lost = watch(process, other)
    assert lost == []

    process.code.set(code)
    gevent.idle()

    assert lost == [reported]


def test_what_is_stopped_is_not_reported_as_lost() -> None:
    process = ScriptedProcess()
    workers, lost = watch(process)

    workers.stop()
    process.code.set(130)
    gevent.idle()

    assert process.stopped
    assert lost == []


def test_a_worker_of_this_machine_knows_its_number_and_the_folder_of_the_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    started: list[tuple[str, object]] = []
    monkeypatch.setattr(local_workers, "Child", lambda module, spec: started.append((module, spec)))

    start_worker(2, port=5557, folder=tmp_path, origin_ns=12)

    local = {"number": 2, "folder": str(tmp_path), "origin_ns": 12}
    assert started == [("firsttoken.load.worker", {"master": "127.0.0.1:5557", "local": local})]
