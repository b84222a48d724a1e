"""What an error says of asking again."""

import msgspec
import pytest

from firsttoken.row import CREDIT_SPENT, Row
from firsttoken.wire.answer.refusal import lacks_credit, record_refusal
from firsttoken.wire.fields.error_text import read_server_error

QUOTA = "You exceeded your current quota, please check your plan and billing details."


def says(error: object) -> bool:
    return lacks_credit(read_server_error(msgspec.json.encode(error)))


@pytest.mark.parametrize(
    "error",
    [
        {"error": {"message": QUOTA, "type": "insufficient_quota", "code": "insufficient_quota"}},
        {"error": {"message": "no", "type": "insufficient_quota", "code": "429"}},
        {"error": {"message": "no " * 400, "code": "insufficient_quota"}},
        {"error": {"message": "Billing hard limit has been reached", "code": "billing_hard_limit_reached"}},
        {"error": {"type": "invalid_request_error", "message": "Your credit balance is too low to access the API."}},
        {"error": {"type": "billing_error", "message": "no"}},
        {"error": {"message": "Insufficient Balance", "code": "invalid_request_error"}},
        {"error": {"message": "This request requires more credits", "code": 402}},
        {"code": "Arrearage", "message": "Access denied."},
        {"error": {"message": "no", "code": "AccountOverdueError"}},
        {"error": {"message": "no", "type": "budget_exceeded", "code": "400"}},
        {"detail": "Payment Required"},
        [{"error": {"message": "no", "type": "exceeded_current_quota_error"}}],
    ],
)
def test_what_servers_say_when_an_account_has_no_credit(error):
    assert says(error)


@pytest.mark.parametrize(
    "error",
    [
        {"error": {"message": "Rate limit reached on tokens per min", "code": "rate_limit_exceeded"}},
        {"error": {"message": QUOTA, "status": "RESOURCE_EXHAUSTED", "code": 429}},
        {"error": {"message": QUOTA, "details": [{"retryDelay": "34s"}]}},
        {"error": {"message": f"{QUOTA} Please retry in 20s."}},
        {"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}},
        {"error": {"message": "The engine is overloaded", "code": 503}},
    ],
)
def test_what_passes_or_is_about_something_else_is_no_spent_credit(error):
    assert not says(error)


def test_the_row_has_the_wait_of_the_head_before_that_of_the_body_and_says_that_credit_is_spent():
    told = read_server_error(b'{"error": {"code": "insufficient_quota", "message": "Please retry in 3s"}}')
    bare, waits, unpaid = Row(http_status=429), Row(http_status=429, retry_after_ms=9.0), Row(http_status=402)

    for row in (bare, waits):
        record_refusal(row, told)
        record_refusal(row, told)
    record_refusal(unpaid, read_server_error(b""))

    assert (bare.retry_after_ms, waits.retry_after_ms) == (3_000.0, 9.0)
    assert bare.checks == waits.checks == unpaid.checks == [CREDIT_SPENT]
