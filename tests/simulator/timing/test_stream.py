"""Tokens leave when they are due: the first alone, the rest on an absolute schedule, faults in the middle."""

from itertools import pairwise

import pytest

from firsttoken.catalogue import Faults, Freeze
from firsttoken.simulator.behaviour import settle
from firsttoken.simulator.service import Service
from firsttoken.simulator.timing.stream import REST_NS, Mute, Stream
from tests.served import fast

MS = 1_000_000


class Wire:
    """An outlet that remembers its writes, and a client that may stop reading."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.aborted = False
        self.writing_paused = False

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    def abort(self) -> None:
        self.aborted = True


def open_service(**changes: object) -> Service:
    return Service("m", settle("m", fast(ttft_s=0.05, tokens_per_s=1000.0, **changes)), 7)


def begin(wire: Wire, tokens: int = 10, service: Service | None = None, *, is_chunked: bool = True) -> Stream:
    """A stream that got its slot at 0: its first token, "0", is due at 50 ms, then one each ms."""
    service = service or open_service()
    job = service.deal(100, tokens)
    service.enter(job, 0)
    events = (b"%d" % number for number in range(tokens))
    return Stream(job, service, events, wire, wire, is_chunked=is_chunked)


def run_out(stream: Stream) -> list[float]:
    """Advance a stream whenever it is due, to its end; return the times."""
    times = [stream.due_ns]
    while stream.advance(round(stream.due_ns)):
        times.append(stream.due_ns)
    return times


def test_tokens_leave_one_by_one_from_the_first_due_time_on():
    wire = Wire()
    assert run_out(begin(wire, 4)) == [50 * MS, 51 * MS, 52 * MS, 53 * MS]
    assert wire.writes == [b"1\r\n0\r\n", b"1\r\n1\r\n", b"1\r\n2\r\n", b"1\r\n3\r\n"]


def test_the_first_token_is_a_write_of_its_own_however_late_it_is():
    wire = Wire()
    stream = begin(wire, 6)
    stream.advance(900 * MS)
    assert wire.writes == [b"1\r\n0\r\n"]


def test_late_tokens_go_out_together_and_the_schedule_stays():
    wire = Wire()
    stream = begin(wire, 20)
    stream.advance(50 * MS)
    stream.advance(54 * MS)
    assert wire.writes[-1] == b"1\r\n1\r\n1\r\n2\r\n1\r\n3\r\n1\r\n4\r\n"
    assert stream.due_ns == 55 * MS


def test_the_mean_pace_is_exact_however_ragged_the_visits():
    stream = begin(Wire(), 1_000)
    now_ns = 0
    while stream.advance(now_ns := max(now_ns + 7_300_000, round(stream.due_ns))):
        pass
    assert now_ns == pytest.approx(50 * MS + 999 * MS, abs=7.3 * MS)


def test_others_in_the_batch_slow_each_token_from_when_they_come():
    service = open_service(slots=2, batch_slowdown=1.0)
    stream = begin(Wire(), 10, service)
    stream.advance(50 * MS)
    stream.advance(51 * MS)
    assert stream.due_ns == 52 * MS
    begin(Wire(), 10, service)
    stream.advance(52 * MS)
    assert stream.due_ns == 54 * MS


def test_stamps_are_taken_in_order_and_tokens_counted():
    stream = begin(Wire(), 5)
    assert stream.first_token_ns is None
    stream.advance(50 * MS)
    assert stream.first_token_ns == stream.last_token_ns
    run_out(stream)
    assert stream.tokens == 5
    assert stream.last_token_ns > stream.first_token_ns


def test_a_cut_stream_is_aborted_after_half_its_tokens():
    wire = Wire()
    stream = begin(wire, 10, open_service(faults=Faults(cut=1.0)))
    run_out(stream)
    assert (stream.tokens, wire.aborted, stream.struck) == (5, True, True)


def test_a_stream_of_one_token_is_cut_after_it():
    wire = Wire()
    stream = begin(wire, 1, open_service(faults=Faults(cut=1.0)))
    run_out(stream)
    assert (stream.tokens, wire.aborted) == (1, True)


def test_a_stalled_stream_is_silent_for_its_time_and_then_goes_on_to_its_end():
    stream = begin(Wire(), 10, open_service(faults=Faults(stall=1.0), stall_s=0.2))
    times = run_out(stream)
    gaps = [round((after - before) / MS) for before, after in pairwise(times)]
    assert gaps == [1, 1, 1, 1, 201, 1, 1, 1, 1]
    assert (stream.tokens, stream.struck) == (10, True)


def test_a_client_that_does_not_read_holds_its_own_stream_back():
    wire = Wire()
    stream = begin(wire, 10)
    stream.advance(50 * MS)
    wire.writing_paused = True
    assert stream.advance(51 * MS)
    assert (len(wire.writes), stream.due_ns) == (1, 51 * MS + REST_NS)
    wire.writing_paused = False
    stream.advance(61 * MS)
    assert wire.writes[-1] == b"1\r\n1\r\n"


def test_an_answer_in_one_piece_takes_its_time_and_writes_no_token():
    wire = Wire()
    service = open_service(faults=Faults(cut=1.0))
    job = service.deal(100, 4)
    service.enter(job, 0)
    run_out(Stream(job, service, iter([b"word"] * 4), Mute(wire), wire))
    assert wire.writes == []
    assert wire.aborted


def frozen_service() -> Service:
    """A model that stands still from 53.5 ms to 153.5 ms, as its first request comes at 0."""
    service = open_service(freeze=Freeze(at="53.5ms", lasts="100ms"))
    service.standstill.record_arrival(0)
    return service


def test_a_stream_that_its_model_s_freeze_finds_under_way_goes_on_after_it_where_it_was():
    wire = Wire()
    stream = begin(wire, 6, frozen_service())
    times = [
        now_ns for now_ns in range(0, 200 * MS, MS // 2) if now_ns >= stream.due_ns and advances(stream, wire, now_ns)
    ]
    assert times == [50 * MS, 51 * MS, 52 * MS, 53 * MS, 154 * MS, 155 * MS]


def advances(stream: Stream, wire: Wire, now_ns: int) -> bool:
    """Whether a stream that is due writes something now."""
    before = len(wire.writes)
    if stream.tokens < 6:
        stream.advance(now_ns)
    return len(wire.writes) > before


def test_a_late_visit_in_a_freeze_writes_only_what_was_due_before_it():
    wire = Wire()
    stream = begin(wire, 20, frozen_service())
    stream.advance(50 * MS)
    stream.advance(60 * MS)
    assert stream.tokens == 4
    assert stream.due_ns == 54 * MS
    stream.advance(60 * MS)
    assert (stream.tokens, stream.due_ns) == (4, 154 * MS)


def test_a_stream_whose_first_token_was_due_in_a_freeze_gets_it_as_much_later():
    service = open_service(freeze=Freeze(at="10ms", lasts="100ms"))
    service.standstill.record_arrival(0)
    assert run_out(begin(Wire(), 2, service)) == [150 * MS, 151 * MS]


def test_without_chunks_tokens_are_written_as_they_stand():
    wire = Wire()
    stream = begin(wire, tokens=3, is_chunked=False)

    run_out(stream)

    assert b"".join(wire.writes) == b"012"
