"""How many tokens the simulator writes per second of one core: `python tests/benchmarks/simulator_rate.py`.

Rule: the figure is tokens over the CPU seconds of the simulator's process, requests and all, because the reader (an
epoll loop in this process, which only counts bytes) shares the machine. At the gentle load every token is a write of
its own; beyond the bar, tokens of a stream that fall due together share one.
"""

from __future__ import annotations

import os
import select
import socket
import sys
import time
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.served import Served, fast, serve

LOADS = {"gentle": (500, 80.0), "at the bar": (1000, 100.0), "beyond": (1000, 200.0)}
"""Name -> streams, tokens/s asked of each."""
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


def cpu_seconds(pid: int) -> float:
    """Return the CPU time a process has used so far, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(served: Served, api: str, streams: int) -> tuple[float, float]:
    """Return tokens per CPU second of the simulator, and tokens per second of wall time."""
    before, began = cpu_seconds(served.process.pid), time.monotonic()
    read_streams(served.port, streams, write_request(api))
    used, took = cpu_seconds(served.process.pid) - before, time.monotonic() - began
    return streams * TOKENS / used, streams * TOKENS / took


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Print a row per dialect and load."""
    say(f"{'api':10} {'load':11} {'streams':>7} {'asked/s':>9} {'per CPU s':>10} {'per s':>9}   bar {BAR:,}")
    for api in APIS:
        for load, (streams, pace) in LOADS.items():
            with serve({"fast": fast(ttft_s=0.5, tokens_per_s=pace, slots=streams)}) as served:
                per_cpu, per_second = measure(served, api, streams)
            asked = streams * pace
            verdict = "-" if asked < BAR else "kept" if per_cpu >= BAR else "missed"
            say(f"{api:10} {load:11} {streams:7} {asked:9,.0f} {per_cpu:10,.0f} {per_second:9,.0f}   {verdict}")


if __name__ == "__main__":
    main()
