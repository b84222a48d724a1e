"""Machines for tests: network namespaces with a cable from each worker's to the master's, which can be pulled.

Rule: they are the test's own, and gone with it; where this machine allows none the test is skipped and says so.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec
import pytest

from tests.command import ROOT
from tests.served import fast


class Machine:
    """A namespace: processes in it see its own loopback and the cables that end in it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def start(self, *words: str | Path, **variables: str) -> subprocess.Popen[str]:
        """Start a Python process in it."""
        return subprocess.Popen(
            ["ip", "netns", "exec", self.name, sys.executable, *map(str, words)],
            cwd=ROOT,
            env={**os.environ, **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


class Network:
    """A master's machine and some workers': worker n has 10.97.n.2 and finds the master at 10.97.n.1."""

    def __init__(self, workers: int) -> None:
        self._mark = f"{os.getpid() % 100_000}"
        self.master = Machine(f"ft-{self._mark}-0")
        self.workers = [Machine(f"ft-{self._mark}-{number}") for number in range(1, workers + 1)]
        self._machines = [self.master, *self.workers]

    def build(self) -> None:
        """Raises CalledProcessError where that is not allowed."""
        for machine in self._machines:
            run("ip", "netns", "add", machine.name)
            run("ip", "-n", machine.name, "link", "set", "lo", "up")
        for number, machine in enumerate(self.workers, start=1):
            here, there = f"ft{self._mark}m{number}", f"ft{self._mark}w{number}"
            run(
                "ip",
                "link",
                "add",
                here,
                "netns",
                self.master.name,
                "type",
                "veth",
                "peer",
                there,
                "netns",
                machine.name,
            )
            for name, end, address in ((self.master.name, here, 1), (machine.name, there, 2)):
                run("ip", "-n", name, "address", "add", f"10.97.{number}.{address}/24", "dev", end)
                run("ip", "-n", name, "link", "set", end, "up")

    def plug(self, number: int, state: str) -> None:
        """Pull the cable of a worker, or put it back: "down" or "up"."""
        run("ip", "-n", self.master.name, "link", "set", f"ft{self._mark}m{number}", state)

    def remove(self) -> None:
        """With a namespace its cables go."""
        for machine in self._machines:
            subprocess.run(["ip", "netns", "delete", machine.name], capture_output=True, check=False)

    @contextmanager
    def serve_everywhere(self, folder: Path) -> Iterator[str]:
        """A simulator on the loopback of every machine, all of one address; truths go to `folder`."""
        with ExitStack() as ending:
            for number, machine in enumerate(self._machines):
                process = machine.start("-m", "firsttoken.simulator")
                ending.callback(end, process)
                settings = fast(ttft_s=0.2, tokens_per_s=100, slots=64)
                models = [{"name": "fast", "catalogue": None, "settings": settings}]
                spec = {"port": 8000, "seed": number, "truth": str(folder / f"truth-{number}.jsonl"), "models": models}
                assert process.stdin and process.stdout
                process.stdin.write(msgspec.json.encode(spec).decode() + "\n")
                process.stdin.flush()
                assert process.stdout.readline().startswith("READY")
            yield "http://127.0.0.1:8000/v1"


@contextmanager
def network(workers: int) -> Iterator[Network]:
    """Machines for the time of a block; skips the test where there can be none."""
    if shutil.which("ip") is None or os.geteuid() != 0:
        pytest.skip("needs network namespaces: `ip`, and root to make them")
    made = Network(workers)
    try:
        made.build()
    except subprocess.CalledProcessError as error:
        made.remove()
        pytest.skip(f"needs network namespaces, this machine makes none: {error.stderr.strip()}")
    try:
        yield made
    finally:
        made.remove()


def end(process: subprocess.Popen[str]) -> None:
    """Have a process leave, if it has not."""
    process.terminate()
    try:
        process.communicate(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def run(*words: str) -> None:
    """Run a command. Raises CalledProcessError."""
    subprocess.run(words, capture_output=True, text=True, check=True)


def read_truths(folder: Path) -> Mapping[str, Mapping[str, int]]:
    """What the simulators of all machines logged, by request id."""
    lines: Sequence[bytes] = [line for path in folder.glob("truth-*.jsonl") for line in path.read_bytes().splitlines()]
    return {entry["request_id"]: entry for entry in map(msgspec.json.decode, lines)}
