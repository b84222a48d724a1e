"""What the wire's tests share: a kernel that stamps from the first packet on."""

import socket
from collections.abc import Iterator

import pytest

from firsttoken.wire.dial import ask_for_stamps


@pytest.fixture(scope="session", autouse=True)
def stamping() -> Iterator[None]:
    """The kernel begins to stamp a moment after the first socket asks; for a test's own client that may be late."""
    with ask_for_stamps(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)):
        yield
