"""A closer look at the targets of a scenario: one cheap request on our wire, one through the openai package.

stdin: one line with the resolved scenario and where its targets listen; stdout: one JSON list of findings.

Rule: what the two disagree about is shown, not settled: the SDK is how applications will talk to the target.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Literal

import msgspec

from firsttoken.load.preflight import knock
from firsttoken.load.target import open_target
from firsttoken.row import SUCCESS, Row
from firsttoken.scenario.format import Scenario
from firsttoken.scenario.target import Target


class CheckSpec(msgspec.Struct, kw_only=True):
    """What the check process is told on its stdin."""

    scenario: Scenario
    base_urls: dict[str, str]


def main() -> None:
    """Check every target and print the findings."""
    spec = msgspec.json.decode(sys.stdin.readline(), type=CheckSpec)
    findings = [check_target(target, spec) for target in spec.scenario.target]
    sys.stdout.write(msgspec.json.encode(findings).decode() + "\n")


def check_target(target: Target, spec: CheckSpec) -> dict[str, object]:
    """What one target answers: keys as `firsttoken check` prints them."""
    row, package = ask(target, spec, "wire"), ask(target, spec, "sdk")
    return {
        "target": target.name,
        "base_url": spec.base_urls[target.name],
        "model": target.model,
        "api": target.api,
        "reachable": row.http_status is not None,
        "streams": row.outcome in SUCCESS and row.token_events > 0,
        **_describe_answer(row),
        "openai_package": _describe_package(package),
    }


def ask(target: Target, spec: CheckSpec, client: Literal["wire", "sdk"]) -> Row:
    """Send a target one short request through a client, whichever the target names; its finished row."""
    chosen = msgspec.structs.replace(target, client=client, connection="reuse")
    base_url, origin_ns = spec.base_urls[target.name], time.monotonic_ns()
    live = open_target(
        chosen, spec.scenario, base_url=base_url, environ=os.environ, origin_ns=origin_ns, run_id="check"
    )
    row = knock(live)
    live.client.close()
    return row


def _describe_answer(row: Row) -> dict[str, object]:
    ttft_ms = (row.first_token_ns - row.sent_ns) / 1e6 if row.first_token_ns and row.sent_ns else None
    return {
        "outcome": row.outcome,
        "error": row.error,
        "ttft_ms": ttft_ms,
        "usage": None if row.token_source is None else f"{row.input_tokens} in, {row.output_tokens} out",
        "fields": [
            name
            for name, value in {
                "cached_tokens": row.cached_tokens,
                "reasoning_tokens": row.reasoning_tokens,
                "x-request-id": row.server_request_id,
                "processing-ms": row.server_processing_ms,
                "ratelimit-requests": row.ratelimit_limit_requests,
                "ratelimit-tokens": row.ratelimit_limit_tokens,
            }.items()
            if value is not None
        ],
        "stamp": row.stamp,
    }


def _describe_package(row: Row) -> str:
    """How the openai package got on: "ok, 19 events", or the outcome and the words of failure."""
    return f"ok, {row.events} events" if row.outcome in SUCCESS else f"{row.outcome}: {row.error}"


if __name__ == "__main__":
    main()
