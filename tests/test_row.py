"""The table of outcomes: every outcome stands in it, and each says one thing only."""

from typing import get_args

from firsttoken.row import FAILED, OUTCOMES, STOPPED_FROM_OUTSIDE, SUCCESS, UNBILLED, UNJUDGED, Outcome


def test_the_table_holds_every_outcome_and_no_other():
    assert set(OUTCOMES) == set(get_args(Outcome))


def test_what_succeeded_is_judged_and_billed_and_shows_a_server_that_is_alive():
    assert {"ok", "length"} == SUCCESS
    assert all(OUTCOMES[outcome].alive and outcome not in UNJUDGED | UNBILLED for outcome in SUCCESS)


def test_what_we_stopped_or_broke_ourselves_says_nothing_of_the_server():
    assert {"cancelled_by_run", "cancelled_by_user", "stopped_by_user", "lost", "client_error"} == UNJUDGED
    assert all(OUTCOMES[outcome].alive is None and OUTCOMES[outcome].retried is None for outcome in UNJUDGED)


def test_what_failed_ended_in_an_error_that_nobody_wanted_the_load_process_s_own_included():
    assert set(OUTCOMES) - SUCCESS - (UNJUDGED - {"client_error"}) == FAILED
    assert {"cancelled_by_run", "cancelled_by_user"} == STOPPED_FROM_OUTSIDE


def test_a_request_that_its_behaviour_stopped_may_have_been_billed():
    assert "stopped_by_user" not in UNBILLED
