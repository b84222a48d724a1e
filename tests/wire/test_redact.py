"""No secret that we sent is in what others will read."""

from firsttoken.wire.redact import redact


def test_every_occurrence_of_a_secret_is_blanked():
    assert redact("key sk-1 is wrong: sk-1", ["sk-1"]) == "key [redacted] is wrong: [redacted]"


def test_a_secret_inside_another_leaves_nothing_of_the_longer_one():
    assert redact("sk-12 sk-1", ["sk-1", "sk-12"]) == "[redacted] [redacted]"


def test_an_empty_secret_blanks_nothing():
    assert redact("as it was", ["", "x"]) == "as it was"
