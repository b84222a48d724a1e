"""Waiting until a stage has its users: for as long as more of them become ready now and then.

Rule: a wait that cannot succeed ends with a sentence that names the cause: users still in their `on_start`, users that
left by themselves, or users that Locust has not started.
"""

from collections.abc import Callable
from typing import NamedTuple

TICK_S = 0.02
"""How often the state of a run is looked at."""
SPAWN_PATIENCE_S = 30.0
"""How long no user may become ready before the run fails."""
CALL_AGAIN_S = 3.0
"""How long to wait for users that Locust was asked to start before it is asked again."""


class Census(NamedTuple):
    """The users of a run, over all of its load processes."""

    wanted: int
    ready: int
    starting: int
    """In their `on_start`."""
    left: int
    """Since the run began."""
    is_complete: bool
    """Every process has the users that its stages need."""


def await_users(
    count_users: Callable[[], Census],
    find_stopping: Callable[[], str | None],
    request_again: Callable[[], None],
    sleep: Callable[[float], None],
) -> str | None:
    """Wait until every wanted user is ready; else why that failed, or why the run stops, in a sentence.

    request_again: has Locust start again what is missing.
    """
    patience = Patience()
    while not (census := count_users()).is_complete:
        if stopping := find_stopping():
            return stopping
        if patience.wears_out(census.ready):
            return describe_missing_users(census)
        if patience.is_time_to_call():
            request_again()
        sleep(TICK_S)
    return None


class Patience:
    """How long to wait for users to be ready: as long as their number grows now and then."""

    def __init__(self) -> None:
        self._waited_s = 0.0
        self._ready = 0
        self._calls = 0

    def wears_out(self, ready: int) -> bool:
        """Whether no user has become ready for too long; called once a tick."""
        self._waited_s = self._waited_s + TICK_S if ready == self._ready else 0.0
        self._ready = ready
        return self._waited_s > SPAWN_PATIENCE_S

    def is_time_to_call(self) -> bool:
        """Whether Locust is to be asked again for the users that are missing."""
        due = int(self._waited_s / CALL_AGAIN_S)
        is_due, self._calls = due > self._calls, due
        return is_due


def describe_missing_users(census: Census) -> str:
    """Why a stage cannot begin: users in their `on_start`, users that left by themselves, or none started at all."""
    expected = (
        f"expected {census.wanted} users to be ready, got {census.ready} and no more for {SPAWN_PATIENCE_S:.0f} s"
    )
    if census.starting:
        return f"{expected}: {census.starting} are still in their on_start; it must end before a stage begins"
    if census.left:
        return (
            f"{expected}: {census.left} have ended by themselves since the run began, for example by StopUser; keep "
            "them running, or request fewer"
        )
    return f"{expected}, and Locust has started no others; fewer users, or more workers, would help"
