"""One request: sent, tried again as the policy says, and counted.

Rule: every attempt has its start line in the journal before its first byte is sent, and is paid for before it is sent;
a retry is intended when its back-off was due.
"""

from firsttoken.load.asking.ask import Ask
from firsttoken.load.control.counting import count_attempt, count_request
from firsttoken.load.session.session import Session
from firsttoken.load.session.stage_run import REASSIGNED, Request
from firsttoken.load.session.target import LiveTarget
from firsttoken.row import HELD_BACK, STOPPED_IN_BACKOFF, Row


def send_request(session: Session, request: Request) -> list[Row]:
    """Send a request, retrying as the policy says; the rows of its attempts, in order."""
    session.retries.record_request()
    if request.stage_run.is_open:
        session.counters.record_lateness(session.clock.now_ns() - request.intended_ns)
    try:
        _attempt_until_done(session, request)
    finally:
        request.stage_run.end_request(request)
    stage_run = request.stage_run
    count_request(stage_run.counters, stage_run.clock, request, session.rules.value_of)
    return request.rows


def _attempt_until_done(session: Session, request: Request) -> None:
    target = session.targets[request.stage_run.clock.plan.target]
    ask = request.ask = _choose_ask(target, request)
    intended_ns = request.intended_ns
    while session.admission.may_send(request):
        bound = session.limiter.bound_cost(target.target.name, ask.words, ask.output_tokens)
        if bound is not None and not session.budget_queue.await_room(request, target.target.name, bound):
            return
        held_back = request.waited_until_ns > intended_ns
        if held_back and not request.stage_run.is_open:
            intended_ns = request.waited_until_ns  # what our own budget delays is no wait for the server
        row = _describe(session, request, ask, intended_ns)
        row.checks += [HELD_BACK] * held_back
        request.rows.append(row)
        session.recorder.begin_attempt(row)
        try:
            request.kept = [] if _keeps_text(request) else None
            should_retry = target.client.send(row, ask.body, request.kept)
            row.backoff_ms = session.retries.choose_backoff_ms(row, should_retry)
        finally:  # however it ends, also by a timeout or a kill of the behaviour's own
            session.limiter.reconcile_attempt(row, ask.words, bound)
            session.recorder.end_attempt(row)
            count_attempt(request.stage_run.counters, row, session.limiter.price_attempt(row))
        if row.backoff_ms is None or row.end_ns is None:
            return
        intended_ns = row.end_ns + round(row.backoff_ms * 1e6)
        try:
            _sleep_until(session, intended_ns, request)
        except BaseException:
            row.checks.append(STOPPED_IN_BACKOFF)
            session.recorder.end_attempt(row)
            raise


def _choose_ask(target: LiveTarget, request: Request) -> Ask:
    """What is sent: as it was composed ahead, unless the behaviour wants something else."""
    if request.ask is not None and not request.wish.changes_request:
        return request.ask
    return target.build_request(request.stage_run.clock.plan, request.slot, request.number, request.wish)


def _keeps_text(request: Request) -> bool:
    """Whether the behaviour may read the text."""
    wish = request.wish
    return (wish.messages is not None or request.has_next_turn) if wish.keeps_text is None else wish.keeps_text


def _sleep_until(session: Session, at_ns: int, request: Request) -> None:
    """Sleep through a back-off, or until the stage ends."""
    while session.admission.may_send(request) and (wait_ns := at_ns - session.clock.now_ns()) > 0:
        session.admission.wait_for_change(wait_ns / 1e9)


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
        turn=_find_turn(request, ask),
        name=request.wish.name,
        prompt_id=ask.prompt_id,
        intended_ns=intended_ns,
        asked_input_tokens=ask.words,
        asked_output_tokens=ask.output_tokens,
    )


def _find_turn(request: Request, ask: Ask) -> int:
    """How many answers stand before it: in the conversation that was given, else in the session so far."""
    if ask.turn is not None:
        return ask.turn
    return request.number % REASSIGNED if request.stage_run.clock.plan.turns > 1 else 0
