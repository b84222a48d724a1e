"""The processes of a run: simulators and the load, started, watched and ended from here.

Rule: every child runs in its own session with a control pipe as its stdin; it obeys a word on it and is gone
within two seconds after it closes, so nothing outlives the command, also when the command is killed.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import IO
from urllib.parse import quote

import msgspec

from firsttoken.catalogue import load_catalogue
from firsttoken.error import FirstTokenError
from firsttoken.scenario.format import Scenario
from firsttoken.scenario.rules import simulate
from firsttoken.scenario.target import Target

GRACE_S = 3.0
"""How long a child may take to leave after its pipe has closed, before it is killed."""
LAST_WORDS_S = 1.0
"""How long to wait for the rest of what a child that has left wrote to stderr."""

Relay = Callable[[str], None]
"""Takes one line, without its end."""


class LaunchError(FirstTokenError):
    """A process or the run folder could not be started; the message is a sentence for the user."""


class LoadSpec(msgspec.Struct, kw_only=True):
    """What a load process (`firsttoken.load.main`) reads from the first line of its stdin."""

    folder: str
    base_urls: dict[str, str]
    """Per target, where it listens: the scenario's own URL or that of its simulator."""
    command: list[str]
    workers: int = 1
    """Load processes on this machine; 1: this one alone."""
    remote: int = 0
    """Number of workers on other machines to wait for."""
    bind: str = "127.0.0.1:0"
    """Where this process listens for workers."""


class Child:
    """One process of ours: a module that reads JSON from the first line of its stdin and writes lines to its stdout."""

    def __init__(
        self,
        module: str,
        spec: object,
        *,
        arguments: Sequence[str] = (),
        keeps: Sequence[int] = (),
        relay: Relay | None = None,
    ) -> None:
        """`keeps` are open files of ours that stay open in it; `relay` gets each line of its stderr."""
        self.module = module
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if relay is None else subprocess.PIPE,
            start_new_session=True,
            pass_fds=keeps,
        )
        self._relaying = None if relay is None else _start_relaying(self.process.stderr, relay)
        self.write_line(msgspec.json.encode(spec))

    def events(self) -> Iterator[dict[str, object]]:
        """What a load or worker process reports; the last event is {"event": "end", ...} unless it died."""
        for line in self.stdout:
            yield msgspec.json.decode(line, type=dict[str, object])

    def wait(self) -> int:
        """Its exit code, once it has ended."""
        return self.process.wait()

    def finish_early(self) -> None:
        """Ask a load or worker process to stop in order: drain, flush, leave."""
        self.write_line(b"stop")

    @property
    def stdout(self) -> IO[bytes]:
        if self.process.stdout is None:
            raise LaunchError(f"{self.module}: its output is not connected")
        return self.process.stdout

    def write_line(self, line: bytes) -> None:
        """Write one line to the child's control pipe; one that has left takes no line."""
        if self.process.stdin is None:
            return
        try:
            self.process.stdin.write(line + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return

    def stop(self) -> None:
        """Close the control pipe, wait, and kill what has not left in time."""
        if self.process.stdin is not None and not self.process.stdin.closed:
            with suppress(BrokenPipeError):
                self.process.stdin.close()
        try:
            self.process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self._relaying is not None:
            self._relaying.join(LAST_WORDS_S)  # what it started may hold its stderr for longer


def _start_relaying(words: IO[bytes] | None, relay: Relay) -> Thread:
    def relay_all() -> None:
        for line in words or ():
            relay(line.decode(errors="backslashreplace").rstrip("\n"))

    thread = Thread(target=relay_all, name="stderr of a child", daemon=True)
    thread.start()
    return thread


class Simulator(Child):
    """A simulator process. SIGTERM ends it at once; after a closed pipe it would serve a little longer."""

    def __init__(self, models: Sequence[dict[str, object]], *, seed: int, truth: str | None, port: int) -> None:
        super().__init__("firsttoken.simulator", {"port": port, "seed": seed, "truth": truth, "models": list(models)})

    def stop(self) -> None:
        """Ask it to end, wait, and kill it if it has not ended in time."""
        self.process.terminate()
        super().stop()


class Simulators:
    """One simulator process per target without a base_url, and where every target of the scenario listens."""

    def __init__(self, scenario: Scenario, truth: Path | None) -> None:
        self.base_urls: dict[str, str] = {}
        self._children: list[Simulator] = []
        if truth is not None:
            truth.mkdir(parents=True, exist_ok=True)
        try:
            for target in scenario.target:
                self.base_urls[target.name] = target.base_url or self._serve(target, scenario.seed, truth)
        except BaseException:
            self.stop()
            raise

    def _serve(self, target: Target, seed: int, truth: Path | None) -> str:
        log = str(truth / name_truth(target)) if truth is not None else None
        child = start_simulator([describe_simulated(target)], seed=seed, truth=log)
        self._children.append(child)
        return await_ready(child)

    @property
    def pids(self) -> list[int]:
        return [child.process.pid for child in self._children]

    def stop(self) -> None:
        """End them all, side by side."""
        for child in self._children:
            child.process.terminate()
        for child in self._children:
            child.stop()
        self._children.clear()


def name_truth(target: Target) -> str:
    """The file name of a target's truth log: for any name, it is one file of one folder."""
    return f"{quote(target.name, safe='')}.jsonl"


def describe_simulated(target: Target) -> dict[str, object]:
    """The target as its simulator gets it: the model to answer for, and how that behaves."""
    catalogue = load_catalogue()
    return {
        "name": target.model,
        "catalogue": target.model if target.model in catalogue else None,
        "settings": msgspec.to_builtins(simulate(target, catalogue)),
    }


def start_simulator(models: Sequence[dict[str, object]], *, seed: int, truth: str | None, port: int = 0) -> Simulator:
    """Start one simulator process for these models; ask `await_ready` where it listens."""
    return Simulator(models, seed=seed, truth=truth, port=port)


def await_ready(child: Child) -> str:
    """The base URL of a simulator, once it listens. Raises LaunchError, in its own words, if it cannot."""
    for line in child.stdout:
        word, _, rest = line.decode().strip().partition(" ")
        if word == "READY":
            return rest
        if word == "FAILED":
            raise LaunchError(rest)
    raise LaunchError(f"{child.module}: expected it to listen, it ended with exit code {child.wait()}")


def check_targets(scenario: Scenario, base_urls: dict[str, str]) -> list[dict[str, object]]:
    """What every target of a scenario answers to two cheap requests; see `load/check.py` for the keys."""
    spec = {"scenario": msgspec.to_builtins(scenario), "base_urls": base_urls}
    child = Child("firsttoken.load.check", spec)
    try:
        answer = child.stdout.readline()
    finally:
        child.stop()
    if not answer:
        raise LaunchError(f"firsttoken check: expected findings, its process ended with {child.process.returncode}")
    return msgspec.json.decode(answer, type=list[dict[str, object]])


def find_spool(environ: Mapping[str, str]) -> Path:
    """Where a worker of this user keeps rows until their master has them: $XDG_STATE_HOME, else ~/.local/state."""
    state = environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "firsttoken" / "spool"
