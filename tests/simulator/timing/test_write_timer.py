"""Streams run on one timer, each to its own end, and none after it was given up."""

import asyncio
from time import monotonic_ns

from firsttoken.simulator.behaviour import settle
from firsttoken.simulator.service import Service
from firsttoken.simulator.timing.stream import Stream
from firsttoken.simulator.timing.write_timer import WriteTimer
from tests.served import fast
from tests.simulator.timing.test_stream import Wire


def begin(service: Service, wire: Wire, tokens: int) -> Stream:
    job = service.deal(100, tokens)
    service.enter(job, monotonic_ns())
    return Stream(job, service, iter([b"word"] * tokens), wire, wire)


def open_service(ttft_s: float = 0.02) -> Service:
    return Service("m", settle("m", fast(ttft_s=ttft_s, tokens_per_s=1000.0)), 7)


def test_streams_of_different_lengths_each_run_to_their_end():
    wires = [Wire(), Wire(), Wire()]

    async def run() -> None:
        write_timer, service = WriteTimer(), open_service()
        lengths = [1, 30, 7]
        await asyncio.gather(
            *(write_timer.run(begin(service, wire, n)) for wire, n in zip(wires, lengths, strict=True))
        )

    asyncio.run(run())
    assert [b"".join(wire.writes).count(b"word") for wire in wires] == [1, 30, 7]


def test_no_token_leaves_before_its_time():
    async def run() -> Stream:
        stream = begin(open_service(), Wire(), 20)
        due_ns.append(stream.due_ns)
        await WriteTimer().run(stream)
        return stream

    due_ns: list[float] = []
    stream = asyncio.run(run())
    assert stream.first_token_ns > due_ns[0] - 1_000_000
    assert stream.last_token_ns > due_ns[0] + 18_000_000


def test_a_stream_due_sooner_than_all_others_is_not_kept_waiting():
    async def run() -> bool:
        write_timer = WriteTimer()
        slow = asyncio.create_task(write_timer.run(begin(open_service(ttft_s=30.0), Wire(), 1)))
        await asyncio.sleep(0)
        await write_timer.run(begin(open_service(), Wire(), 1))
        return slow.cancel()

    assert asyncio.run(run()), "the slow one was still waiting"


def test_a_cancelled_stream_writes_no_more():
    wire = Wire()

    async def run() -> None:
        write_timer, service = WriteTimer(), open_service()
        given_up = asyncio.create_task(write_timer.run(begin(service, wire, 1_000)))
        await asyncio.sleep(0.05)
        given_up.cancel()
        await asyncio.sleep(0)
        written.append(len(wire.writes))
        await write_timer.run(begin(service, Wire(), 20))

    written: list[int] = []
    asyncio.run(run())
    assert written == [len(wire.writes)]
    assert 0 < written[0] < 1_000
