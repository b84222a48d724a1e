"""scenarios/llama-cpp.toml against llama.cpp's own server: what we report is what the server says of itself."""

import re
import statistics
import urllib.request
from pathlib import Path

import pytest

from firsttoken.decide.study import Study, study_run
from tests.command import firsttoken
from tests.real.tap import tap

pytestmark = pytest.mark.real

KNOCK_TOKENS = 16
"""Of the one request that a run sends before it starts; it is in no row."""


def run(url: str, folder: Path, **changes: object) -> Study:
    """Run the scenario against `url` with some of its keys changed, and study what it measured.

    Exit code 4 is as good as 0 here: server and client share this machine, which may void the answer but not the rows.
    """
    changes = {"target.nano.base_url": f'"{url}/v1"', "traffic.input_tokens": 16, **changes}
    sets = [word for key, value in changes.items() for word in ("--set", f"{key}={value}")]
    process = firsttoken("run", "llama-cpp", *sets, "--out", folder)
    assert process.returncode in (0, 4), process.stderr
    return study_run(folder)


def read_counter(url: str, name: str) -> int:
    """A counter of the server's own /metrics."""
    with urllib.request.urlopen(f"{url}/metrics") as answer:
        return int(re.search(rf"^llamacpp:{name} (\d+)$", answer.read().decode(), re.MULTILINE)[1])


def test_200_requests_of_4_users_all_succeed_and_every_token_is_on_the_servers_counter(nano, tmp_path):
    """The server closes a kept-alive connection behind each stream; a client that trusts it loses requests."""
    before = read_counter(nano, "tokens_predicted_total")
    rows = run(nano, tmp_path / "run").run.attempts("outcome", "output_tokens", "connection_reused")

    assert set(rows["outcome"]) == {"length"}
    assert len(rows["outcome"]) == 200
    assert not any(rows["connection_reused"])
    assert sum(rows["output_tokens"]) + KNOCK_TOKENS == read_counter(nano, "tokens_predicted_total") - before


def test_time_per_token_agrees_with_the_servers_own_timings(tiny, tmp_path):
    with tap(tiny) as tapped:
        study = run(tapped.url, tmp_path / "run", **{"load.requests": 100, "traffic.output_tokens": 64})
    said = b"".join(tapped.said).decode()
    theirs = statistics.median(map(float, re.findall(r'"predicted_per_token_ms":([\d.]+)', said)))

    ours = study.result("nano", "tpot_ms", level=4, q=0.5).value
    assert abs(ours - theirs) <= 0.10 * theirs + 0.05
