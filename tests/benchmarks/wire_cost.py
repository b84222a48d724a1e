"""What a token costs the wire, and how far its times are from the truth: `python tests/benchmarks/wire_cost.py [N]...`

Rule: nothing but the wire runs in this process, no Locust and no journal. It keeps 100, then 500 streams open (or N, as
asked) against the simulator, a process of its own: 500 ms +- 20 % to the first token, 100 tokens at 10 ms, back
to back. Measured and true times are joined by request id; a bracket holds if, widened by 1 ms, the truth lies in it.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import gevent
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from firsttoken.row import Row
from firsttoken.wire.attempt import Client
from firsttoken.wire.deadlines import Deadlines
from firsttoken.wire.dialects import DIALECTS
from firsttoken.wire.endpoint import parse_endpoint
from tests.served import fast, serve

TOKENS = 100
ROUNDS = 4
"""Requests per stream; the first, in which all connect, is left out of the errors."""
CHAT = DIALECTS["chat"]
BODY = CHAT.body("m", "Tell me a story", TOKENS, {})


def stream_back_to_back(client: Client, rows: list[Row], start_s: float) -> None:
    """Be one user: its requests one after the other."""
    gevent.sleep(start_s)
    for row in rows:
        client.send(row, BODY)


def measure(streams: int) -> dict[str, str]:
    """Return the figures of so many streams by their column."""
    model = fast(ttft_s=0.5, tokens_per_s=100.0, jitter=0.1, slots=streams, queue=streams)
    with tempfile.TemporaryDirectory() as folder, serve({"m": model}, truth=Path(folder) / "truth.jsonl") as served:
        client = Client(parse_endpoint(served.base_url, "chat", None, {}), CHAT, Deadlines(10, 60, 60, 600), 0)
        users = [[Row() for _ in range(ROUNDS)] for _ in range(streams)]
        starts_s = np.linspace(0, 1.5, streams)
        cpu_s, began_s = time.process_time(), time.monotonic()
        gevent.joinall([gevent.spawn(stream_back_to_back, client, *user) for user in zip(users, starts_s, strict=True)])
        cpu_s, wall_s = time.process_time() - cpu_s, time.monotonic() - began_s
        delays_ms = client.take_readings().delays_ms
        truth = {line["request_id"]: line for line in served.read_truth()}
    failed = sum(row.outcome != "length" for rows in users for row in rows)
    tokens = sum(row.token_events for rows in users for row in rows)
    pairs = [(row, truth[row.server_request_id or ""]) for rows in users for row in rows[1:] if row.outcome == "length"]
    return {
        "streams": f"{streams}",
        "tokens/s": f"{tokens / wall_s:,.0f}",
        "CPU us/token": f"{cpu_s / tokens * 1e6:.1f}",
        "of a core": f"{cpu_s / wall_s:.0%}",
        **compare(pairs),
        "read delay p99 ms": f"{np.quantile(delays_ms, 0.99):.2f}" if delays_ms else "-",
        "failed": f"{failed}",
    }


def compare(pairs: list[tuple[Row, dict[str, Any]]]) -> dict[str, str]:
    """Return how far measured times are from true ones."""
    early_ns, first_ns, last_ns = np.array(
        [(r.first_token_early_ns, r.first_token_ns, r.last_token_ns) for r, _ in pairs]
    ).T
    true_first_ns, true_last_ns = np.array([(true["first_token_ns"], true["last_token_ns"]) for _, true in pairs]).T
    off_ms = (first_ns - true_first_ns) / 1e6
    tpot_off = np.abs((last_ns - first_ns) / (true_last_ns - true_first_ns) - 1)
    held = (early_ns - 1e6 <= true_first_ns) & (true_first_ns <= first_ns + 1e6)
    return {
        "TTFT error p50 ms": f"{np.quantile(off_ms, 0.5):.3f}",
        "p99 ms": f"{np.quantile(off_ms, 0.99):.3f}",
        "max ms": f"{off_ms.max():.3f}",
        "bracketed": f"{np.mean(early_ns < first_ns):.1%}",
        "brackets that hold": f"{np.mean(held):.2%}",
        "TPOT error p50": f"{np.median(tpot_off):.3%}",
    }


def main() -> None:
    """Print the table, a line as soon as it is known."""
    for number, streams in enumerate(map(int, sys.argv[1:] or ("100", "500"))):
        figures = measure(streams)
        if number == 0:
            sys.stdout.write("  ".join(figures) + "\n")
        sys.stdout.write("  ".join(f"{figure:>{len(name)}}" for name, figure in figures.items()) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
