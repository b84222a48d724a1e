"""One stage in one process: its slots, its arrivals, and which of its answers are running."""

from firsttoken.decoding.duration import NS
from firsttoken.load.asking.ask import Ask
from firsttoken.load.control.counters import Counters
from firsttoken.load.control.phases import StageClock
from firsttoken.load.session.stage_run import REASSIGNED, StageRun
from firsttoken.row import Row
from tests.load.made_session import describe_stage

ASK = Ask("p", b"{}", words=1, output_tokens=1)


def begin(**keys: object) -> StageRun:
    clock = StageClock(describe_stage(users=2, **keys), 0)
    clock.advance(1, Counters())
    return StageRun(clock, slots=range(2))


def test_the_requests_of_a_slot_are_numbered() -> None:
    stage_run = begin()

    numbers = [stage_run.take_slot(slot, intended_ns=5).number for slot in (0, 1, 0)]

    assert numbers == [0, 0, 1]
    assert (stage_run.counters.issued, stage_run.counters.busy, stage_run.counters.open_measured) == (3, 3, 3)


def test_the_requests_of_a_slot_that_another_process_had_share_no_number_with_its() -> None:
    stage_run = StageRun(StageClock(describe_stage(), 0), slots=[4], generation=1)

    assert stage_run.take_slot(4, 0).number == REASSIGNED


def test_a_slot_opens_as_the_ramp_reaches_it_and_never_after_the_stage() -> None:
    stage_run = begin(ramp_ns=NS)

    assert [stage_run.find_opening(slot, 0) for slot in (0, 1)] == [0, NS // 2]
    assert stage_run.find_opening(1, NS) == NS // 2


def test_an_arrival_without_an_idle_user_is_dropped() -> None:
    stage_run = begin(by="rate")

    stage_run.dispatch_arrival(0, 0, ASK)

    assert (stage_run.counters.dropped, stage_run.counters.issued) == (1, 0)


def test_a_conversation_continues_until_its_turns_are_through() -> None:
    stage_run = begin(by="rate", turns=2)
    first = stage_run.take_slot(7, 0)
    stage_run.remember_conversation("ann", first)

    second = stage_run.continue_conversation("ann", 3)
    stage_run.remember_conversation("ann", second)

    assert (second.slot, second.number, second.intended_ns) == (7, 1, 3)
    assert stage_run.continue_conversation("ann", 4) is None


def test_streams_are_counted_only_once_some_attempts_failed() -> None:
    stage_run = begin()
    running, waiting = stage_run.take_slot(0, 0), stage_run.take_slot(1, 0)
    running.rows.append(Row(sent_ns=0, first_event_ns=5))
    waiting.rows.append(Row(sent_ns=0))
    stage_run.count_streams(3 * NS)
    assert (stage_run.counters.streaming, stage_run.counters.pending) == (0, 0)

    stage_run.counters.unanswered = 1
    stage_run.count_streams(3 * NS)

    assert (stage_run.counters.streaming, stage_run.counters.pending) == (1, 2)


def test_a_user_that_waits_for_the_budget_is_idle_and_one_in_an_open_loop_is_not() -> None:
    closed, open_loop = begin(), begin(by="rate")
    for stage_run in (closed, open_loop):
        stage_run.waiting = 1
        stage_run.record_idle([], 0)
        stage_run.record_idle([], 4)

    assert (closed.counters.idle_ns, open_loop.counters.idle_ns) == (4, 0)


def test_a_slot_that_is_not_open_yet_is_no_lack_of_load() -> None:
    stage_run = begin(ramp_ns=NS)
    stage_run.record_idle([0, 1], 0)

    stage_run.record_idle([0, 1], NS // 4)

    assert stage_run.counters.idle_ns == NS // 4  # of the first slot alone
