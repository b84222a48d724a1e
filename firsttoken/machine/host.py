"""The machine that this process runs on: what a reader of a figure needs to know of it, and how busy it is.

Rule: nothing that names its owner; what the system does not tell is None.
"""

from __future__ import annotations

import os
import platform
from pathlib import Path

Host = dict[str, str | int]
_STAT = Path("/proc/stat")


def describe_host() -> Host:
    """What a reader needs to judge the machine: system, machine, processor, cores, memory_mb."""
    return {
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "processor": _read_processor(),
        "cores": os.cpu_count() or 1,
        "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1_000_000,
    }


def read_busy_s() -> float | None:
    """CPU seconds of all processes since the machine started, with what other machines stole (proc_stat(5)).

    The kernel's own interrupts are left out, as it does not count them as any process's either.
    """
    if not _STAT.exists():
        return None
    user, nice, system, _idle, _iowait, _irq, _softirq, steal = map(int, _STAT.read_text().split()[1:9])
    return (user + nice + system + steal) / os.sysconf("SC_CLK_TCK")


def read_used_s(pid: int) -> float | None:
    """CPU seconds, user and system, of one process (proc_pid_stat(5))."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return None
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _read_processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
