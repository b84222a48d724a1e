"""Which deadline strikes next, and what it makes of the attempt."""

from firsttoken.wire.deadlines import Deadlines

S = 1_000_000_000
DEADLINES = Deadlines(connect_s=1, first_token_s=5, idle_s=2, total_s=10)


def test_before_the_first_token_it_is_the_wait_for_it():
    due_ns, end = DEADLINES.find_due(began_ns=0, sent_ns=1 * S, last_event_ns=None)

    assert (due_ns, end.outcome) == (6 * S, "deadline")
    assert end.error == "no token within 5 s of sending"


def test_after_it_it_is_the_silence_since_the_last_event():
    due_ns, end = DEADLINES.find_due(began_ns=0, sent_ns=1 * S, last_event_ns=4 * S)

    assert (due_ns, end.outcome) == (6 * S, "idle_timeout")
    assert end.error == "no event for 2 s in the middle of the stream"


def test_the_whole_attempt_has_the_last_word():
    due_ns, end = DEADLINES.find_due(began_ns=0, sent_ns=1 * S, last_event_ns=9 * S)

    assert (due_ns, end.outcome) == (10 * S, "deadline")
    assert end.error == "not finished within 10 s"


def test_a_long_connect_counts_into_the_whole():
    due_ns, _ = DEADLINES.find_due(began_ns=0, sent_ns=8 * S, last_event_ns=None)

    assert due_ns == 10 * S
