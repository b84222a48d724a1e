"""100, 500 and 1,000 streams through one load process with everything on: how right, and at what cost.

Rule: at 1,000 streams the other clients run right after it, in the same run of the case, against the same server, so
that a ratio compares what the machine gave to both. A client that cannot carry 1,000 streams gets as many as it can.
"""

import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks.drive import Drive, drive
from tests.benchmarks.suite import Bar, Case, Sample, main
from tests.benchmarks.truth import Schedule, compile_page, count_tokens, serve_truth
from tests.benchmarks.watch import Watch

MOST_STREAMS = 1000
MOST_ERROR_MS = 1.0
"""Of a TTFT, at p99; the share of errors beyond it is the steadier figure near the edge."""
RIVALS = {"aiohttp": 250, "sdk": 50}
"""Client -> streams that leave it room on a core: one that is saturated reads many tokens at once, and looks cheap."""
SETTLE_S = 4.0
"""Of a rival: its streams begin over 1.5 s."""


def measure_streams(streams: int, measure_s: float) -> Sample:
    """One run of the load process."""
    with drive(streams, measure_s) as driven:
        return Sample(read_figures(driven), driven.others_share)


def read_figures(driven: Drive) -> dict[str, float]:
    """What a run says of itself."""
    return {
        "ttft_p50_ms": float(np.quantile(driven.ttft_errors_ms, 0.5)),
        "ttft_p99_ms": float(np.quantile(driven.ttft_errors_ms, 0.99)),
        "ttft_over": 100 * float(np.mean(driven.ttft_errors_ms > MOST_ERROR_MS)),
        "tpot_p50": 100 * float(np.median(driven.tpot_errors)),
        "cpu_us": driven.cpu_us_per_token,
        "failed": driven.failed,
    }


def measure_against_others(measure_s: float) -> Sample:
    """One run of the load process at 1,000 streams, then of each other client."""
    own = measure_streams(MOST_STREAMS, measure_s)
    figures, others = dict(own.figures), [own.others_share]
    for name, words in name_clients().items():
        cpu_us, others_share = measure_client(words, RIVALS.get(name, MOST_STREAMS), measure_s)
        figures |= {f"{name}_us": cpu_us, f"against_{name}": figures["cpu_us"] / cpu_us}
        others.append(others_share)
    return Sample(figures, max(others))


def name_clients() -> dict[str, list[str]]:
    """Client -> how its process is started, with port and streams to follow."""
    rivals = str(Path(__file__).with_name("rivals.py"))
    clients = {name: [sys.executable, rivals, name] for name in RIVALS}
    floor = compile_page("floor_reader")
    return clients if floor is None else {"floor": [str(floor)], **clients}


def measure_client(words: list[str], streams: int, measure_s: float) -> tuple[float, float]:
    """CPU us per token of a client process, and the share of a core that others used."""
    with tempfile.TemporaryDirectory() as place, serve_truth(Schedule(), Path(place)) as server:
        told = [*words, str(server.port), str(streams)]
        client = subprocess.Popen(told, stdin=subprocess.PIPE, start_new_session=True)
        try:
            with Watch({"client": client.pid, "server": server.process.pid}) as watch:
                time.sleep(SETTLE_S)
                window = (time.monotonic_ns(), time.monotonic_ns() + round(measure_s * 1e9))
                time.sleep(measure_s + 0.1)
        finally:
            client.kill()
            client.wait()
        tokens = count_tokens(server.end(), window)
    return watch.used_share("client", window) * measure_s / tokens * 1e6, watch.others_share(window)


def list_bars(streams: int) -> tuple[Bar, ...]:
    """The bars of every level."""
    return (
        Bar("ttft_p50_ms", f"{streams:,} streams: TTFT error p50", "ms", most=0.2),
        Bar("ttft_p99_ms", f"{streams:,} streams: TTFT error p99", "ms", most=MOST_ERROR_MS),
        Bar("ttft_over", f"{streams:,} streams: TTFT errors over {MOST_ERROR_MS:g} ms", "%"),
        Bar("tpot_p50", f"{streams:,} streams: TPOT error p50", "%", most=0.5),
        Bar("failed", f"{streams:,} streams: attempts that failed", "", most=0, over_runs="max"),
        Bar("cpu_us", f"{streams:,} streams: CPU of the load process", "us/token"),
    )


FLOOR = (
    Bar("floor_us", "1,000 streams: CPU of the C epoll reader", "us/token"),
    Bar("against_floor", "CPU of the load process, times the C reader's", "", most=3),
)
"""Without a C compiler there is no such reader."""
AGAINST_OTHERS = (
    Bar("aiohttp_us", f"{RIVALS['aiohttp']} streams: CPU of aiohttp reading lines", "us/token"),
    Bar("sdk_us", f"{RIVALS['sdk']} streams: CPU of the OpenAI SDK under gevent", "us/token"),
    Bar("against_aiohttp", "CPU of the load process, times aiohttp's", "", most=1 / 2),
    Bar("against_sdk", "CPU of the load process, times the SDK's", "", most=1 / 12),
)


def list_others() -> tuple[Bar, ...]:
    """The bars that other clients set."""
    return (*FLOOR, *AGAINST_OTHERS) if "floor" in name_clients() else AGAINST_OTHERS


CASES = (
    *(Case(f"streams-{streams}", partial(measure_streams, streams), list_bars(streams)) for streams in (100, 500)),
    Case(f"streams-{MOST_STREAMS}", measure_against_others, (*list_bars(MOST_STREAMS), *list_others())),
)

if __name__ == "__main__":
    main(CASES)
