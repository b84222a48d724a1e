"""No secret that we sent is in what others will read."""

import pytest

from firsttoken.row import Row
from firsttoken.wire.redact import BLANK, TOLD_BY_SERVERS, redact, redact_row


def test_every_occurrence_of_a_secret_is_blanked():
    assert redact("key sk-1 is wrong: sk-1", ["sk-1"]) == "key [redacted] is wrong: [redacted]"


def test_a_secret_inside_another_leaves_nothing_of_the_longer_one():
    assert redact("sk-12 sk-1", ["sk-1", "sk-12"]) == "[redacted] [redacted]"


def test_an_empty_secret_blanks_nothing():
    assert redact("as it was", ["", "x"]) == "as it was"


SECRET = "k/canary+1 & 2"


@pytest.mark.parametrize(
    "quoted",
    [
        "k/canary+1 & 2",
        "k%2Fcanary%2B1%20%26%202",
        "k%2fcanary%2b1%20%26%202",
        "k%2Fcanary%2B1+%26+2",
        "k\\/canary+1 & 2",
        "k/canary+1 &amp; 2",
        "ay9jYW5hcnkrMSAmIDI=",
    ],
)
def test_a_secret_is_blanked_in_the_forms_that_text_carries_it_in(quoted):
    assert "canary" not in redact(f"the key {quoted} may not do this", [SECRET])
    assert redact(f"the key {quoted}", [SECRET]).startswith("the key [redacted]")


def test_a_secret_that_a_text_was_cut_off_in_is_blanked_too():
    assert redact("the key sk-cana", ["sk-canary-1"]) == "the key [redacted]"
    assert redact("the sk-c key sk-c", ["sk-canary-1"]) == "the sk-c key [redacted]"
    assert redact("no sk", ["sk-canary-1"]) == "no sk"


def test_every_text_that_a_server_writes_into_a_row_is_blanked():
    """Also in a field that a row gets one day: whatever is not ours is a server's."""
    row = Row(target="t", request_id="r", attempt=1)
    for name in TOLD_BY_SERVERS:
        setattr(row, name, "said sk-1 again")

    redact_row(row, ("sk-1",))

    assert {"error", "finish_reason", "server_request_id", "model_served", "fingerprint"} <= set(TOLD_BY_SERVERS)
    assert {getattr(row, name) for name in TOLD_BY_SERVERS} == {"said [redacted] again"}


@pytest.mark.parametrize(
    "text",
    [
        "got {}: hi",
        "unknown finish reason '{:.14}', taken as ok",
        "expected an event, got '{:.20}': malformed",
        "{:.12} and {}",
        "{:.5}",
    ],
)
@pytest.mark.parametrize("case", [str, str.lower, str.upper])
def test_a_secret_in_other_letters_or_cut_within_a_text_is_blanked(text, case):
    secret = "sk-Canary0123456789/aB+cDeFgHi"

    told = redact(text.format(case(secret), case(secret)), [secret])

    assert "canary" not in told.lower()
    assert "cdefg" not in told.lower()
    assert BLANK in told


def test_words_that_begin_as_a_secret_does_stay():
    assert redact("Bearer tokens are asked for", ["Bearer tok-123456789"]) == "Bearer tokens are asked for"


def test_the_name_of_a_header_that_holds_a_secret_is_blanked_in_the_checks():
    row = Row(checks=["unread_limit:x-sk-canary0123456789", "buffered"])

    redact_row(row, ("sk-Canary0123456789",))

    assert row.checks == [f"unread_limit:x-{BLANK}", "buffered"]
