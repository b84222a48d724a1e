"""What carries the messages of a master and its workers: Locust in a run, a fake one in a test.

Rule: a message may be lost, doubled or late, and no sender learns of it. Nothing here knows what the bytes say.
"""

from collections.abc import Callable
from typing import Protocol

OnMessage = Callable[[str, bytes], None]
"""Takes (the client that a message came from, the message)."""


class MasterCarrier(Protocol):
    """The master's end of the links to all workers."""

    port: int
    """Where it listens."""

    def listen(self, on_message: OnMessage) -> None:
        """Have every message from now on handed over."""

    def send(self, client: str, message: bytes) -> None:
        """Send a message to one worker."""

    def admit_workers(self, admits: bool) -> None:
        """Whether new workers may come in; those that are refused try again a second later."""

    def spread_users(self, users: int) -> None:
        """Have so many users living, spread evenly over the workers. Blocks for up to a second or two."""

    def find_missing(self) -> set[str]:
        """Clients that have been silent for too long."""

    def dismiss(self, client: str) -> None:
        """Count no more on a worker; its users are gone."""

    def quit(self) -> None:
        """Close all links."""


class WorkerCarrier(Protocol):
    """A worker's end of its link."""

    def listen(self, on_message: OnMessage) -> None:
        """Have every message from now on handed over."""

    def send(self, message: bytes) -> None:
        """Send a message to the master."""

    def quit(self) -> None:
        """Stop the users and close the link; what was sent last still goes out."""


class UploadCarrier(Protocol):
    """A link to a master for a process that only brings rows and joins no run."""

    def send(self, message: bytes) -> None:
        """Send a message to the master."""

    def receive(self, within_s: float) -> bytes | None:
        """The next message of the master; None where none comes in that time."""

    def close(self) -> None:
        """Close the link."""
