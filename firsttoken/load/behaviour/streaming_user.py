"""The user that locustfiles build on: it waits for its turn, asks, and reports to Locust once per request.

Rule: one Locust `request` event per request, whatever its retries, so that Locust's own totals stay true. A
request that the run itself cut off is not an answer of the server: it is a row, and no event. A task belongs to one
stage: where that ends between two of its requests, it begins anew in the next, so that no target is asked about
another's answer.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import update_wrapper
from typing import Self

import gevent
from gevent import Greenlet, get_hub, getcurrent
from gevent.pool import Group
from locust import TaskSet, User
from locust.env import Environment
from locust.exception import RescheduleTaskImmediately

from firsttoken.load.asking.answer import Answer
from firsttoken.load.asking.ask import Wish
from firsttoken.load.behaviour.reporting_shape import Stages
from firsttoken.load.behaviour.request import send_request
from firsttoken.load.session.admission import StageEndedError
from firsttoken.load.session.session import Session
from firsttoken.load.session.stage_run import Request, StageRun
from firsttoken.row import STOPPED_FROM_OUTSIDE, SUCCESS, Row
from firsttoken.traffic.conversation import DRAWN, Message, read_conversation
from firsttoken.wire.dialects import DIALECTS
from firsttoken.wire.dialects.dialect import list_messages

REQUEST_TYPE = "STREAM"
"""Of our requests in Locust's own statistics."""
Task = TaskSet | Callable[..., object]
"""As Locust types it; a TaskSet is given as its class."""


class StreamingUser(User):
    """A Locust user with one verb, `ask`; what it asks is measured."""

    abstract = True

    session: Session
    task_stage: StageRun | None = None
    """The stage in which the task that runs has sent a request."""
    keep_text: bool | None = None
    """Whether the texts of answers are kept, so that they can be read. None: of requests with a prompt of the
    behaviour's own, and of those that another turn of their session follows; True: of all; False: of none."""

    def __new__(cls, environment: Environment, *_others: object, **_named: object) -> Self:
        """Ready before any `__init__`, so that a behaviour's own need not call this one."""
        user = super().__new__(cls)
        User.__init__(user, environment)
        user.session = _find_session(environment)
        user.tasks = [_end_by_timeout(task) for task in cls.tasks]
        return user

    def start(self, group: Group) -> Greenlet:
        """Begin its life; it counts once its `on_start`, whatever that is, is through, or asks, and until it has left.

        Locust calls this one and no behaviour overrides it, so no hook of a behaviour has to call ours.
        """
        session, prepare = self.session, self.on_start

        def on_start() -> None:
            prepare()
            session.users.add_user(self)

        setattr(self, "on_start", on_start)  # noqa: B010 - a method is not assigned to by its name
        session.users.start_user(self)
        greenlet = super().start(group)
        greenlet.rawlink(lambda _ended: session.users.remove_user(self))
        return greenlet

    def wait_time(self) -> float:
        """Seconds of think time after each task: `think` of the scenario unless a behaviour says otherwise."""
        return self.session.rules.think_s

    def ask(
        self, prompt: str | Sequence[Message] | None = None, *, max_tokens: int | None = None, name: str | None = None
    ) -> Answer:
        """Wait for a turn, send a request and read its whole stream; what came of it, whatever its retries.

        Without a prompt the scenario's next one is asked: drawn by [traffic], from its file where it has one. A text
        is what the user says; a list of messages is a conversation, in which DRAWN stands for the scenario's prompt.
        `max_tokens` is the most that the answer may have, in the place of the drawn length. `name` is the kind of
        request: the column `name` of its rows, and beside the target in Locust's own statistics.

        Raises MessageError for what is no conversation.
        """
        wish = Wish(_read_prompt(prompt), max_tokens, name, self.keep_text)
        rows: list[Row] = []
        while not rows:  # a stage that closes between the turn and the sending leaves none
            request, struck = self._await_turn()
            request.wish = wish
            with _strike_later(struck):
                rows = send_request(self.session, request)
        if getcurrent() is self.greenlet:
            self.task_stage = request.stage_run
        self._report_to_locust(request, rows)
        asked, dialect = request.ask, DIALECTS[self.session.targets[rows[-1].target].target.api]
        messages = list_messages("" if asked is None else asked.prompt)
        return Answer(rows[-1], messages, dialect, request.kept, has_next_turn=request.has_next_turn)

    def _await_turn(self) -> tuple[Request, list[gevent.Timeout]]:
        """The next request, once it may be sent, and the timeouts of the behaviour's own that struck before."""
        struck: list[gevent.Timeout] = []
        within = self.task_stage if getcurrent() is self.greenlet else None
        while True:
            try:
                request = self.session.admission.acquire_slot(self, within)
            except gevent.Timeout as timeout:
                struck.append(timeout)
            except StageEndedError:
                raise RescheduleTaskImmediately from None
            else:
                return request, struck

    def _report_to_locust(self, request: Request, rows: list[Row]) -> None:
        last = rows[-1]
        if last.outcome in STOPPED_FROM_OUTSIDE or last.end_ns is None:
            return
        failure = None if last.outcome in SUCCESS else RequestFailedError(self.session.counters.describe_failure(last))
        self.environment.events.request.fire(
            request_type=REQUEST_TYPE,
            name=last.target if last.name is None else f"{last.target} {last.name}",
            response_time=(lasted_ns := last.end_ns - request.intended_ns) / 1e6,
            response_length=sum(row.bytes_received for row in rows),
            response=last,
            exception=failure,
            context={},
            start_time=time.time() - lasted_ns / 1e9,
            url=self.session.targets[last.target].target.base_url,
        )


def _read_prompt(prompt: str | Sequence[Message] | None) -> list[Message] | None:
    """The conversation that is given; None where it is the scenario's prompt alone. Raises MessageError."""
    if prompt is None or (len(prompt) == 1 and prompt[0] is DRAWN):
        return None
    return read_conversation(prompt)


def _end_by_timeout(task: Task) -> Task:
    """The task, which a timeout of the behaviour's own ends as an answer would, where it is not caught within."""

    def run(user: StreamingUser) -> None:
        user.task_stage = None
        with suppress(gevent.Timeout):
            if isinstance(task, type):
                task(user).run()
            elif not isinstance(task, TaskSet):
                task(user)

    return update_wrapper(run, task, updated=()) if callable(task) else run


@contextmanager
def _strike_later(struck: Sequence[gevent.Timeout]) -> Iterator[None]:
    """Begin timeouts anew: they are meant for the answer, and struck while the user still waited for its arrival."""
    user, timers = getcurrent(), [get_hub().loop.timer(timeout.seconds) for timeout in struck]
    for timer, timeout in zip(timers, struck, strict=True):
        timer.start(user.throw, timeout)
    try:
        yield
    finally:
        for timer in timers:
            timer.close()


def _find_session(environment: Environment) -> Session:
    stages = environment.shape_class
    if not isinstance(stages, Stages) or stages.session is None:
        raise RuntimeError(
            "StreamingUser: expected a scenario, got none; use `--scenario NAME` or `firsttoken run NAME`"
        )
    return stages.session


class RequestFailedError(Exception):
    """How a request that failed is shown in Locust's own tables."""
