"""What an earlier start left is brought whole, or stays where it is."""

from collections.abc import Callable
from pathlib import Path

import pytest

from firsttoken.load.workers.messages import Ack, Pong, Rows, ToWorker, decode_at_master, encode
from firsttoken.load.workers.orphans import deliver
from firsttoken.load.workers.shipping import PATIENCE_NS, Batch, Receiver, Shipper, SpoolError

RUN, OTHER = "0123456789abcdef", "fedcba9876543210"


class ScriptedLink:
    """A master's answers to batches; a second passes with every look."""

    def __init__(self, answer: Callable[[Batch], ToWorker | None]) -> None:
        self.now_ns = 0
        self._answer = answer
        self._answers: list[ToWorker] = []

    def clock(self) -> int:
        return self.now_ns

    def send(self, message: bytes) -> None:
        rows = decode_at_master(message)
        assert isinstance(rows, Rows) and rows.run_key == RUN
        if (answer := self._answer(rows.batch)) is not None:
            self._answers.append(answer)

    def receive(self, within_s: float) -> bytes | None:
        self.now_ns += PATIENCE_NS
        return encode(self._answers.pop(0)) if self._answers else None


def left(folder: Path) -> Shipper:
    """Rows of worker 2 that take several batches."""
    journal = folder / "here.jsonl"
    journal.write_bytes(b"row\n" * 200_000)
    return Shipper(journal, worker=2)


def test_all_of_it_is_brought_after_what_is_there_already(tmp_path: Path) -> None:
    shipper = left(tmp_path)
    (tmp_path / "there.jsonl").write_bytes(b"row\n" * 1_000)
    there = Receiver(tmp_path / "there.jsonl")
    link = ScriptedLink(lambda batch: Ack(RUN, 2, there.accept(batch)))

    assert deliver(link, RUN, shipper, link.clock)

    there.close()
    assert (tmp_path / "there.jsonl").read_bytes() == shipper.path.read_bytes()


def test_where_nobody_answers_it_stays(tmp_path: Path) -> None:
    link = ScriptedLink(lambda batch: None)

    assert not deliver(link, RUN, left(tmp_path), link.clock)
    assert link.now_ns < 10 * PATIENCE_NS


@pytest.mark.parametrize("answer", [Ack(OTHER, 2, 800_000), Ack(RUN, 3, 800_000), Pong(0, 0)])
def test_what_is_said_of_other_rows_is_no_answer(tmp_path: Path, answer: ToWorker) -> None:
    link = ScriptedLink(lambda batch: answer)

    assert not deliver(link, RUN, left(tmp_path), link.clock)


def test_a_master_with_other_rows_is_refused(tmp_path: Path) -> None:
    link = ScriptedLink(lambda batch: Ack(RUN, 2, 800_001))

    with pytest.raises(SpoolError, match="this is not the journal that was shipped before"):
        deliver(link, RUN, left(tmp_path), link.clock)
