"""What a check says of an endpoint: whether it streams, who answered, and how the openai package got on beside us."""

import pytest

from firsttoken import row as rows
from firsttoken.load.findings import (
    CHECKS,
    NO_PACKAGE,
    describe_checks,
    describe_package,
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


def test_an_answer_that_was_held_back_does_not_stream_and_the_reason_is_told():
    held = answered(938, 938, headers_ns=2 * MS, checks=[BUFFERED])

    assert not is_streamed(held)
    assert find_remarks(TARGET, held, answered())["streams"].startswith("all 16 tokens came at once; does a proxy")


def test_an_answer_that_came_whole_in_one_read_is_reported_as_that():
    held = answered(938, 938, headers_ns=938 * MS, checks=[BUFFERED])

    assert "all 16 tokens came in one read, head and all" in find_remarks(TARGET, held, answered())["streams"]


def test_of_few_tokens_that_came_at_once_nothing_is_concluded():
    few = answered(50, 50, token_events=3, output_tokens=3)

    assert is_streamed(few)
    assert find_remarks(TARGET, few, answered())["streams"] == "all 3 tokens came at once; too few to judge streaming"


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


def test_what_follows_from_a_missing_usage_is_told():
    finding = found(answered(output_tokens=None, input_tokens=None, token_source=None))

    assert finding["usage"] is None
    assert finding["remarks"] == {"usage": "TPOT cannot be measured; tokens are unknown, and a TPOT limit cannot pass"}


def test_a_failure_is_told_without_conclusions_from_what_did_not_come():
    finding = found(Row(outcome="http_4xx", http_status=401, error="Bad key"))

    assert (finding["streams"], finding["outcome"], finding["error"]) == (False, "http_4xx", "Bad key")
    assert finding["remarks"] == {}


def test_the_packages_first_token_stands_beside_ours():
    assert describe_package(answered(961), answered(677)) == (
        "ok, 19 events, first token after 961 ms (our wire: 677 ms)"
    )


def test_a_package_whose_answer_was_held_back_says_how_and_is_not_blamed():
    held = answered(961, 965, checks=[COMPRESSED, BUFFERED])

    said = found(answered(), held)

    assert said["openai_package"].endswith("the answer came compressed, its tokens came in one burst")
    assert said["openai_package_ttft_ms"] == 961
    assert "not the package" in said["remarks"]["openai_package"]


def test_where_both_got_it_in_one_burst_the_package_stands_alone_in_nothing():
    held = answered(961, 965, checks=[BUFFERED])

    assert "openai_package" not in find_remarks(TARGET, held, held)


def test_a_package_that_fails_says_so_in_its_own_words():
    assert describe_package(Row(outcome="protocol", error="no JSON"), answered()) == "protocol: no JSON"


def test_an_api_without_a_package_is_told_and_breaks_nothing():
    finding = describe_target(TARGET, "http://h", "http://h/x", answered(), None)

    assert finding["openai_package"] is None
    assert finding["remarks"] == {"openai_package": NO_PACKAGE}


@pytest.mark.parametrize("check", [MISLABELLED, NO_FINISH, COMPRESSED])
def test_what_is_odd_about_an_answer_is_named(check):
    assert describe_checks(answered(checks=[check])) == [CHECKS[check]]


def test_an_empty_answer_is_named():
    empty = answered(first_token_ns=None, first_visible_ns=None, last_token_ns=None, token_events=0)

    assert describe_checks(empty) == ["it has no visible token and no tool call: it is empty"]


def test_every_check_that_an_answer_can_have_is_in_words():
    words = {value for name, value in vars(rows).items() if name.isupper() and isinstance(value, str)}

    assert words - {rows.HELD_BACK, rows.STOPPED_IN_BACKOFF} <= CHECKS.keys()
