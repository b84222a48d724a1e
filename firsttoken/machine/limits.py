"""What a scenario asks of the operating system, open files and local ports, compared with what this machine allows.

Rule: what is certain to fail is refused before a run starts, what may fail is warned of. A limit that is met later
all the same is a client_error in the row of its attempt and never the server's.
"""

import math
import resource
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from firsttoken.catalogue import Model, load_catalogue
from firsttoken.error import FirstTokenError
from firsttoken.plan.peak import most_open, most_rps
from firsttoken.scenario.format import Scenario
from firsttoken.scenario.target import Target

SPARE_FILES = 64
"""Files of a load process beside its connections: pipes, journals, the hub's own, what Python has open."""
UNKNOWN_FILES = 16_384
"""What is asked for where only a class of the locustfile knows how many users there will be."""
TIME_WAIT_S = 60
"""How long the port of a closed connection rests on Linux, by its TCP_TIMEWAIT_LEN; elsewhere it may be less."""
PORT_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
IANA_PORTS = 65_535 - 49_152 + 1
"""The dynamic ports of RFC 6335, which systems other than Linux hand out."""


class LimitError(FirstTokenError):
    """This machine does not allow what the scenario asks for; the message is a sentence for the user."""


def count_files(scenario: Scenario, workers: int = 1) -> int | None:
    """The most files that one of so many load processes has open: each user keeps one connection to its target.

    None where only a class of the locustfile knows how many will ask.
    """
    catalogue = load_catalogue()
    connections = [most_open(scenario, target, catalogue) for target in scenario.target]
    known = [math.ceil(number / workers) for number in connections if number is not None]
    return sum(known) + SPARE_FILES if len(known) == len(connections) else None


def read_most_files() -> int:
    """How many files a process of this user may open once it has raised its own limit."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if most == resource.RLIM_INFINITY else most


def check_files(scenario: Scenario, workers: int = 1) -> None:
    """Refuse a scenario of whose load processes one needs more open files than this machine allows it.

    Raises LimitError.
    """
    needed, most = count_files(scenario, workers), read_most_files()
    if needed is not None and needed > most:
        raise LimitError(
            f"load: expected a limit of {needed:,} open files, for {needed - SPARE_FILES:,} connections to "
            f"{len(scenario.target)} target(s) that may be open at once, got a hard limit of {most:,}; raise it "
            f"(`ulimit -n {needed}` as root, or in limits.conf), add --workers, or lower the load or its max_in_flight"
        )


def allow_files(scenario: Scenario) -> None:
    """Raise this process's own limit to what a scenario needs, or as far as it goes."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed, possible = count_files(scenario), read_most_files()
    wanted = min(UNKNOWN_FILES if needed is None else needed, possible)
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

    Each connection that ends keeps its port for TIME_WAIT_S. Targets of unknown rate are not judged.
    """
    for target in scenario.target:
        rate, habit = most_rps(scenario, target, catalogue), _opens_each(target)
        if not habit or rate is None or rate * TIME_WAIT_S <= ports:
            continue
        written, instead = habit
        yield (
            f"{target.name}: with {written}, the load may open {rate:,.0f} connections/s, and each closed one keeps "
            f"its port for {TIME_WAIT_S} s: that is {rate * TIME_WAIT_S:,.0f} ports, and this machine has {ports:,}; "
            f"requests beyond them end as client_error: {instead}, lower the load or widen net.ipv4.ip_local_port_range"
        )


def _opens_each(target: Target) -> tuple[str, str] | None:
    """Why a target is asked over a new connection each time, and what to write instead; None where it is not."""
    if target.client == "sdk":
        return 'client = "sdk"', 'write client = "wire"'
    return ('connection = "per_request"', 'write connection = "reuse"') if target.connection == "per_request" else None
