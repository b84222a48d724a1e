"""Which users Locust starts: as many of ours as a stage asks for, and beside them those of other classes.

Rule: a stage counts users of ours, and weights and fixed_count distribute them among our classes. Classes of others run
in the proportion to ours that Locust's weights say, or by their own fixed_count; the load asked for is never theirs.
"""

from collections.abc import Sequence
from math import ceil

from locust import User
from locust.dispatch import UsersDispatcher
from locust.runners import WorkerNode

from firsttoken.load.behaviour.streaming_user import StreamingUser

OnWorkers = dict[str, dict[str, int]]
"""Worker -> class -> how many users of it."""


class Dispatcher(UsersDispatcher):
    """Locust's own dispatcher twice: for our users, and for all others."""

    def __init__(self, worker_nodes: list[WorkerNode], user_classes: list[type[User]]) -> None:
        super().__init__(worker_nodes, user_classes)
        self._classes = user_classes
        kinds = find_ours(user_classes), find_others(user_classes)
        self._parts = [UsersDispatcher(list(worker_nodes), kind) for kind in kinds if kind]
        self._latest: list[OnWorkers] = []

    def new_dispatch(
        self, target_user_count: int, spawn_rate: float, user_classes: list[type[User]] | None = None
    ) -> None:
        """Begin to bring so many users of ours to life, and those of others that belong to them."""
        others = count_others(self._classes, target_user_count)
        for part, wanted in zip(self._parts, (target_user_count, sum(others.values())), strict=False):
            part.new_dispatch(wanted, spawn_rate)
        self._latest = []

    def __next__(self) -> OnWorkers:
        steps = [next(part, None) for part in self._parts]
        if all(step is None for step in steps):
            raise StopIteration
        before = self._latest or [{} for _ in steps]
        self._latest = [old if new is None else new for old, new in zip(before, steps, strict=True)]
        workers = {worker for step in self._latest for worker in step}
        return {worker: {k: v for step in self._latest for k, v in step.get(worker, {}).items()} for worker in workers}

    @property
    def dispatch_in_progress(self) -> bool:
        return any(part.dispatch_in_progress for part in self._parts)

    def add_worker(self, worker_node: WorkerNode) -> None:
        """A worker has come."""
        for part in self._parts:
            part.add_worker(worker_node)

    def remove_worker(self, worker_node: WorkerNode) -> None:
        """A worker has gone."""
        for part in self._parts:
            part.remove_worker(worker_node)


def find_ours(classes: Sequence[type[User]]) -> list[type[User]]:
    """The classes whose users a stage counts."""
    return [each for each in classes if issubclass(each, StreamingUser)]


def find_others(classes: Sequence[type[User]]) -> list[type[User]]:
    """The classes of any other user."""
    return [each for each in classes if not issubclass(each, StreamingUser)]


def count_others(classes: Sequence[type[User]], users: int) -> dict[str, int]:
    """How many users of each other class run beside so many of ours: its fixed_count, else by weight, one at least."""
    weight_of_ours = sum(each.weight for each in find_ours(classes))
    return {
        each.__name__: each.fixed_count or ceil(users * each.weight / weight_of_ours)
        for each in find_others(classes)
        if users
    }
