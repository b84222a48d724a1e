"""The user that locustfiles build on: it waits for its turn, asks, and tells Locust once per request.

Rule: one Locust `request` event per request, whatever its retries, so that Locust's own totals stay true. A
request that the run itself cut off is not an answer of the server: it is a row, and no event.
"""

from __future__ import annotations

from locust import User
from locust.env import Environment

from firsttoken.load import plain
from firsttoken.load.asking import perform
from firsttoken.load.lane import Request
from firsttoken.load.session import Session
from firsttoken.load.shape import Stages
from firsttoken.row import STOPPED_FROM_OUTSIDE, SUCCESS, Row


class StreamingUser(User):
    """A Locust user with one verb, `ask`."""

    abstract = True

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.session = _find_session(environment)

    def on_start(self) -> None:
        self.session.users[self] = len(self.session.users)

    def on_stop(self) -> None:
        self.session.users.pop(self, None)

    def wait_time(self) -> float:
        """Seconds of think time after each task: `think` of the scenario unless a behaviour says otherwise."""
        return self.session.think_s

    def ask(self) -> Row:
        """Wait for a turn, send the next prompt and read its whole stream; the row of the last attempt."""
        rows: list[Row] = []
        while not rows:  # a stage that closes between the turn and the sending leaves none
            request = self.session.admit(self)
            rows = perform(self.session, request)
        self._tell_locust(request, rows)
        return rows[-1]

    def _tell_locust(self, request: Request, rows: list[Row]) -> None:
        last = rows[-1]
        if last.outcome in STOPPED_FROM_OUTSIDE or last.end_ns is None:
            return
        failure = None if last.outcome in SUCCESS else RequestFailedError(self.session.word_failure(last))
        self.environment.events.request.fire(
            request_type="STREAM",
            name=last.target,
            response_time=(last.end_ns - request.intended_ns) / 1e6,
            response_length=sum(row.bytes_received for row in rows),
            exception=failure,
            context={},
        )


def _find_session(environment: Environment) -> Session:
    stages = environment.shape_class
    if not isinstance(stages, Stages) or stages.session is None:
        raise RuntimeError("a StreamingUser needs a scenario: expected `--scenario NAME` or `firsttoken run NAME`")
    return stages.session


class RequestFailedError(Exception):
    """How a request that gave up is shown in Locust's own tables."""


plain.install()
