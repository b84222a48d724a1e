"""The run inside one load process: the gate users wait at, and one request with its retries.

Rule: a user sends only while a stage admits it; `intended` is when it became free, not when it was woken; and
every attempt has its start line in the journal before its first byte is sent.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, NamedTuple

from gevent.event import Event

from firsttoken.load.clock import StageClock
from firsttoken.load.plan import StagePlan
from firsttoken.load.retry import RetryPolicy, choose_backoff_ms
from firsttoken.row import SUCCESS, Outcome, Phase, Row

if TYPE_CHECKING:
    from collections.abc import Hashable

    from firsttoken.load.recorder import Recorder
    from firsttoken.load.target import LiveTarget


class Request(NamedTuple):
    """What a user wants now: where it was admitted, and when it became free."""

    clock: StageClock
    seat: int
    number: int
    """Of this user in this stage, from 0."""
    intended_ns: int
    phase: Phase


class Session:
    """The shared state of a run in one load process; all of it lives on one gevent hub."""

    def __init__(
        self,
        *,
        run_id: str,
        targets: dict[str, LiveTarget],
        policy: RetryPolicy,
        recorder: Recorder,
        origin_ns: int,
        think_s: float,
    ) -> None:
        self.run_id = run_id
        self.targets = targets
        self.policy = policy
        self.recorder = recorder
        self.origin_ns = origin_ns
        self.think_s = think_s
        self.wanted_users = 0
        self.over = False
        """The conductor has ended the run: Locust's shape says stop."""
        self.interrupted: str | None = None
        """Who asked to stop, if somebody did."""
        self.failure: str | None = None
        """Why the run cannot go on, in a sentence for the user."""
        self.clock: StageClock | None = None
        self.users: dict[Hashable, int] = {}
        """Living users and their seats."""
        self.busy = 0
        """Users with a request: attempts and back-off together."""
        self.issued = 0
        self.open_measured = 0
        self.e2e_ns: list[int] = []
        self.ttft_ns: list[int] = []
        self.failed = 0
        self._turns: dict[int, int] = {}
        self._changed = Event()
        self._draw = random.Random(run_id)

    def now_ns(self) -> int:
        """Nanoseconds since the run's origin."""
        return time.monotonic_ns() - self.origin_ns

    @property
    def stopping(self) -> str | None:
        """Why the run ends before its plan, or None."""
        return self.interrupted or self.failure or self.recorder.failure

    def interrupt(self, reason: str) -> None:
        """Stop in order: what is on the wire ends now, nobody sends anything more."""
        self.interrupted = self.interrupted or reason
        self._cancel("cancelled_by_user")

    def _cancel(self, outcome: Outcome) -> None:
        for target in self.targets.values():
            target.client.cancel_all(outcome)

    # -- the gate -------------------------------------------------------------------------------------------------

    def begin_stage(self, plan: StagePlan) -> StageClock:
        """Seat the living users and let them in."""
        self.users = {user: seat for seat, user in enumerate(self.users)}
        self.issued = self.open_measured = self.failed = 0
        self.e2e_ns, self.ttft_ns, self._turns = [], [], {}
        self.clock = StageClock(plan, self.now_ns())
        self._wake()
        return self.clock

    def end_stage(self, outcome: Outcome) -> None:
        """Close the gate and end what is still on the wire."""
        self.clock = None
        self._cancel(outcome)
        self._wake()

    def _wake(self) -> None:
        waiting, self._changed = self._changed, Event()
        waiting.set()

    def advance(self) -> None:
        """Move the stage's clock to now."""
        if self.clock is not None:
            self.clock.advance(self.now_ns(), issued=self.issued, open_measured=self.open_measured, e2e_ns=self.e2e_ns)

    def admit(self, user: Hashable) -> Request:
        """Block until a stage lets this user send one more request."""
        free_ns = self.now_ns()
        while True:
            self.advance()
            clock, seat = self.clock, self.users.get(user)
            if clock is None or seat is None or not self._has_room(clock, seat):
                self._changed.wait()
                continue
            opens_ns = clock.opens_ns(seat)
            wait_ns = opens_ns - self.now_ns()
            if wait_ns > 0:
                self._changed.wait(timeout=wait_ns / 1e9)
                continue
            self.issued += 1
            number = self._turns.get(seat, 0)
            self._turns[seat] = number + 1
            intended_ns = max(free_ns, opens_ns)
            return Request(clock, seat, number, intended_ns, clock.phase_at(intended_ns))

    def _has_room(self, clock: StageClock, seat: int) -> bool:
        return self.stopping is None and seat < clock.plan.users and clock.admits(self.issued)

    # -- one request ----------------------------------------------------------------------------------------------

    def perform(self, request: Request) -> list[Row]:
        """Send a request, retrying as the policy says; the rows of its attempts, in order."""
        measured = request.phase == "measure"
        self.busy += 1
        self.open_measured += measured
        try:
            rows = self._attempt_until_done(request)
        finally:
            self.busy -= 1
            self.open_measured -= measured
        self._note(request, rows[-1])
        return rows

    def _attempt_until_done(self, request: Request) -> list[Row]:
        plan = request.clock.plan
        target = self.targets[plan.target]
        prompt_id, body = target.compose(plan, request.seat, request.number)
        rows: list[Row] = []
        intended_ns = request.intended_ns
        while True:
            row = Row(
                run_id=self.run_id,
                target=plan.target,
                stage=plan.stage,
                level=plan.level,
                repeat=plan.repeat,
                phase=request.phase,
                user=request.seat,
                request_id=f"{plan.stage}-{request.seat}-{request.number}",
                attempt=len(rows) + 1,
                prompt_id=prompt_id,
                intended_ns=intended_ns,
            )
            rows.append(row)
            self.recorder.begin(row)
            should_retry = target.client.send(row, body)
            row.backoff_ms = self._choose_backoff(row, should_retry)
            self.recorder.end(row)
            if row.backoff_ms is None or row.end_ns is None:
                return rows
            intended_ns = row.end_ns + round(row.backoff_ms * 1e6)
            if not self._sleep_until(intended_ns, request.clock):
                return rows

    def _choose_backoff(self, row: Row, should_retry: bool | None) -> float | None:
        return (
            None if row.outcome in SUCCESS else choose_backoff_ms(self.policy, row, should_retry, self._draw.random())
        )

    def _sleep_until(self, at_ns: int, clock: StageClock) -> bool:
        """Sleep through a back-off; False if the stage ended meanwhile."""
        while self.clock is clock and (wait_ns := at_ns - self.now_ns()) > 0:
            self._changed.wait(timeout=wait_ns / 1e9)
        return self.clock is clock

    def _note(self, request: Request, last: Row) -> None:
        """Keep the few figures that the clock's "auto" and the live line need."""
        if request.clock is not self.clock:
            return
        if last.outcome not in SUCCESS:
            self.failed += 1
        elif last.end_ns is not None and last.sent_ns is not None and last.first_token_ns is not None:
            self.e2e_ns.append(last.end_ns - request.intended_ns)
            self.ttft_ns.append(last.first_token_ns - last.sent_ns)
