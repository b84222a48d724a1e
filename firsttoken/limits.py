"""What a scenario asks of the operating system, open files and local ports, held against what this machine allows.

Rule: what is certain to fail is refused before a run starts, what may fail is warned of. A limit that is met later
all the same is a client_error in the row of its attempt and never the server's.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from firsttoken.catalogue import Model
from firsttoken.scenario import Scenario, unloaded_cycle_s

SPARE_FILES = 64
"""Files of a load process beside its connections: pipes, journals, the hub's own, what Python has open."""
TIME_WAIT_S = 60
"""How long the port of a closed connection rests on Linux, by its TCP_TIMEWAIT_LEN; elsewhere it may be less."""
PORT_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
IANA_PORTS = 65_535 - 49_152 + 1
"""The dynamic ports of RFC 6335, which systems other than Linux hand out."""


class LimitError(Exception):
    """This machine does not allow what the scenario asks for; the message is a sentence for the user."""


def count_files(scenario: Scenario) -> int:
    """Files that a load process has open at most: every user keeps one connection to every target."""
    return max(scenario.load.users) * len(scenario.target) + SPARE_FILES


def read_most_files() -> int:
    """How many files a process of this user may open once it has raised its own limit."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if most == resource.RLIM_INFINITY else most


def check_files(scenario: Scenario) -> None:
    """Refuse a scenario that needs more open files than this machine allows. Raises LimitError."""
    needed, most = count_files(scenario), read_most_files()
    if needed > most:
        raise LimitError(
            f"load.users: expected a limit of {needed:,} open files, as {max(scenario.load.users):,} users keep a "
            f"connection to each of {len(scenario.target)} target(s), got a hard limit of {most:,}; raise it "
            f"(`ulimit -n {needed}` as root, or in limits.conf) or ask for fewer users"
        )


def allow_files(scenario: Scenario) -> None:
    """Raise this process's own limit to what a scenario needs, or as far as it goes."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(count_files(scenario), read_most_files())
    if allowed != resource.RLIM_INFINITY and allowed < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def count_ports() -> int:
    """Local ports that this machine hands out for connections to one endpoint."""
    if not PORT_RANGE.exists():
        return IANA_PORTS
    first, last = map(int, PORT_RANGE.read_text().split())
    return last - first + 1


def find_exhausted_ports(scenario: Scenario, catalogue: Mapping[str, Model], ports: int) -> Iterator[str]:
    """A sentence per target whose connections, one for each request, would rest on more ports than there are.

    By Little's law: at most users / cycle connections end a second, and each keeps its port for TIME_WAIT_S. Targets
    whose speed nobody publishes are not judged.
    """
    users = max(scenario.load.users)
    for target in scenario.target:
        cycle_s = unloaded_cycle_s(scenario, target, catalogue)
        if target.connection == "reuse" or cycle_s is None or users / cycle_s * TIME_WAIT_S <= ports:
            continue
        yield (
            f'{target.name}: with connection = "per_request", {users:,} users may open {users / cycle_s:,.0f} '
            f"connections/s, and each closed one rests on its port for {TIME_WAIT_S} s: that is "
            f"{users / cycle_s * TIME_WAIT_S:,.0f} ports, and this machine has {ports:,}; requests beyond them end as "
            'client_error: write connection = "reuse", ask for fewer users or widen net.ipv4.ip_local_port_range'
        )
