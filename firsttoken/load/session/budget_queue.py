"""Where a request waits until the quota and the budget have room for its next attempt.

Rule: where only a share of a quota may be used, all requests of the target stand in one line, and its head alone
watches the quota; whatever ends a request takes it out of the line.
"""

from gevent.lock import BoundedSemaphore

from firsttoken.load.budget.cost import Cost
from firsttoken.load.budget.limiter import BudgetLimiter
from firsttoken.load.budget.rate_share import QuotaShare
from firsttoken.load.session.admission import Admission
from firsttoken.load.session.run_clock import RunClock
from firsttoken.load.session.stage_run import Request

REFUSED_S = 0.02
"""How soon a request that the budget had no room for asks again."""


class BudgetQueue:
    """The requests of one process that wait for room."""

    def __init__(self, limiter: BudgetLimiter, admission: Admission, clock: RunClock) -> None:
        self._limiter = limiter
        self._admission = admission
        self._clock = clock
        self._lines: dict[str, BoundedSemaphore] = {}
        """Target -> the line of those who wait for a share of its quota: its holder is the head."""

    def await_room(self, request: Request, target: str, bound: Cost) -> bool:
        """Wait until an attempt of at most this cost may be sent; False if its stage ended meanwhile."""
        request.stage_run.waiting += 1
        try:
            quota = self._limiter.find_quota(target)
            if quota is None:
                return self._await_allowance(request, bound)
            return self._await_turn_in_line(request, target, quota, bound)
        finally:
            request.stage_run.waiting -= 1

    def _await_turn_in_line(self, request: Request, target: str, quota: QuotaShare, bound: Cost) -> bool:
        line = self._lines.setdefault(target, BoundedSemaphore())
        has_to_wait = line.locked()
        with line:
            if has_to_wait:
                request.waited_until_ns = self._clock.now_ns()
            if not (self._await_quota(request, quota) and self._await_allowance(request, bound)):
                return False
            quota.charge(bound, self._clock.now_ns())
        return True

    def _await_quota(self, request: Request, quota: QuotaShare) -> bool:
        """Wait until the share of a quota lets one more through; False if the stage ended meanwhile."""
        while self._admission.may_send(request):
            wait_ns = quota.wait_ns(self._clock.now_ns())
            if not wait_ns:
                return True
            self._admission.wait_for_change(wait_ns / 1e9)
            request.waited_until_ns = self._clock.now_ns()
        return False

    def _await_allowance(self, request: Request, bound: Cost) -> bool:
        """Wait until the budget has room for an attempt; False if the stage ended meanwhile."""
        allowance = self._limiter.allowance
        try:
            while self._admission.may_send(request):
                if allowance.reserve(request, bound, self._clock.now_ns()):
                    return True
                self._limiter.request_top_up()
                if allowance.reserve(request, bound, self._clock.now_ns()):
                    return True  # one process has its answer at once, and need not be late for its schedule
                self._admission.wait_for_change(REFUSED_S)
                request.waited_until_ns = self._clock.now_ns()
        finally:
            allowance.forget(request)
        return False
