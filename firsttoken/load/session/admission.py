"""Who may send now: the slots of a closed loop and the arrivals of an open one, given to the users of this process.

Rule: a user sends only while a stage admits it; `intended_ns` is when it became free, or when its arrival was due, and
not when it was woken.
"""

from collections.abc import Hashable, Mapping, Sequence

import gevent
from gevent.event import AsyncResult, Event

from firsttoken.load.control.phases import advance_together
from firsttoken.load.session.cancellation import Cancellation
from firsttoken.load.session.living_users import LivingUsers
from firsttoken.load.session.run_clock import RunClock
from firsttoken.load.session.stage_run import Request, StageRun
from firsttoken.load.session.target import LiveTarget
from firsttoken.row import Outcome

USERS_READY_NS = 100_000_000
"""How long the first arrival waits at most for the users of its stage to be there."""


class StageEndedError(Exception):
    """A user wants to send in a stage that has ended; it has a slot in another one now."""


class Admission:
    """The stages that run in this process, and the users who wait to send in them."""

    def __init__(
        self,
        users: LivingUsers,
        cancellation: Cancellation,
        targets: Mapping[str, LiveTarget],
        clock: RunClock,
        *,
        leads: bool = True,
    ) -> None:
        """`leads`: this process moves the clocks of its stages itself."""
        self.stage_runs: list[StageRun] = []
        """The stages that run now, or ran last."""
        self._users = users
        self._cancellation = cancellation
        self._targets = targets
        self._clock = clock
        self._leads = leads
        self._is_open = False
        self._places: dict[int, tuple[StageRun, int]] = {}
        """Number of a user -> its stage and its slot there."""
        self._dispatchers: list[gevent.Greenlet] = []
        self._changed = Event()

    def open_stages(self, stage_runs: Sequence[StageRun]) -> None:
        """Begin a group of stages: give their slots to the living users, stage by stage, and let them send."""
        self.stage_runs, self._places, self._dispatchers = [], {}, []
        self._users.renumber_users()
        self._is_open = True
        self.add_stages(stage_runs)

    def add_stages(self, stage_runs: Sequence[StageRun]) -> None:
        """Open further stages beside those that run, for users who have no slot yet."""
        self.stage_runs += stage_runs
        places = [(stage_run, slot) for stage_run in stage_runs for slot in stage_run.slots]
        self._places |= dict(enumerate(places, start=len(self._places)))
        self._dispatchers += [gevent.spawn(self._dispatch_arrivals, each) for each in stage_runs if each.is_open]
        self._wake_users()

    def close_stages(self, outcome: Outcome) -> None:
        """Admit no more requests and end what is still on the wire; `stage_runs` stay until the next ones begin."""
        self._is_open = False
        gevent.killall(self._dispatchers, block=False)
        for stage_run in self.stage_runs:
            stage_run.dismiss_users()
        self._cancellation.cancel_attempts(outcome)
        self._wake_users()

    def may_send(self, request: Request) -> bool:
        """Whether the stage of a request still runs."""
        return self._is_open and request.stage_run in self.stage_runs

    def wait_for_change(self, timeout_s: float) -> None:
        """Sleep, but no longer than until stages open or close."""
        self._clock.wait(self._changed, timeout_s)

    def acquire_slot(self, user: Hashable, within: StageRun | None = None) -> Request:
        """Block until a stage lets this user send one more request.

        `within`: the only stage that will do. Raises StageEndedError once another one has a slot for the user.
        """
        free_ns = self._clock.now_ns()
        self._users.add_starting_user(user)
        while True:
            self._advance_clocks()
            number = self._users.find_number(user)
            place = None if number is None else self._places.get(number)
            if place is None or not self._is_open or self._cancellation.stopping is not None:
                self._clock.wait(self._changed)
                continue
            stage_run, slot = place
            if within is not None and stage_run is not within:
                raise StageEndedError
            if stage_run.is_open:
                request = stage_run.continue_conversation(user, free_ns) or self._await_arrival(stage_run)
            else:
                request = self._await_slot(stage_run, slot, free_ns)
            if request is not None:
                stage_run.remember_conversation(user, request)
                return request

    def find_empty_slots(self, stage_run: StageRun) -> list[int]:
        """The slots of a stage whose user has left or was never started."""
        missing = self._users.find_missing(len(self._places))
        places = [self._places[number] for number in missing if number in self._places]
        return [slot for owner, slot in places if owner is stage_run]

    def _await_slot(self, stage_run: StageRun, slot: int, free_ns: int) -> Request | None:
        """The next request of a slot; None where the user has to look again whether it may send."""
        now_ns = self._clock.now_ns()
        opens_ns = None if stage_run.is_full else stage_run.find_opening(slot, now_ns)
        if opens_ns is None or opens_ns > now_ns:
            self._clock.wait(self._changed, None if opens_ns is None else (opens_ns - now_ns) / 1e9)
            return None
        return stage_run.take_slot(slot, max(free_ns, opens_ns))

    def _await_arrival(self, stage_run: StageRun) -> Request | None:
        """The next arrival that is given to an idle user; None where the stage has closed."""
        given: AsyncResult[Request | None] = AsyncResult()
        stage_run.idle.append(given)
        try:
            request: Request | None = given.get()
            return request
        except BaseException:
            if given.ready() and given.value is not None:
                stage_run.end_request(given.value)
            elif not given.ready():
                stage_run.idle.remove(given)
            raise

    def _dispatch_arrivals(self, stage_run: StageRun) -> None:
        """Give the arrivals of an open loop to idle users when they are due, however the answers come."""
        clock, target = self._clock, self._targets[stage_run.clock.plan.target]
        start_ns, slots = stage_run.clock.start_ns, len(stage_run.slots)
        while len(stage_run.idle) < min(slots, self._users.ready) and clock.now_ns() < start_ns + USERS_READY_NS:
            clock.sleep(0)
        for number, due_ns in stage_run.schedule:
            due_ns += start_ns
            ask = target.build_request(stage_run.clock.plan, number, 0)  # now, while there is time
            while (wait_ns := due_ns - clock.now_ns()) > 0:
                clock.sleep(wait_ns / 1e9)
            self._advance_clocks()
            if stage_run.is_full or self._cancellation.stopping is not None:
                return
            stage_run.dispatch_arrival(number, due_ns, ask)

    def _advance_clocks(self) -> None:
        if self._leads:
            now_ns = self._clock.now_ns()
            advance_together([(each.clock, each.counters) for each in self.stage_runs], now_ns)

    def _wake_users(self) -> None:
        waiting, self._changed = self._changed, Event()
        waiting.set()
