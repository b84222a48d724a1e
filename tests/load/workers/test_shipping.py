"""Rows on their way to the master: nothing lost or doubled, whatever happens to messages and processes."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firsttoken.load.session.run_clock import RunClock
from firsttoken.load.workers import shipping
from firsttoken.load.workers.messages import Ack, Batch, Pong, Rows, ToWorker, decode_at_master, encode
from firsttoken.load.workers.shipping import (
    BATCH_BYTES,
    PATIENCE_NS,
    Intake,
    Receiver,
    Shipment,
    Shipper,
    SpoolError,
    upload_journal,
)
from tests.load.full_disk import small_files

STEP_NS = PATIENCE_NS // 4
RUN, OTHER = "0123456789abcdef", "fedcba9876543210"


class Wire:
    """A shipper, a receiver and all messages between them that have not arrived yet."""

    def __init__(self, folder: Path) -> None:
        self.here, self.there = folder / "here.jsonl", folder / "there.jsonl"
        self.here.write_bytes(b"")
        self.now_ns = 0
        self.batches: list[Batch] = []
        self.acks: list[int] = []
        self.restart_shipper()
        self.receiver = Receiver(self.there)

    def write(self, data: bytes) -> None:
        with self.here.open("ab") as file:
            file.write(data)

    def send(self) -> None:
        self.now_ns += STEP_NS
        if batch := self.shipper.next_batch(self.now_ns):
            self.batches.append(batch)

    def deliver_batch(self, which: int, *, keep: bool = False) -> None:
        if self.batches:
            place = which % len(self.batches)
            batch = self.batches[place] if keep else self.batches.pop(place)
            self.acks.append(self.receiver.accept(batch))

    def deliver_ack(self, which: int, *, keep: bool = False) -> None:
        if self.acks:
            place = which % len(self.acks)
            self.shipper.record_ack(self.acks[place] if keep else self.acks.pop(place))

    def lose(self) -> None:
        self.batches, self.acks = [], []

    def restart_shipper(self) -> None:
        self.shipper = Shipper(self.here, worker=3)

    def restart_receiver(self) -> None:
        self.receiver.close()
        self.receiver = Receiver(self.there)

    def settle(self) -> None:
        """A network that loses nothing any more, for as long as it takes."""
        self.lose()
        for _ in range(10 + 8 * (1 + self.here.stat().st_size // shipping.BATCH_BYTES)):
            self.send()
            self.deliver_batch(0)
            self.deliver_ack(0)


STEPS = st.one_of(
    st.tuples(st.just("write"), st.binary(min_size=1, max_size=40)),
    st.tuples(st.sampled_from(["send", "lose", "restart_shipper", "restart_receiver"]), st.none()),
    st.tuples(st.sampled_from(["deliver_batch", "repeat_batch", "deliver_ack", "repeat_ack"]), st.integers(0, 9)),
)


@settings(deadline=None)
@given(steps=st.lists(STEPS, max_size=60))
def test_the_masters_file_is_always_a_beginning_of_the_workers_and_in_the_end_all_of_it(
    steps: list[tuple[str, bytes | int | None]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Messages are dropped, doubled and swapped, and either side starts anew, in any order."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shipping, "BATCH_BYTES", 16)
        wire = Wire(tmp_path_factory.mktemp("wire"))
        for step, argument in steps:
            name, keeps = step.replace("repeat", "deliver"), step.startswith("repeat")
            if isinstance(argument, int):
                getattr(wire, name)(argument, keep=keeps)
            else:
                getattr(wire, name)(*([] if argument is None else [argument]))
            assert wire.here.read_bytes().startswith(wire.there.read_bytes())

        wire.settle()

        assert wire.there.read_bytes() == wire.here.read_bytes()
        assert wire.shipper.has_shipped_all
        wire.receiver.close()


def test_a_shipper_first_asks_how_much_is_there(tmp_path: Path) -> None:
    wire = Wire(tmp_path)
    wire.write(b"row 1\nrow 2\n")
    (tmp_path / "there.jsonl").write_bytes(b"row 1\n")
    wire.restart_receiver()

    wire.send()
    assert [(batch.offset, batch.data) for batch in wire.batches] == [(0, b"")]
    wire.deliver_batch(0)
    wire.deliver_ack(0)
    wire.send()

    assert [(batch.offset, batch.data) for batch in wire.batches] == [(6, b"row 2\n")]


def test_one_batch_is_on_its_way_and_is_sent_again_after_a_second(tmp_path: Path) -> None:
    shipper = Shipper(tmp_path / "rows", worker=1)
    shipper.path.write_bytes(b"row\n")
    shipper.record_ack(0)

    first = shipper.next_batch(0)

    assert first == Batch(1, 0, b"row\n")
    assert shipper.next_batch(PATIENCE_NS - 1) is None
    assert shipper.next_batch(PATIENCE_NS) == first


def test_a_long_journal_goes_in_pieces(tmp_path: Path) -> None:
    shipper = Shipper(tmp_path / "rows", worker=1)
    shipper.path.write_bytes(bytes(BATCH_BYTES + 1))
    shipper.record_ack(0)

    batch = shipper.next_batch(0)

    assert batch is not None
    assert len(batch.data) == BATCH_BYTES
    shipper.record_ack(BATCH_BYTES)
    assert shipper.next_batch(1) == Batch(1, BATCH_BYTES, b"\0")


def test_a_torn_last_line_is_shipped_as_it_is_and_its_end_when_it_comes(tmp_path: Path) -> None:
    wire = Wire(tmp_path)
    wire.write(b'{"request_id":"0-0-0"}\n{"requ')
    wire.settle()
    assert wire.there.read_bytes().endswith(b'{"requ')

    wire.write(b'est_id":"0-0-1"}\n')
    wire.settle()

    assert wire.there.read_bytes() == b'{"request_id":"0-0-0"}\n{"request_id":"0-0-1"}\n'


def test_a_master_with_more_rows_than_the_worker_is_refused(tmp_path: Path) -> None:
    shipper = Shipper(tmp_path / "rows", worker=1)
    shipper.path.write_bytes(b"row\n")

    with pytest.raises(SpoolError, match="at least the 9 bytes that the master has, got 4"):
        shipper.record_ack(9)


def test_what_a_full_disk_still_took_counts_and_the_rest_is_sent_again_later(tmp_path: Path) -> None:
    receiver = Receiver(tmp_path / "rows")
    rows = bytes(range(256)) * 20

    with small_files():
        assert receiver.accept(Batch(1, 0, rows)) == 4096
        with pytest.raises(OSError):
            receiver.accept(Batch(1, 4096, rows[4096:]))
    assert receiver.accept(Batch(1, 4096, rows[4096:])) == len(rows)

    receiver.close()
    assert (tmp_path / "rows").read_bytes() == rows


def test_workers_are_numbered_on_from_those_that_have_journals(tmp_path: Path) -> None:
    assert shipping.find_last_number(tmp_path) == 0

    shipping.name_journal(tmp_path, 2).touch()
    shipping.name_journal(tmp_path, 11).touch()

    assert shipping.find_last_number(tmp_path) == 11


def test_a_worker_ships_its_own_rows_and_those_of_earlier_starts(tmp_path: Path) -> None:
    for number in (2, 5):
        (tmp_path / f"{number}").write_bytes(b"row\n" * number)
    shipment = Shipment(RUN, {number: Shipper(tmp_path / f"{number}", number) for number in (2, 5)})

    assert shipment.next_messages(0) == [Rows(RUN, Batch(2, 0, b"")), Rows(RUN, Batch(5, 0, b""))]
    shipment.record_ack(Ack(RUN, 5, 20))
    assert not shipment.has_shipped_all

    for acknowledged in (Ack(RUN, 2, 8), Ack(OTHER, 5, 0), Ack(RUN, 4, 0)):
        shipment.record_ack(acknowledged)

    assert shipment.has_shipped_all
    assert shipment.next_messages(PATIENCE_NS) == []


def test_a_master_takes_the_rows_of_its_own_run_alone(tmp_path: Path) -> None:
    intake = Intake(tmp_path / "attempts", RUN)

    assert intake.accept(Rows(OTHER, Batch(2, 0, b"row\n"))) is None
    assert intake.accept(Rows(RUN, Batch(2, 0, b"row\n"))) == Ack(RUN, 2, 4)
    assert intake.accept(Rows(RUN, Batch(2, 0, b"row\n"))) == Ack(RUN, 2, 4)

    intake.close()
    assert [path.read_bytes() for path in (tmp_path / "attempts").iterdir()] == [b"row\n"]


def test_a_full_disk_is_the_failure_of_the_intake_and_it_takes_no_more(tmp_path: Path) -> None:
    intake = Intake(tmp_path, RUN)
    rows = bytes(4096)

    with small_files():
        assert intake.accept(Rows(RUN, Batch(1, 0, rows))) == Ack(RUN, 1, 4096)
        assert intake.accept(Rows(RUN, Batch(1, 4096, rows))) is None

    assert intake.failure is not None
    assert "expected to write the workers' rows, got: File too large" in intake.failure
    assert intake.accept(Rows(RUN, Batch(1, 4096, rows))) is None
    intake.close()


def test_rows_that_cannot_be_made_to_survive_are_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(fd: int) -> None:
        raise OSError(5, "Input/output error")

    intake = Intake(tmp_path, RUN)
    intake.accept(Rows(RUN, Batch(1, 0, b"row\n")))
    monkeypatch.setattr(shipping.os, "fsync", refuse)

    intake.close()

    assert intake.failure is not None and "Input/output error" in intake.failure


class ScriptedLink(RunClock):
    """A master's answers to batches, and a clock on which a second passes with every look for one."""

    def __init__(self, answer: Callable[[Batch], ToWorker | None]) -> None:
        self.looks = 0
        self._answer = answer
        self._answers: list[ToWorker] = []

    def now_ns(self) -> int:
        return self.looks * PATIENCE_NS

    def send(self, message: bytes) -> None:
        rows = decode_at_master(message)
        assert isinstance(rows, Rows) and rows.run_key == RUN
        if (answer := self._answer(rows.batch)) is not None:
            self._answers.append(answer)

    def receive(self, within_s: float) -> bytes | None:
        self.looks += 1
        return encode(self._answers.pop(0)) if self._answers else None

    def close(self) -> None:
        pass


def left(folder: Path) -> Shipper:
    """Rows of worker 2 that take several batches."""
    journal = folder / "here.jsonl"
    journal.write_bytes(b"row\n" * 200_000)
    return Shipper(journal, worker=2)


def test_an_upload_brings_all_that_is_not_there_already(tmp_path: Path) -> None:
    shipper = left(tmp_path)
    (tmp_path / "there.jsonl").write_bytes(b"row\n" * 1_000)
    there = Receiver(tmp_path / "there.jsonl")
    link = ScriptedLink(lambda batch: Ack(RUN, 2, there.accept(batch)))

    assert upload_journal(link, RUN, shipper, link)

    there.close()
    assert (tmp_path / "there.jsonl").read_bytes() == shipper.path.read_bytes()


def test_an_upload_that_no_master_answers_is_given_up(tmp_path: Path) -> None:
    link = ScriptedLink(lambda batch: None)

    assert not upload_journal(link, RUN, left(tmp_path), link)
    assert link.now_ns() < 10 * PATIENCE_NS


@pytest.mark.parametrize("answer", [Ack(OTHER, 2, 800_000), Ack(RUN, 3, 800_000), Pong(0, 0)])
def test_a_message_about_other_rows_is_no_answer_to_an_upload(tmp_path: Path, answer: ToWorker) -> None:
    link = ScriptedLink(lambda batch: answer)

    assert not upload_journal(link, RUN, left(tmp_path), link)


def test_an_upload_to_a_master_with_other_rows_is_refused(tmp_path: Path) -> None:
    link = ScriptedLink(lambda batch: Ack(RUN, 2, 800_001))

    with pytest.raises(SpoolError, match="this is not the journal that was sent before"):
        upload_journal(link, RUN, left(tmp_path), link)
