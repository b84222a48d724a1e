"""The conductor: takes a session through the stages of its plan, and owns the end.

Rule: stop, drain, flush, then quit, in this order; a stage that was interrupted says so in the journal, and the
journal's count of started attempts is written at every boundary.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

import gevent

from firsttoken.load.clock import StageClock
from firsttoken.load.garbage import uncollected
from firsttoken.load.plan import StagePlan
from firsttoken.load.session import Session
from firsttoken.row import StageEvent

TICK_S = 0.02
REPORT_EVERY = 25
"""Ticks between two lines of progress."""
FLUSH_EVERY = 12
"""Ticks between two flushes of the journal: a quarter of a second."""
SPAWN_PATIENCE_S = 30.0

Progress = Callable[[dict[str, object]], None]


def conduct(session: Session, plans: Sequence[StagePlan], progress: Progress) -> None:
    """Run every stage in order, until the plan is through, somebody stops it or the disk refuses."""
    try:
        for plan in plans:
            if session.stopping or not _gather_users(session, plan):
                break
            progress({"event": "stage", "stages": len(plans), **_describe(plan)})
            with _keep_garbage(session, plan):
                _run_stage(session, plan, progress)
    finally:
        session.over = True
        session.recorder.flush()


def _keep_garbage(session: Session, plan: StagePlan) -> AbstractContextManager[None]:
    """Collect no garbage in a stage, unless the openai package makes it: an application has those pauses too."""
    return nullcontext() if session.targets[plan.target].target.client == "sdk" else uncollected()


def _gather_users(session: Session, plan: StagePlan) -> bool:
    """Ask Locust for the stage's users and wait until they live; False if the run was stopped meanwhile."""
    session.wanted_users = plan.users
    waited_s = 0.0
    while len(session.users) != plan.users:
        if session.stopping:
            return False
        if waited_s > SPAWN_PATIENCE_S:
            session.failure = (
                f"expected {plan.users} users to start within {SPAWN_PATIENCE_S:.0f} s, "
                f"Locust has {len(session.users)}; fewer users, or more workers, would help"
            )
            return False
        gevent.sleep(TICK_S)
        waited_s += TICK_S
    return True


def _run_stage(session: Session, plan: StagePlan, progress: Progress) -> None:
    clock = session.begin_stage(plan)
    told, ticks = 0, 0
    while clock.ended_ns is None and session.stopping is None:
        session.advance()
        told = _tell_boundaries(session, clock, told)
        if ticks % REPORT_EVERY == 0:
            progress(_describe_progress(session, clock))
        if ticks % FLUSH_EVERY == 0:
            session.recorder.flush()
        ticks += 1
        gevent.sleep(TICK_S)
    ended_ns = session.now_ns() if clock.ended_ns is None else clock.ended_ns
    session.end_stage("cancelled_by_run" if session.stopping is None else "cancelled_by_user")
    while session.busy:
        gevent.sleep(TICK_S / 4)
    _tell_boundaries(session, clock, told)
    _mark(session, clock, "end", ended_ns, reason=session.stopping)


def _tell_boundaries(session: Session, clock: StageClock, told: int) -> int:
    """Journal the boundaries after the first `told`; how many are told now."""
    for phase, began_ns in clock.boundaries[told:]:
        _mark(session, clock, phase, began_ns)
    return len(clock.boundaries)


def _mark(session: Session, clock: StageClock, event: str, at_ns: int, reason: str | None = None) -> None:
    plan = clock.plan
    session.recorder.mark_stage(
        StageEvent(
            stage=plan.stage,
            target=plan.target,
            level=plan.level,
            repeat=plan.repeat,
            event=event,  # type: ignore[arg-type]  # a phase or "end"; the clock's own words
            at_ns=at_ns,
            users=plan.users,
            started=session.recorder.started.get(plan.stage, 0),
            reason=reason,
        )
    )


def _describe(plan: StagePlan) -> dict[str, object]:
    return {"stage": plan.stage, "target": plan.target, "level": plan.level, "repeat": plan.repeat}


def _describe_progress(session: Session, clock: StageClock) -> dict[str, object]:
    """What the live line shows; its median is of the stage so far and is not a result."""
    return {
        "event": "tick",
        **_describe(clock.plan),
        "phase": clock.phase,
        "elapsed_s": (session.now_ns() - clock.boundaries[0][1]) / 1e9,
        "in_flight": sum(target.client.in_flight for target in session.targets.values()),
        "ended": len(session.e2e_ns),
        "failed": session.failed,
        "ttft_p50_ms": statistics.median(session.ttft_ns) / 1e6 if session.ttft_ns else None,
    }
