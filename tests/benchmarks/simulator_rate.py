"""How many tokens the simulator writes per second of one core, at 1,000 streams of 100 tokens/s.

Rule: the figure is tokens over the CPU seconds of the simulator's process, requests and all, because the reader (an
epoll loop in this process, which only counts bytes) shares the machine.
"""

import select
import socket
import sys
import time
from functools import partial
from pathlib import Path

import msgspec

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks.suite import Bar, Case, Sample, main
from tests.benchmarks.watch import Watch
from tests.served import fast, serve

STREAMS, TOKENS_PER_S = 1000, 100.0
TOKENS = 600
APIS = {"chat": ("/v1/chat/completions", "max_tokens"), "responses": ("/v1/responses", "max_output_tokens")}
BAR = 100_000


def write_request(api: str) -> bytes:
    """Return one streamed request as it goes over the wire."""
    path, limit = APIS[api]
    prompt = {"input": "hello", "messages": [{"role": "user", "content": "hello"}]}
    usage = {"stream_options": {"include_usage": True}}
    data = msgspec.json.encode({"model": "fast", "stream": True, limit: TOKENS} | prompt | usage)
    return b"POST %b HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n%b" % (path.encode(), len(data), data)


def read_streams(port: int, streams: int, request: bytes) -> int:
    """Send the request on so many connections, read each to its last chunk; return the bytes that came."""
    poll, sockets, total = select.epoll(), {}, 0
    for _ in range(streams):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.sendall(request)
        sockets[connection.fileno()] = connection
        poll.register(connection, select.EPOLLIN)
    buffer = bytearray(1 << 16)
    while sockets:
        for number, _ in poll.poll():
            size = sockets[number].recv_into(buffer)
            total += size
            if size == 0 or buffer[size - 7 : size] == b"\r\n0\r\n\r\n":
                poll.unregister(number)
                sockets.pop(number).close()
    return total


def measure(api: str, _measure_s: float) -> Sample:
    """One answer of TOKENS on each stream."""
    model = fast(ttft_s=0.5, tokens_per_s=TOKENS_PER_S, slots=STREAMS)
    with serve({"fast": model}) as served, Watch({"simulator": served.process.pid}) as watch:
        began_ns = time.monotonic_ns()
        read_streams(served.port, STREAMS, write_request(api))
        window = (began_ns, time.monotonic_ns())
    used_s = watch.used_share("simulator", window) * (window[1] - window[0]) / 1e9
    return Sample({"per_cpu_s": STREAMS * TOKENS / used_s}, watch.others_share(window))


CASES = tuple(
    Case(
        f"simulator-{api}",
        partial(measure, api),
        (Bar("per_cpu_s", f"the simulator's {api} streams", "tokens per CPU second", least=BAR),),
    )
    for api in APIS
)

if __name__ == "__main__":
    main(CASES)
