"""How much CPU the processes of a benchmark used, and how much everybody else did.

Rule: read from /proc, from outside and all through a run, so that what was used in a window that is known only
afterwards can be told. Others are all processes that are neither ours nor started by one of them, by the times that the
scheduler took of each: the machine's own total in /proc/stat is sampled by a tick, and misses what runs between two.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

TICKS_S = os.sysconf("SC_CLK_TCK")
SAMPLE_S = 0.5
PARENT, OWN, WITH_CHILDREN = 1, slice(11, 13), slice(11, 15)
"""Columns of /proc/PID/stat after the name: parent, user and system time; and the same of children that have ended."""
STEAL = 8
"""Column of the first line of /proc/stat: what the hypervisor gave to others."""

Window = tuple[int, int]
"""CLOCK_MONOTONIC ns."""


def read_columns(pid: int) -> list[str]:
    """The columns of a process's /proc/PID/stat that stand after its name."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def read_process_s(pid: int) -> float:
    """CPU seconds of a process so far, all its threads, user and system."""
    return sum(map(int, read_columns(pid)[OWN])) / TICKS_S


def read_others_s(ours: set[int]) -> float:
    """CPU seconds so far of all processes but ours and those that they started, and what the hypervisor took."""
    seen: dict[int, list[str]] = {}
    for pid in (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()):
        try:
            seen[pid] = read_columns(pid)
        except (FileNotFoundError, ProcessLookupError):  # it has just ended; its parent's time tells
            continue
    parents = {pid: int(columns[PARENT]) for pid, columns in seen.items()}
    ticks = int(Path("/proc/stat").read_text().splitlines()[0].split()[STEAL])
    ticks += sum(sum(map(int, seen[pid][WITH_CHILDREN])) for pid in seen if not is_among(pid, ours, parents))
    return ticks / TICKS_S


def is_among(pid: int, ours: set[int], parents: Mapping[int, int]) -> bool:
    """Whether a process, or one that it descends from, is one of ours."""
    while pid in parents and pid not in ours:
        pid = parents[pid]
    return pid in ours


def read_rss_bytes(pid: int) -> int:
    """Resident memory of a process now."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Watch:
    """Samples the processes it is given, by name, and all others for the length of its block."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = dict(pids)
        self._ours = {os.getpid(), *pids.values()}
        self._samples: list[tuple[float, ...]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._over.set()
        self._thread.join()

    def _sample(self) -> None:
        while True:
            try:
                used = [read(pid) for read in (read_process_s, read_rss_bytes) for pid in self._pids.values()]
            except (FileNotFoundError, ProcessLookupError):  # one of them has ended, and so has the run
                return
            self._samples.append((time.monotonic_ns(), read_others_s(self._ours), *used))
            if self._over.wait(SAMPLE_S):
                return

    def used_share(self, name: str, window: Window) -> float:
        """Of a core, what the process of that name used in a window."""
        return self._grown(2 + list(self._pids).index(name), window)

    def grown_mb(self, name: str, since_ns: int) -> float:
        """By how much the process of that name grew after an instant, in resident memory."""
        column = 2 + len(self._pids) + list(self._pids).index(name)
        before = [sample[column] for sample in self._samples if sample[0] <= since_ns] or [self._samples[0][column]]
        return (max(sample[column] for sample in self._samples) - before[-1]) / 1e6

    def others_share(self, window: Window) -> float:
        """Of a core, what was not ours."""
        return max(0.0, self._grown(1, window))

    def _grown(self, column: int, window: Window) -> float:
        at, values = np.array([(sample[0], sample[column]) for sample in self._samples]).T
        began, ended = np.interp(window, at, values)
        return float(ended - began) / ((window[1] - window[0]) / 1e9)
