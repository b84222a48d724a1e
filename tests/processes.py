"""Processes of a test: whose children they are, when they are gone, and when something has come about."""

import time
from collections.abc import Callable

import psutil


def family_of(pid: int) -> set[int]:
    """The children of a process."""
    try:
        return {child.pid for child in psutil.Process(pid).children()}
    except psutil.NoSuchProcess:
        return set()


def find_child(pid: int, module: str) -> int:
    """The one child of a process that runs a module."""
    [child] = find_children(pid, module)
    return child


def find_children(pid: int, module: str) -> list[int]:
    """The children of a process that run a module."""
    return sorted(child for child in family_of(pid) if module in read_command(child))


def read_command(pid: int) -> str:
    """What a process was started as; nothing once it has gone."""
    try:
        return "\0".join(psutil.Process(pid).cmdline())
    except psutil.Error:
        return ""


def await_gone(pids: set[int], within_s: float) -> None:
    """Wait until none of them is there any more."""
    await_that(lambda: not any(map(psutil.pid_exists, pids)), f"{pids} are gone", within_s)


def await_that(holds: Callable[[], object], what: str, within_s: float = 30.0) -> None:
    """Wait until something holds; `what` says in a failure which that is."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        time.sleep(0.05)
