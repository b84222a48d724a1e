"""The first exception of a behaviour: it ends the run, with a sentence that says where it was raised.

Rule: whatever code of a locustfile raises is found, in a task, a hook, a wait, a listener or a greenlet of its own, and
is reported once, however often it is raised. What Locust and gevent end a task or a user with is no fault; nor is what
the server of another user answered, which stands in Locust's statistics.
"""

import logging
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import gevent
import locust
from gevent import GreenletExit
from locust.env import Environment
from locust.exception import (
    CatchResponseError,
    InterruptTaskSet,
    RescheduleTask,
    RescheduleTaskImmediately,
    ResponseError,
    StopTest,
    StopUser,
)

import firsttoken
from firsttoken.load.behaviour.streaming_user import StreamingUser

CONTROL = (
    *(StopUser, StopTest, InterruptTaskSet, RescheduleTask, RescheduleTaskImmediately),
    *(GreenletExit, gevent.Timeout, KeyboardInterrupt),
)
"""Ends a task, a user or a test on purpose."""
ANSWERS = (OSError, ResponseError, CatchResponseError)
"""What a client of Locust raises for what a server answered, or did not; all of requests' errors are OSErrors."""
PACKAGES = tuple(Path(package.__path__[0]).resolve() for package in (locust, firsttoken))
DEEP = 50
"""Frames of a traceback that are shown at most."""

Fail = Callable[[str, str], None]
"""(the sentence, the traceback)"""


def describe_fault(error: BaseException, locustfile: Path, trace: TracebackType | None = None) -> str:
    """What was raised, in a sentence that begins with the line of the locustfile, or of what it called from there."""
    raised = " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}: expected Python, got {raised}; fix it"
    frames = list(traceback.walk_tb(trace or error.__traceback__))
    own = [each for each in frames if belongs_to(each[0].f_code.co_filename, locustfile)]
    if not frames:
        return f"{locustfile}: expected it to run, got {raised}; fix it"
    frame, line = (own or frames)[-1]
    what = frame.f_code.co_qualname
    name = "the file" if what == "<module>" else what
    return f"{frame.f_code.co_filename}:{line}: expected {name} to run without an error, got {raised}; fix it"


def belongs_to(filename: str, locustfile: Path) -> bool:
    """Whether a file is a locustfile or lies with it, as the modules that it imports do; no installed package does."""
    path = Path(filename).resolve()
    within = set(path.parents)
    return path == locustfile.resolve() or (
        locustfile.resolve().parent in within and "site-packages" not in path.parts and not within & set(PACKAGES)
    )


class FaultWatch:
    """Watches the code of one locustfile for exceptions, and reports the first."""

    def __init__(self, locustfile: Path, fail: Fail) -> None:
        self._locustfile = locustfile
        self._fail = fail
        self._reported = False
        self._answer: BaseException | None = None
        """The latest of `ANSWERS`, which Locust logs next."""
        self._shown: set[tuple[type[BaseException], str]] = set()

    def listen(self, environment: Environment) -> None:
        """Hear what Locust hears of, what it only logs, and what ends a greenlet."""
        environment.events.user_error.add_listener(self._on_user_error)
        for handler in (*logging.getLogger().handlers, *logging.getLogger("locust").handlers):
            handler.addFilter(self._on_log)
        hub = gevent.get_hub()
        handle = hub.handle_error

        def handle_error(
            context: object, kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
        ) -> None:
            if error is None or not self.on_error(error, trace):
                handle(context, kind, error, trace)

        setattr(hub, "handle_error", handle_error)  # noqa: B010 - a method is not assigned to by its name

    def on_error(self, error: BaseException, trace: TracebackType | None = None) -> bool:
        """Whether an exception came from the code of the locustfile; the first that did is reported."""
        trace = trace or error.__traceback__
        if isinstance(error, CONTROL) or not self._is_of_behaviour(trace):
            return False
        if not self._reported:
            self._reported = True
            lines = traceback.format_exception(type(error), error, trace, limit=-DEEP)
            self._fail(describe_fault(error, self._locustfile, trace), "".join(lines))
        return True

    def _is_of_behaviour(self, trace: TracebackType | None) -> bool:
        return any(belongs_to(frame.f_code.co_filename, self._locustfile) for frame, _ in traceback.walk_tb(trace))

    def _on_user_error(
        self, user_instance: object, exception: BaseException, tb: TracebackType, **_other: object
    ) -> None:
        user = getattr(user_instance, "user", user_instance)
        if isinstance(exception, ANSWERS) and not isinstance(user, StreamingUser):
            self._answer = exception
        else:
            self.on_error(exception, tb)

    def _on_log(self, record: logging.LogRecord) -> bool:
        """Whether a record is shown. What Locust logs of an exception of the locustfile's is reported by us, once."""
        _, error, trace = record.exc_info or sys.exc_info()
        if error is None or PACKAGES[0] not in Path(record.pathname).resolve().parents:
            return True
        if error is self._answer:
            place = traceback.format_tb(error.__traceback__)[-1]
            is_new = (type(error), place) not in self._shown
            self._shown.add((type(error), place))
            return is_new
        return not self.on_error(error, trace)
