"""How a user behaves: the classes of a locustfile, imported.

Rule: a locustfile is the user's own code and may raise anything; whatever it raises is a sentence.
"""

from __future__ import annotations

from pathlib import Path

from locust import LoadTestShape, User
from locust.util.load_locustfile import load_locustfile


def load_behaviour(path: Path) -> tuple[list[type[User]], dict[str, type[LoadTestShape]]]:
    """The users and the shapes of a locustfile, these by name. Raises ValueError where it cannot be used."""
    try:
        users, shapes = load_locustfile(str(path))
    except Exception as error:
        raise ValueError(
            f"{path}: expected a locustfile, it failed with {type(error).__name__}: {error}; mend it"
        ) from error
    if not users:
        raise ValueError(f"{path}: expected a class of users, got none; derive one from StreamingUser, with a @task")
    return list(users.values()), {type(shape).__name__: type(shape) for shape in shapes}
