"""A closer look at the targets of a scenario: one cheap request on our wire, one through the openai package.

stdin: one line with the resolved scenario and where its targets listen; stdout: one JSON list of findings.

Rule: what the two disagree about is shown, not settled: the SDK is how applications will talk to the target.
"""

from __future__ import annotations

import os
import sys
import time

import msgspec
from openai import APIStatusError, OpenAI, OpenAIError

from firsttoken.load.preflight import OUTPUT_TOKENS, knock
from firsttoken.load.target import open_target
from firsttoken.row import SUCCESS, Row
from firsttoken.scenario import Scenario, Target
from firsttoken.wire.redact import redact


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
    base_url = spec.base_urls[target.name]
    live = open_target(
        target, spec.scenario, base_url=base_url, environ=os.environ, origin_ns=time.monotonic_ns(), run_id="check"
    )
    row = knock(live)
    live.client.close()
    return {
        "target": target.name,
        "base_url": base_url,
        "model": target.model,
        "api": target.api,
        "reachable": row.http_status is not None,
        "streams": row.outcome in SUCCESS and row.token_events > 0,
        **_describe_answer(row),
        "openai_package": ask_sdk(target, base_url),
    }


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


def ask_sdk(target: Target, base_url: str) -> str:
    """One streamed request through the openai package: "ok, N events" or its own words of failure."""
    key = os.environ[target.key_env] if target.key_env else "none"
    client = OpenAI(base_url=base_url, api_key=key, max_retries=0, default_headers=target.headers, timeout=60.0)
    extra = dict(target.extra_body)
    try:
        with client:
            events = (
                _count_chat(client, target.model, extra)
                if target.api == "chat"
                else _count_responses(client, target.model, extra)
            )
    except APIStatusError as error:
        return redact(f"{error.status_code}: {error.message}", [key])
    except OpenAIError as error:
        return redact(f"{type(error).__name__}: {error}", [key])
    return f"ok, {events} events"


def _count_chat(client: OpenAI, model: str, extra: dict[str, object]) -> int:
    stream = client.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": "Say hello."}],
        max_completion_tokens=OUTPUT_TOKENS,
        stream=True,
        stream_options={"include_usage": True},
        extra_body=extra,
    )
    return sum(1 for _ in stream)


def _count_responses(client: OpenAI, model: str, extra: dict[str, object]) -> int:
    stream = client.responses.create(
        model=model, input="Say hello.", max_output_tokens=OUTPUT_TOKENS, stream=True, extra_body=extra
    )
    return sum(1 for _ in stream)


if __name__ == "__main__":
    main()
