"""Our wire against llama.cpp's own server: what we record is what the server says of itself."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from firsttoken.row import SUCCESS, Row
from tests.real.conftest import KEY
from tests.real.server import serve

pytestmark = pytest.mark.real

DRIVE = Path(__file__).with_name("drive.py")


def drive(url: str, **job: object) -> list[Row]:
    """Run `drive.py` with a job and return its rows."""
    job = {"base_url": f"{url}/v1", "model": "nano", **job}
    command = [sys.executable, str(DRIVE)]
    answer = subprocess.run(command, check=False, input=msgspec.json.encode(job), capture_output=True, timeout=120)
    assert answer.returncode == 0, answer.stderr.decode()
    return [msgspec.json.decode(line, type=Row) for line in answer.stdout.splitlines()]


@pytest.mark.parametrize("api", ["chat", "completions", "responses"])
def test_a_stream_is_read_to_its_end_with_the_tokens_that_were_asked_for(nano, api):
    (row,) = drive(nano, api=api, output_tokens=24)

    assert row.outcome in SUCCESS
    assert (row.output_tokens, row.token_source) == (24, "usage")
    assert row.token_events == len(row.gaps_us) + 1 <= 24
    marks = [row.sent_ns, row.headers_ns, row.first_token_ns, row.last_token_ns, row.end_ns]
    assert marks == sorted(marks)
    assert row.sent_ns <= row.first_token_early_ns <= row.first_token_ns


def test_tokens_that_are_no_whole_character_are_counted_though_no_event_shows_them(models):
    with serve(models["bytes"]) as url:
        rows = drive(url, model="bytes", requests=9, output_tokens=32)

    assert {row.output_tokens for row in rows} == {32}
    assert sum(row.token_events for row in rows) < 9 * 32


def test_a_wrong_key_is_told_in_the_servers_words_and_the_key_is_nowhere(locked):
    (row,) = drive(locked, key="sk-wrong-0123456789")

    assert (row.outcome, row.http_status) == ("http_4xx", 401)
    assert "Invalid API Key" in row.error
    assert "sk-wrong" not in msgspec.json.encode(row).decode()


def test_the_right_key_opens(locked):
    (row,) = drive(locked, key=KEY)

    assert row.outcome in SUCCESS
