"""The users of one load process: how many are wanted, which of them are ready, and the number of each.

Rule: a user counts once its `on_start` is through and until it has left. A new user takes the lowest free number, so
the user that replaces another takes over its slot.
"""

from collections.abc import Hashable
from heapq import heappop, heappush


class LivingUsers:
    """Users by number, from 0; a stage gives its slots to the lowest numbers."""

    def __init__(self) -> None:
        self.wanted = 0
        """How many Locust is asked to have."""
        self.requested_again = 0
        """How often Locust was asked again to start the users that are missing."""
        self.left = 0
        """Users who were ready and have left."""
        self._numbers: dict[Hashable, int] = {}
        self._starting: set[Hashable] = set()
        self._free: list[int] = []
        """Numbers of users who have left, lowest first."""

    @property
    def ready(self) -> int:
        """Users who are ready to send."""
        return len(self._numbers)

    @property
    def starting(self) -> int:
        """Users whose `on_start` is not through yet."""
        return len(self._starting)

    def request_users(self, wanted: int) -> None:
        """Have Locust start or stop users until it has so many."""
        self.wanted = wanted

    def request_again(self) -> None:
        """Have Locust start again the users that left by themselves."""
        self.requested_again += 1

    def start_user(self, user: Hashable) -> None:
        """Record that a user has begun its `on_start`."""
        self._starting.add(user)

    def add_user(self, user: Hashable) -> None:
        """Record that a user is ready: it takes the lowest number that is free."""
        self._starting.discard(user)
        if user not in self._numbers:
            self._numbers[user] = heappop(self._free) if self._free else len(self._numbers)

    def add_starting_user(self, user: Hashable) -> None:
        """Record that a user is ready who sends a request from its `on_start`."""
        if user in self._starting:
            self.add_user(user)

    def remove_user(self, user: Hashable) -> None:
        """Record that a user has left."""
        self._starting.discard(user)
        number = self._numbers.pop(user, None)
        if number is not None:
            heappush(self._free, number)
            self.left += 1

    def renumber_users(self) -> None:
        """Close the gaps that users who left have left, before a stage begins."""
        self._free = []
        self._numbers = {user: number for number, user in enumerate(self._numbers)}

    def find_number(self, user: Hashable) -> int | None:
        """The number of a user who is ready."""
        return self._numbers.get(user)

    def find_missing(self, places: int) -> list[int]:
        """The numbers below `places` that no living user has."""
        first = len(self._numbers) + len(self._free)
        return [*self._free, *range(first, places)]
