"""Jobs and events for the tests of the dialects."""

from random import Random
from typing import Any

import msgspec

from firsttoken.simulator.behaviour import settle
from firsttoken.simulator.dialects.dialect import Answer
from firsttoken.simulator.service import Job
from tests.served import FAST


def make_job(asked_tokens: int | None, text_start: int = 0) -> Job:
    """A job that would answer with so many words from there on."""
    job = Job(Random(1), settle("m", FAST), 3, asked_tokens)
    job.text_start = text_start
    return job


def read_events(stream: bytes) -> list[dict[str, Any]]:
    """The JSON of every event of a stream, its end marker left out."""
    data = [line.removeprefix(b"data: ") for line in stream.splitlines() if line.startswith(b"data: ")]
    return [msgspec.json.decode(line) for line in data if line != b"[DONE]"]


def write_stream(answer: Answer) -> bytes:
    """A whole stream, as a client gets it."""
    return answer.opening() + b"".join(answer.tokens()) + answer.closing()
