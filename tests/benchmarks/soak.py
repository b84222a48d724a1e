"""How much a load process grows over a million requests: answered ones, and ones that all fail with words of their own.

Rule: growth counts from the 50,000th request on, when everything has been used once, and is that of the worst process,
be it a worker or the one that leads them.
The server is a few lines here, for nothing of it is measured. It runs alone: `python tests/benchmarks/soak.py`.
"""

import asyncio
import itertools
import multiprocessing
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from firsttoken.process.launch import Child, LoadSpec
from firsttoken.process.run_folder import open_folder
from firsttoken.results.folder import open_run
from firsttoken.row import Health
from firsttoken.scenario.format import Scenario, Traffic
from firsttoken.scenario.load import Load
from firsttoken.scenario.retry import Retry
from firsttoken.scenario.target import Target
from tests.benchmarks.suite import QUICK_MEASURE_S, Bar, Case, Sample, main
from tests.benchmarks.watch import Watch

REQUESTS, QUICK_REQUESTS, WARM = 1_000_000, 60_000, 50_000
QUICK_WARM = 10_000
USERS, WORKERS = 64, 2
EVENT = b'data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"a"}}]}\n\n'
LAST = (
    b'data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}\n\ndata: [DONE]\n\n'
)
STREAM = EVENT + EVENT + LAST
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: %d\r\n\r\n" % len(STREAM) + STREAM
REFUSAL = b"HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"


class Exchange(asyncio.Protocol):
    """Answers every request on a connection at once; one that refuses answers the first, which only asks who is there.

    It refuses with 429, as a run breaks off where nothing but failures comes.
    """

    numbers = itertools.count()

    def __init__(self, refuses: bool) -> None:
        self._refuses = refuses
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, _, body = self._read.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        if len(body) < length:
            return
        self._read = b""
        assert isinstance(self._transport, asyncio.Transport)
        number = next(self.numbers)
        words = b'{"error":{"message":"the %d-th of its kind was refused"}}' % number
        self._transport.write(REFUSAL % (len(words), words) if self._refuses and number else ANSWER)


def serve(refuses: bool, told: Connection) -> None:
    """Serve for ever; the port is told once."""

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(partial(Exchange, refuses), "127.0.0.1", 0)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def measure(refuses: bool, measure_s: float) -> Sample:
    """One run of a million requests, or fewer where it is to be quick."""
    quick = measure_s <= QUICK_MEASURE_S
    requests, warm = (QUICK_REQUESTS, QUICK_WARM) if quick else (REQUESTS, WARM)
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(refuses, theirs), daemon=True)
    server.start()
    try:
        with tempfile.TemporaryDirectory() as place:
            return drive(f"http://127.0.0.1:{ours.recv()}/v1", requests, warm, Path(place) / "run", server.pid or 0)
    finally:
        server.kill()
        server.join()


def drive(base_url: str, requests: int, warm: int, folder: Path, server: int) -> Sample:
    """Send so many requests through two workers, and see how they grow."""
    scenario = Scenario(
        name="soak",
        target=[Target(model="soak", base_url=base_url, prices="unknown")],
        traffic=Traffic(locustfile="chat", input_tokens=10, output_tokens=2),
        load=Load(users=[USERS], ramp="0s", settle="0s", requests=requests),
        retry=Retry(policy="none"),
    )
    open_folder(scenario, folder)
    spec = LoadSpec(folder=str(folder), base_urls={"soak": base_url}, command=["make bench"], workers=WORKERS)
    load = Child("firsttoken.load.main", spec)
    try:
        with Watch({"load": load.process.pid, "server": server}) as watch:
            for event in load.events():
                last = event
            if last.get("failure"):
                raise RuntimeError(f"expected a run to its end, got: {last['failure']}")
    finally:
        load.stop()
    run = open_run(folder)
    try:
        ended = np.sort(run.attempts("end_ns")["end_ns"])
        since_ns = int(ended[warm]) + run.manifest.origin_monotonic_ns
        grown = max(watch.grown_mb("load", since_ns), *grow_all(run.health, ended[warm]))
        first_ns, last_ns = int(ended[0]), int(ended[-1])
        origin_ns = run.manifest.origin_monotonic_ns
        others = watch.others_share((first_ns + origin_ns, last_ns + origin_ns))
        rate = len(ended) / (last_ns - first_ns) * 1e9
        return Sample({"grown_mb": grown, "requests": float(len(ended)), "rps": rate}, others)
    finally:
        run.close()


def grow_all(health: Sequence[Health], since_ns: float) -> list[float]:
    """By how many MB each worker grew after an instant."""
    return [grow(health, worker, since_ns) for worker in sorted({line.worker for line in health})]


def grow(health: Sequence[Health], worker: int, since_ns: float) -> float:
    """By how many MB a process grew after an instant."""
    own = [line for line in health if line.worker == worker]
    before = [line.rss_mb for line in own if line.at_ns <= since_ns] or [own[0].rss_mb]
    return max(line.rss_mb for line in own) - before[-1]


def list_bars(what: str) -> tuple[Bar, ...]:
    """The bars of either kind of request."""
    return (
        Bar("grown_mb", f"1,000,000 requests, {what}: memory grown after the first 50,000", "MB", most=50),
        Bar("requests", f"1,000,000 requests, {what}: attempts journalled", ""),
        Bar("rps", f"1,000,000 requests, {what}: by two workers and the server on this machine", "per second"),
    )


CASES = (
    Case("soak-answered", partial(measure, False), list_bars("answered")),
    Case("soak-refused", partial(measure, True), list_bars("each refused in other words")),
)

if __name__ == "__main__":
    main(CASES)
