"""One request: sent, tried again as the policy says, and counted.

Rule: every attempt has its start line in the journal before its first byte is sent, and is paid for before it is sent;
a retry is intended when its back-off was due.
"""

from __future__ import annotations

from firsttoken.load.budget.cost import Cost
from firsttoken.load.budget.rate_share import QuotaShare
from firsttoken.load.control.counters import Counters
from firsttoken.load.control.progress import count_measured_tokens
from firsttoken.load.control.slo import is_empty
from firsttoken.load.session.session import Session
from firsttoken.load.session.stage_run import REASSIGNED, Request
from firsttoken.load.session.target import Ask
from firsttoken.plan.retry import choose_backoff_ms
from firsttoken.row import HELD_BACK, STOPPED_FROM_OUTSIDE, STOPPED_IN_BACKOFF, SUCCESS, UNJUDGED, Row

REFUSED_S = 0.02
"""How soon a request that the budget had no room for asks again."""


def send_request(session: Session, request: Request) -> list[Row]:
    """Send a request, retrying as the policy says; the rows of its attempts, in order."""
    session.retries.record_request()
    if request.stage_run.is_open:
        session.lateness_ns.append(session.now_ns() - request.intended_ns)
    try:
        _attempt_until_done(session, request)
    finally:
        request.stage_run.release(request)
    _record_request(session, request)
    return request.rows


def _attempt_until_done(session: Session, request: Request) -> None:
    target = session.targets[request.stage_run.clock.plan.target]
    ask = request.ask or target.build_request(request.stage_run.clock.plan, request.slot, request.number)
    intended_ns = request.intended_ns
    while session.may_send(request):
        bound = session.limiter.bound(target.target.name, ask.words, ask.output_tokens)
        if bound is not None and not _await_room(session, request, target.target.name, bound):
            return
        held_back = request.waited_until_ns > intended_ns
        if held_back and not request.stage_run.is_open:
            intended_ns = request.waited_until_ns  # what our own budget delays is no wait for the server
        row = _describe(session, request, ask, intended_ns)
        row.checks += [HELD_BACK] * held_back
        request.rows.append(row)
        session.recorder.begin(row)
        try:
            should_retry = target.client.send(row, ask.body)
            row.backoff_ms = _choose_backoff(session, row, should_retry)
        finally:  # whoever ends it, also the behaviour itself by a timeout or a kill
            session.limiter.reconcile(row, ask.words, bound)
            session.recorder.end(row)
            request.stage_run.record_attempt(row)
            _count_cost(session, request, row)
        if row.backoff_ms is None or row.end_ns is None:
            return
        intended_ns = row.end_ns + round(row.backoff_ms * 1e6)
        try:
            _sleep_until(session, intended_ns, request)
        except BaseException:
            row.checks.append(STOPPED_IN_BACKOFF)
            session.recorder.end(row)
            raise


def _await_room(session: Session, request: Request, target: str, bound: Cost) -> bool:
    """Wait until quota and budget have room for an attempt; False if the stage ended meanwhile.

    Where only a share of a quota may be used, all stand in one line, and its head alone watches.
    """
    request.stage_run.waiting += 1
    try:
        return _await_quota_and_allowance(session, request, target, bound)
    finally:
        request.stage_run.waiting -= 1


def _await_quota_and_allowance(session: Session, request: Request, target: str, bound: Cost) -> bool:
    quota = session.limiter.quota(target)
    if quota is None:
        return _await_allowance(session, request, bound)
    line = session.line(target)
    has_to_wait = line.locked()
    with line:
        if has_to_wait:
            request.waited_until_ns = session.now_ns()
        if not (_await_quota(session, request, quota) and _await_allowance(session, request, bound)):
            return False
        quota.charge(bound, session.now_ns())
    return True


def _await_quota(session: Session, request: Request, quota: QuotaShare) -> bool:
    """Wait until the share of a quota lets one more through; False if the stage ended meanwhile."""
    while session.may_send(request):
        wait_ns = quota.wait_ns(session.now_ns())
        if not wait_ns:
            return True
        session.wait(wait_ns / 1e9)
        request.waited_until_ns = session.now_ns()
    return False


def _await_allowance(session: Session, request: Request, bound: Cost) -> bool:
    """Wait until the budget has room for an attempt; False if the stage ended meanwhile."""
    allowance = session.limiter.allowance
    try:
        while session.may_send(request):
            if allowance.reserve(request, bound, session.now_ns()):
                return True
            session.refill()
            if allowance.reserve(request, bound, session.now_ns()):
                return True  # a backend of one process has its answer at once, and need not be late for its schedule
            session.wait(REFUSED_S)
            request.waited_until_ns = session.now_ns()
    finally:
        allowance.forget(request)
    return False


def _describe(session: Session, request: Request, ask: Ask, intended_ns: int) -> Row:
    plan = request.stage_run.clock.plan
    return Row(
        run_id=session.run_id,
        target=plan.target,
        stage=plan.stage,
        level=plan.level,
        repeat=plan.repeat,
        phase=request.phase,
        worker=session.recorder.worker,
        user=request.slot,
        request_id=f"{plan.stage}-{request.slot}-{request.number}",
        attempt=len(request.rows) + 1,
        turn=request.number % REASSIGNED if plan.turns > 1 else 0,
        prompt_id=ask.prompt_id,
        intended_ns=intended_ns,
        asked_input_tokens=ask.words,
        asked_output_tokens=ask.output_tokens,
    )


def _choose_backoff(session: Session, row: Row, should_retry: bool | None) -> float | None:
    if session.credits[row.target].is_spent(row) or row.outcome in SUCCESS:
        return None
    backoff_ms = choose_backoff_ms(session.policy, row, should_retry, session.draw.random())
    return backoff_ms if backoff_ms is not None and session.retries.allow() else None


def _sleep_until(session: Session, at_ns: int, request: Request) -> None:
    """Sleep through a back-off, or until the stage ends."""
    while session.may_send(request) and (wait_ns := at_ns - session.now_ns()) > 0:
        session.wait(wait_ns / 1e9)


def _count_cost(session: Session, request: Request, row: Row) -> None:
    """Count what an attempt has cost, for the live line."""
    counters, nano_usd = request.stage_run.counters, session.limiter.price(row)
    counters.nano_usd += nano_usd or 0
    counters.unpriced += nano_usd is None


def _record_measured(counters: Counters, last: Row) -> None:
    """Count a measured request that has ended, for the line that is told once its stage is over."""
    counters.measured += 1
    if last.outcome not in SUCCESS:
        counters.measured_failed += last.outcome not in UNJUDGED
        return
    if last.sent_ns is not None and last.first_token_ns is not None and not is_empty(last):
        counters.measured_ttft.add(last.first_token_ns - last.sent_ns)


def _record_request(session: Session, request: Request) -> None:
    """Count what the stage clock and the live line need to know."""
    counters, last = request.stage_run.counters, request.rows[-1] if request.rows else None
    if last is None or last.outcome in STOPPED_FROM_OUTSIDE or last.end_ns is None:
        return
    counters.ended += 1
    if request.phase == "measure":
        _record_measured(counters, last)
    if last.outcome not in SUCCESS:
        counters.failed += 1
    elif last.sent_ns is not None and last.first_token_ns is not None:
        counters.measured_tokens += count_measured_tokens(request.stage_run.clock, last)
        counters.e2e.add(last.end_ns - request.intended_ns)
        counters.ttft.add(last.first_token_ns - last.sent_ns)
    value = session.value_of(request.rows) if session.value_of and request.phase == "measure" else None
    if value is not None:
        counters.samples.append((request.intended_ns, value))
