"""The truth server of the benchmarks: the C page beside this file where it compiles, else the simulator.

Rule: it is a process of its own, which of the two it is stands in the output, and its log is read only after it ended.
"""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from firsttoken.simulator.truth import Truth
from tests.served import fast, serve

HERE = Path(__file__).parent
BUILT = HERE.parents[1] / ".cache" / "benchmarks"
CERTIFICATES = HERE.parent / "wire" / "certs"
MODEL = "bench"


class Schedule(NamedTuple):
    """What each answer looks like: the first token after `ttft_ms` +- 20 %, then one each `gap_ms`."""

    ttft_ms: float = 500.0
    gap_ms: float = 10.0
    tokens: int = 100
    tls: bool = False


class TruthServer:
    """A running server: where it listens, its process, and, once it has ended, what it wrote when."""

    def __init__(self, base_url: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.base_url, self.process, self._log = base_url, process, log

    @property
    def port(self) -> int:
        return int(self.base_url.rsplit(":", 1)[1].split("/")[0])

    def end(self) -> list[Truth]:
        """End the server; the truth of every request that it answered with at least a token."""
        if self.process.stdin and not self.process.stdin.closed:
            self.process.stdin.close()
        self.process.wait(timeout=10)
        lines = self._log.read_bytes().splitlines()
        return [truth for truth in (msgspec.json.decode(line, type=Truth) for line in lines) if truth.first_token_ns]


@cache
def compile_page(name: str) -> Path | None:
    """Compile a C page into .cache/, with TLS where OpenSSL's headers are; None where there is no compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    BUILT.mkdir(parents=True, exist_ok=True)
    program = BUILT / name
    plain = [compiler, "-O2", "-o", str(program), str(HERE / f"{name}.c")]
    for words in ([*plain, "-DWITH_TLS", "-lssl", "-lcrypto"], plain):
        if subprocess.run(words, capture_output=True, check=False).returncode == 0:
            return program
    return None


@cache
def speaks_tls() -> bool:
    """Whether the truth server was compiled with OpenSSL."""
    program = compile_page("truth_server")
    return program is not None and b"SSL_CTX_new" in program.read_bytes()


def name_server() -> str:
    """Which server tells the truth here."""
    return "simulator (no C compiler)" if compile_page("truth_server") is None else "truth_server.c"


@contextlib.contextmanager
def serve_truth(schedule: Schedule, folder: Path) -> Iterator[TruthServer]:
    """Run the server for the block; its log goes into the folder."""
    program, log = compile_page("truth_server"), folder / "truth.jsonl"
    if program is None:
        model = fast(
            ttft_s=schedule.ttft_ms / 1e3, tokens_per_s=1e3 / schedule.gap_ms, jitter=0.1, slots=4096, queue=4096
        )
        with serve({MODEL: model}, truth=log) as served:
            yield TruthServer(served.base_url, served.process, log)
        return
    words = [str(program), "--ttft-ms", str(schedule.ttft_ms), "--gap-ms", str(schedule.gap_ms)]
    words += ["--tokens", str(schedule.tokens), "--truth", str(log)]
    words += ["--cert", str(CERTIFICATES / "localhost.pem")] if schedule.tls else []
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as process:
        try:
            ready = process.stdout.readline().decode() if process.stdout else ""
            if not ready.startswith("READY "):
                raise RuntimeError(f"{program.name}: expected READY and an address, got {ready!r}")
            yield TruthServer(ready.split()[1], process, log)
        finally:
            process.terminate()


def count_tokens(truths: list[Truth], window: tuple[int, int]) -> float:
    """Tokens that the server wrote in a window (CLOCK_MONOTONIC ns), those of an answer spread evenly over it."""
    first, last, tokens = marks(truths)
    gap = np.maximum(last - first, 1) / np.maximum(tokens - 1, 1)
    before = [np.clip(np.ceil((edge - first) / gap), 0, tokens) for edge in window]
    return float((before[1] - before[0]).sum())


def marks(truths: list[Truth]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """First token, last token and number of tokens of each answer."""
    rows = [(truth.first_token_ns or 0, truth.last_token_ns or 0, truth.tokens) for truth in truths]
    first, last, tokens = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    return first, last, tokens
