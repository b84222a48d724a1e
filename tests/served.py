"""Simulator processes for tests: `with serve() as served: ...` talks to `served.base_url` on loopback.

Rule: the server is a process of its own, ended with its block, and its truth log is read only after it has ended.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from firsttoken.catalogue import Faults, Simulated

FAST = Simulated(
    ttft_s=0.05,
    tokens_per_s=1000.0,
    reference_input_tokens=100,
    prefill_rate=100_000.0,
    jitter=0.0,
    slots=8,
    queue=8,
    batch_slowdown=0.0,
    retry_after_s=1.0,
    prefix_cache=False,
    stall_s=0.2,
    faults=Faults(),
)
"""A quick model without jitter, faults, limits, key or memory of prompts."""


def fast(**changes: Any) -> Simulated:
    """Return FAST with some settings changed, such as `fast(slots=1, queue=0)`."""
    return msgspec.structs.replace(FAST, **changes)


class Served:
    """A running simulator: where it listens, its process, and the truth it logged."""

    def __init__(self, base_url: str, process: subprocess.Popen[bytes], truth: Path | None) -> None:
        self.base_url = base_url
        self.process = process
        self.truth = truth

    @property
    def port(self) -> int:
        return int(self.base_url.rsplit(":", 1)[1].split("/")[0])

    def end(self) -> int:
        """Tell the process to leave, wait for it, return its exit code."""
        self.process.terminate()
        return self.process.wait(timeout=5)

    def read_truth(self) -> list[dict[str, Any]]:
        """End the server and return its truth log, a dict per request in the order they ended."""
        assert self.truth is not None, "serve(..., truth=PATH) keeps a truth log; this one was started without"
        self.end()
        return [msgspec.json.decode(line) for line in self.truth.read_bytes().splitlines()]


@contextmanager
def serve(
    models: Mapping[str, Simulated] | None = None,
    *,
    truth: Path | None = None,
    seed: int = 7,
    catalogue: Mapping[str, str] | None = None,
) -> Iterator[Served]:
    """Run `python -m firsttoken.simulator` for the block; by default it serves one FAST model named "fast".

    `catalogue` maps a served name to the catalogue model whose window and vision it has; others have no such limits.
    """
    spec = {
        "port": 0,
        "seed": seed,
        "truth": str(truth) if truth else None,
        "models": [
            {"name": name, "catalogue": (catalogue or {}).get(name), "settings": settings}
            for name, settings in (models or {"fast": FAST}).items()
        ],
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "firsttoken.simulator"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin and process.stdout
    try:
        process.stdin.write(msgspec.json.encode(spec) + b"\n")
        process.stdin.flush()
        ready = process.stdout.readline().decode()
        assert ready.startswith("READY http://127.0.0.1:"), f"expected READY and an address, got {ready!r}"
        yield Served(ready.split()[1], process, truth)
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(timeout=5)
        finally:
            process.kill()
            process.stdin.close()
            process.stdout.close()
