"""The machine that this process runs on: what a reader of a figure needs to know of it, and how busy it is.

Rule: nothing that names its owner; what the system does not report is None.
"""

import os
import platform
from pathlib import Path

import psutil

Host = dict[str, str | int]


def describe_host() -> Host:
    """What a reader needs to judge the machine: system, machine, processor, cores, memory_mb."""
    return {
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "processor": _read_processor(),
        "cores": os.cpu_count() or 1,
        "memory_mb": psutil.virtual_memory().total // 1_000_000,
    }


def read_busy_s() -> float:
    """CPU seconds of all processes since the machine started, including time stolen by other machines where the system
    reports it.

    The kernel's own interrupts are left out, as it does not count them as any process's either.
    """
    times = psutil.cpu_times()
    busy_s: float = times.user + times.nice + times.system + getattr(times, "steal", 0.0)
    return busy_s


def read_used_s(pid: int) -> float | None:
    """CPU seconds, user and system, of one process; None where there is no such process."""
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return None
    used_s: float = times.user + times.system
    return used_s


def read_rss_mb() -> float:
    """Resident memory of this process now."""
    rss: int = psutil.Process().memory_info().rss
    return rss / 1e6


def _read_processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
