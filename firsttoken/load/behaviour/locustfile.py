"""How a user behaves: the classes of a locustfile, imported.

Rule: a locustfile is the user's own code and may raise anything; whatever it raises is a sentence with its line.
"""

from pathlib import Path

from locust import LoadTestShape, User
from locust.util.load_locustfile import load_locustfile

from firsttoken.error import FirstTokenError
from firsttoken.load.behaviour.dispatch import find_ours
from firsttoken.load.behaviour.fault import describe_fault


class BehaviourError(FirstTokenError):
    """A locustfile that cannot be used; the message is a sentence."""


def load_behaviour(path: Path) -> tuple[list[type[User]], dict[str, type[LoadTestShape]]]:
    """The users, ours and others, and the shapes of a locustfile, these by name. Raises BehaviourError where it cannot
    be used."""
    try:
        users, shapes = load_locustfile(str(path))
    except (Exception, SystemExit) as error:
        raise BehaviourError(describe_fault(error, path)) from error
    if not find_ours(list(users.values())):
        others = f" only {', '.join(sorted(users))}" if users else " none"
        raise BehaviourError(
            f"{path}: expected a class of users derived from StreamingUser, with a @task, got{others}; add one: "
            "firsttoken measures the requests of its users"
        )
    return list(users.values()), {type(shape).__name__: type(shape) for shape in shapes}
