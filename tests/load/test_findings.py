"""What a check says of an endpoint: whether it streams, who answered, and how the openai package got on beside us."""

import pytest

from firsttoken import row as rows
from firsttoken.load.findings import (
    CHECKS,
    describe_checks,
    describe_target,
    find_remarks,
    is_streamed,
)
from firsttoken.row import BUFFERED, COMPRESSED, MISLABELLED, NO_FINISH, Row
from firsttoken.scenario.target import Target

MS = 1_000_000
TARGET = Target(model="m", name="real", base_url="http://h/v1", prices="unknown")


def answered(first_ms: float = 677, last_ms: float = 960, **more: object) -> Row:
    """A row of 16 tokens, the first so long after the request was sent."""
    row = Row(outcome="ok", http_status=200, sent_ns=0, headers_ns=MS, token_events=16, events=19)
    row.first_token_ns = row.first_visible_ns = int(first_ms * MS)
    row.last_token_ns = int(last_ms * MS)
    row.input_tokens, row.output_tokens, row.token_source = 2, 16, "usage"
    for name, value in more.items():
        setattr(row, name, value)
    return row


def found(row: Row, package: Row | None = None, target: Target = TARGET) -> dict[str, object]:
    return describe_target(target, "http://h/v1", "http://h/v1/chat/completions", row, package or answered())


def test_an_answer_that_came_token_by_token_streams_and_there_is_nothing_to_remark():
    finding = found(answered())

    assert finding["streams"] is True
    assert finding["ttft_ms"] == 677
    assert finding["usage"] == "2 in, 16 out"
    assert finding["url"] == "http://h/v1/chat/completions"
    assert finding["remarks"] == {}


HELD = answered(938, 938, headers_ns=2 * MS, checks=[BUFFERED])
FEW = answered(50, 50, token_events=3, output_tokens=3)
FINDINGS = {
    "all is well": found(answered()),
    "held back": found(HELD),
    "held back, head and all": found(answered(938, 938, headers_ns=938 * MS, checks=[BUFFERED])),
    "too few tokens to tell": found(FEW),
    "no usage": found(answered(output_tokens=None, input_tokens=None, token_source=None)),
    "an empty answer": found(answered(first_token_ns=None, first_visible_ns=None, last_token_ns=None, token_events=0)),
    "another model": found(answered(model_served="nano", fingerprint="fp_1", service_tier="flex")),
    "refused": found(Row(outcome="http_4xx", http_status=401, error="Bad key")),
    "only the openai package was held back": found(answered(), answered(961, 965, checks=[COMPRESSED, BUFFERED])),
    "only the openai package failed": found(answered(), Row(outcome="protocol", error="no JSON")),
    "the openai package has no such call": describe_target(TARGET, "http://h", "http://h/x", answered(), None),
}
"""What a check may find, by what came."""


def test_what_a_check_finds(snapshot):
    """Of each finding what differs from one in which all is well."""
    usual = FINDINGS["all is well"]
    told = {
        heading: [f"{key}: {value}" for key, value in finding.items() if finding is usual or value != usual.get(key)]
        for heading, finding in FINDINGS.items()
    }
    snapshot("check", told | {"what may be odd about an answer": list(CHECKS.values())})


def test_an_answer_that_came_at_once_does_not_stream_unless_it_is_too_short_to_tell():
    assert not is_streamed(HELD)
    assert is_streamed(FEW)


def test_the_packages_own_time_to_first_token_is_a_number():
    held = FINDINGS["only the openai package was held back"]

    assert held["openai_package_ttft_ms"] == 961
    assert "openai_package" in held["remarks"]


@pytest.mark.parametrize("check", [MISLABELLED, NO_FINISH, COMPRESSED])
def test_what_is_odd_about_an_answer_is_named(check):
    assert describe_checks(answered(checks=[check])) == [CHECKS[check]]


def test_another_model_than_was_asked_is_named():
    finding = found(answered(model_served="nano", fingerprint="fp_1", service_tier="flex"))

    assert (finding["answered_as"], finding["fingerprint"], finding["service_tier"]) == ("nano", "fp_1", "flex")
    assert finding["remarks"] == {"answered_as": "not the requested m"}


def test_a_dated_name_of_the_same_model_is_no_other_one():
    finding = found(answered(model_served="m-2026-01-02"))

    assert "answered_as" not in finding
    assert finding["model_served"] == "m-2026-01-02"


def test_of_a_deployment_that_the_user_named_no_model_is_another():
    azure = Target(model="prod-chat", base_url="https://n.openai.azure.com/openai/v1", prices="unknown")

    finding = found(answered(model_served="gpt-4o-2024-08-06"), target=azure)

    assert finding["model_served"] == "gpt-4o-2024-08-06"
    assert "answered_as" not in finding
    assert finding["remarks"] == {}


def test_a_failure_is_told_without_conclusions_from_what_did_not_come():
    finding = found(Row(outcome="http_4xx", http_status=401, error="Bad key"))

    assert (finding["streams"], finding["outcome"], finding["error"]) == (False, "http_4xx", "Bad key")
    assert finding["remarks"] == {}


def test_where_both_got_it_in_one_burst_the_package_stands_alone_in_nothing():
    held = answered(961, 965, checks=[BUFFERED])

    assert "openai_package" not in find_remarks(TARGET, held, held)


def test_every_check_that_an_answer_can_have_is_in_words():
    words = {value for name, value in vars(rows).items() if name.isupper() and isinstance(value, str)}

    assert words - {rows.HELD_BACK, rows.STOPPED_IN_BACKOFF} <= CHECKS.keys()
