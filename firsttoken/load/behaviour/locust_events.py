"""Locust's own events where no command line of Locust's fires them: what a locustfile hangs on them is called too.

Rule: they are Locust's global ones, fired in the process that leads the load and in every worker. A locustfile that
stops Locust itself ends the run in order.
"""

import locust
from locust import LoadTestShape, User
from locust.dispatch import UsersDispatcher
from locust.env import Environment
from locust.runners import MasterRunner

from firsttoken.load.session.session import Session

STOPPED = "the locustfile stopped Locust"


def open_environment(
    users: list[type[User]] | None = None,
    shape: LoadTestShape | None = None,
    dispatcher: type[UsersDispatcher] = UsersDispatcher,
) -> Environment:
    """An environment that hears of the events which locustfiles listen to; no options were parsed for it."""
    return Environment(user_classes=users, shape_class=shape, dispatcher_class=dispatcher, events=locust.events)


def fire_init(environment: Environment) -> None:
    """Say that the runner stands; there is no web page."""
    environment.events.init.fire(environment=environment, runner=environment.runner, web_ui=None)


def fire_stop(environment: Environment) -> None:
    """Say that the test has stopped, of a master whose workers have left, unless it found out by itself."""
    if isinstance(environment.runner, MasterRunner):
        environment.runner.stop(send_stop_to_client=False)


def fire_quitting(environment: Environment) -> None:
    """Say that the process is about to end; as in Locust, who came last hears it first."""
    environment.events.quitting.fire(environment=environment, reverse=True)


def interrupt_when_stopped(environment: Environment, session: Session) -> None:
    """End the run in order where Locust is stopped before it is over."""

    def interrupt(**_other: object) -> None:
        if not session.is_over and session.cancellation.stopping is None:
            session.cancellation.interrupt_run(STOPPED)

    environment.events.test_stopping.add_listener(interrupt)
