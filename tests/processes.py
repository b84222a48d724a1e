"""Processes of a test: whose children they are, and when they are gone."""

from __future__ import annotations

import time

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
    deadline = time.monotonic() + within_s
    while left := {pid for pid in pids if psutil.pid_exists(pid)}:
        assert time.monotonic() < deadline, f"still there after {within_s} s: {left}"
        time.sleep(0.05)
