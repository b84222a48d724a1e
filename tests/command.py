"""How tests run the command: as a process, as a user would."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent

FAST = """
name = "fast"

[[target]]
model = "gpt-5.2-codex"
simulator = { ttft_s = 0.3, tokens_per_s = 100, slots = 4, queue = 2 }

[[target]]
model = "gpt-5.4"
api = "responses"
simulator = { ttft_s = 0.2, tokens_per_s = 160, slots = 4, queue = 2 }

[traffic]
locustfile = "chat"
input_tokens = 40
output_tokens = 16

[load]
users = [1, 8]
ramp = "0s"
settle = "500ms"
measure = "3s"
hold = "5s"

[slo]
ttft = "2s"
share = 0.5
"""
"""Two simulated targets, two levels, in seconds; at 8 users the queue of 4 + 2 overflows into 429s."""

REAL = """
name = "real"

[[target]]
model = "fast"
base_url = "http://127.0.0.1:9/v1"
key_env = "FIRSTTOKEN_TEST_KEY"
prices = "unknown"

[traffic]
locustfile = "chat"
input_tokens = 20
output_tokens = 16

[load]
users = [2]
ramp = "0s"
settle = "100ms"
measure = "2s"
hold = "5s"

[slo]
ttft = "500ms"
share = 0.5
"""
"""One target with an address and a key of its own."""


def command(*arguments: str | Path, **variables: str) -> tuple[list[str], Mapping[str, str]]:
    """The argument list and environment of a `firsttoken` command."""
    return [sys.executable, "-m", "firsttoken", *map(str, arguments)], {**os.environ, **variables}


def firsttoken(
    *arguments: str | Path, cwd: Path = ROOT, timeout_s: float = 120, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a `firsttoken` command to its end."""
    words, environment = command(*arguments, **variables)
    return subprocess.run(
        words, cwd=cwd, env=environment, capture_output=True, text=True, timeout=timeout_s, check=False
    )


def write_scenario(folder: Path, text: str = FAST, **replace: str) -> Path:
    """A scenario file; each keyword replaces the first line that begins with that key."""
    lines = text.splitlines()
    for key, value in replace.items():
        number = next(number for number, line in enumerate(lines) if line.startswith(f"{key} ="))
        lines[number] = f"{key} = {value}"
    path = folder / "fast.toml"
    path.write_text("\n".join(lines))
    return path


def assert_ended_well(process: subprocess.CompletedProcess[str]) -> None:
    """Exit code 0; or 4 where this machine was too busy for a valid measurement, and the command said so."""
    too_busy = process.returncode == 4 and ("CLIENT_LIMITED" in process.stderr or "NOT_DELIVERED" in process.stderr)
    assert process.returncode == 0 or too_busy, process.stderr
    assert "Traceback" not in process.stderr
