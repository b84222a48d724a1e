"""Closed-loop users on our own wire, as a process: a job of JSON on stdin, one row of JSON per line on stdout."""

import sys
import time

import gevent
import msgspec

from firsttoken.row import Row
from firsttoken.wire.attempt import Client, Deadlines
from firsttoken.wire.dialects import DIALECTS
from firsttoken.wire.endpoint import parse_endpoint


class Job(msgspec.Struct):
    """What to send: `users` ask one after the other until `requests` are done, each for exactly `output_tokens`."""

    base_url: str
    model: str
    api: str = "chat"
    key: str | None = None
    users: int = 1
    requests: int = 1
    output_tokens: int = 8
    prompt_words: int = 40


def drive(job: Job) -> list[Row]:
    """Send every request of the job and return their rows, in the order they ended."""
    dialect = DIALECTS[job.api]
    deadlines = Deadlines(connect_s=5, first_token_s=30, idle_s=30, total_s=60)
    client = Client(parse_endpoint(job.base_url, job.api, job.key, {}), dialect, deadlines, time.monotonic_ns())
    waiting = iter(range(job.requests))
    rows = []

    def ask(user: int) -> None:
        for number in waiting:
            row = Row(user=user, request_id=str(number))
            prompt = f"{number} " + "the river ran to the sea " * (job.prompt_words // 6)
            client.send(row, dialect.body(job.model, prompt, job.output_tokens, {"ignore_eos": True}))
            rows.append(row)

    gevent.joinall([gevent.spawn(ask, user) for user in range(job.users)], raise_error=True)
    client.close()
    return rows


if __name__ == "__main__":
    for row in drive(msgspec.json.decode(sys.stdin.buffer.read(), type=Job)):
        sys.stdout.buffer.write(msgspec.json.encode(row) + b"\n")
