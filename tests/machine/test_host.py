"""What is said of a machine, and how busy it and one of its processes were."""

import os
import time

from firsttoken.machine.host import describe_host, read_busy_s, read_rss_mb, read_used_s


def test_a_machine_is_described_alike_each_time() -> None:
    host = describe_host()

    assert host == describe_host()
    assert host.keys() == {"system", "machine", "processor", "cores", "memory_mb"}
    assert all(host.values())


def test_a_busy_process_is_seen_in_its_own_time_and_in_the_machines() -> None:
    used_s, busy_s = read_used_s(os.getpid()), read_busy_s()
    until_s = time.process_time() + 0.2
    while time.process_time() < until_s:
        pass

    assert read_used_s(os.getpid()) - used_s >= 0.15
    assert read_busy_s() - busy_s >= 0.15


def test_a_process_that_is_not_there_has_no_time() -> None:
    assert read_used_s(2**22 + 1) is None


def test_a_process_that_holds_more_is_larger() -> None:
    before_mb = read_rss_mb()
    held = b"x" * 50_000_000

    assert read_rss_mb() - before_mb > 40
    assert len(held) == 50_000_000
