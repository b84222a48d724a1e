"""What `firsttoken check` says of a target: two finished rows, of our wire and of the openai package, in plain values.

Rule: pure. What the two disagree about is shown, not settled: the package is how applications will talk to the target.
What a reader has to know beside a value is a remark under the value's key, and says what follows from it.
"""

from firsttoken.load.control.slo import is_empty
from firsttoken.row import (
    ADDRESS_FAILED,
    BUFFERED,
    BURST_TOKENS,
    COMPRESSED,
    CREDIT_SPENT,
    MISLABELLED,
    NO_FINISH,
    REASONING_SUMMARY,
    SUCCESS,
    UNKNOWN_FINISH,
    UNREAD_LIMIT,
    UNSEEN_FIRST_WORD,
    USAGE_IMPOSSIBLE,
    Row,
)
from firsttoken.scenario.model_names import is_same_model
from firsttoken.scenario.target import Target, names_deployment
from firsttoken.wire.answer.burst import count_streamed

Finding = dict[str, object]
"""Keys as `firsttoken check` prints them; `remarks` belongs to the others."""

CHECKS = {
    COMPRESSED: "the answer came compressed",
    CREDIT_SPENT: "the account has no credit left",
    BUFFERED: "its tokens came in one burst",
    MISLABELLED: "the stream has another content type than text/event-stream, or none",
    NO_FINISH: "it ended with [DONE] and no finish reason",
    UNKNOWN_FINISH: "its finish reason is unknown; the answer is taken as complete",
    USAGE_IMPOSSIBLE: "its usage contains an impossible count, which is ignored",
    UNSEEN_FIRST_WORD: "hidden and visible text cannot be distinguished: no time to the first visible word",
    UNREAD_LIMIT: "a header looks like a limit but could not be read",
    REASONING_SUMMARY: "it streams only a summary of its reasoning: TPOT cannot be measured",
    ADDRESS_FAILED: "another address of the host name refused or did not answer",
}
"""A check of a row -> its words for a user who tries an endpoint."""
FIELDS = {
    "cached_tokens": "cached_tokens",
    "reasoning_tokens": "reasoning_tokens",
    "x-request-id": "server_request_id",
    "processing-ms": "server_processing_ms",
    "ratelimit-requests": "ratelimit_limit_requests",
    "ratelimit-tokens": "ratelimit_limit_tokens",
}
"""What else a server may report -> where the row has it."""
IDENTITY = ("model_served", "fingerprint", "service_tier", "deployment", "peer")
"""Who answered; unknown values are not shown."""
NO_PACKAGE = "the openai package does not speak this API"
NO_USAGE = "TPOT cannot be measured; tokens are unknown, and a TPOT limit cannot pass"


def describe_target(target: Target, base_url: str, url: str, row: Row, package: Row | None) -> Finding:
    """What one target answered at `url`, to us and to the package, which may not know its API."""
    return {
        "target": target.name,
        "base_url": base_url,
        "url": url,
        "model": target.model,
        "api": target.api,
        "reachable": row.http_status is not None,
        "streams": is_streamed(row),
        "outcome": row.outcome,
        "error": row.error,
        "ttft_ms": find_ttft_ms(row),
        "usage": None if row.token_source is None else f"{row.input_tokens} in, {row.output_tokens} out",
        **_describe_author(target, row),
        "fields": [name for name, field in FIELDS.items() if getattr(row, field) is not None],
        "checks": describe_checks(row),
        "stamp": row.stamp,
        "openai_package": None if package is None else describe_package(package, row),
        "openai_package_ttft_ms": None if package is None else find_ttft_ms(package),
        "remarks": find_remarks(target, row, package),
    }


def is_streamed(row: Row) -> bool:
    """Whether the answer came as it was written."""
    return row.outcome in SUCCESS and row.token_events > 0 and BUFFERED not in row.checks


def find_ttft_ms(row: Row) -> float | None:
    """Milliseconds from the first byte sent to the first token; None where there was none."""
    return None if row.first_token_ns is None or row.sent_ns is None else (row.first_token_ns - row.sent_ns) / 1e6


def _describe_author(target: Target, row: Row) -> Finding:
    identity: Finding = {name: value for name in IDENTITY if (value := getattr(row, name)) is not None}
    if is_other_model(target, row):
        identity["answered_as"] = row.model_served
    return identity


def is_other_model(target: Target, row: Row) -> bool:
    """Whether an answer names another model than the one asked for; of a deployment's own name this is unknown."""
    served = row.model_served
    return served is not None and not names_deployment(target) and not is_same_model(target.model, served)


def describe_checks(row: Row) -> list[str]:
    """What is odd about an answer, in words."""
    odd = [_word_check(check) for check in dict.fromkeys(row.checks)]
    return [*odd, "it has no visible token and no tool call: it is empty"] if is_empty(row) else odd


def _word_check(check: str) -> str:
    """A check in words; some name, behind a colon, what they are about."""
    name, _, about = check.partition(":")
    words = CHECKS.get(name, name.replace("_", " "))
    return f"{words}: {about}" if about else words


def describe_package(package: Row, wire: Row) -> str:
    """How the openai package got on, beside our wire: "ok, 19 events, first token after 961 ms (our wire: 677 ms)"."""
    if package.outcome not in SUCCESS:
        return f"{package.outcome}: {package.error}"
    parts = [f"ok, {package.events} events"]
    ttft_ms, own_ms = find_ttft_ms(package), find_ttft_ms(wire)
    if ttft_ms is not None:
        beside = "" if own_ms is None else f" (our wire: {own_ms:.0f} ms)"
        parts.append(f"first token after {ttft_ms:.0f} ms{beside}")
    return ", ".join([*parts, *describe_checks(package)])


def find_remarks(target: Target, row: Row, package: Row | None) -> dict[str, str]:
    """Key -> what follows from its value."""
    remarks: dict[str, str] = {}
    if row.outcome in SUCCESS:
        remarks |= {"streams": remark} if (remark := _remark_stream(row)) else {}
        if row.output_tokens is None:
            remarks["usage"] = NO_USAGE
    if package is None:
        remarks["openai_package"] = NO_PACKAGE
    elif _is_held_back_only(package, row):
        remarks["openai_package"] = (
            "the package asks for compressed answers, and a server or a proxy delays them, not the package; with "
            'headers = { accept-encoding = "gzip, deflate" } our client asks in the same way'
        )
    if is_other_model(target, row):
        remarks["answered_as"] = f"not the requested {target.model}"
    return remarks


def _remark_stream(row: Row) -> str | None:
    """What is to be said of how the tokens came."""
    tokens = count_streamed(row)
    at_once = row.token_events > 0 and row.first_token_ns == row.last_token_ns
    if BUFFERED in row.checks:
        whole = "in one read, head and all" if at_once and row.headers_ns == row.first_token_ns else "at once"
        return f"all {tokens} tokens came {whole}; does a proxy buffer or compress them, or does the server not stream?"
    if at_once and 1 < tokens < BURST_TOKENS:
        return f"all {tokens} tokens came at once; too few to judge streaming"
    return None


def _is_held_back_only(package: Row, wire: Row) -> bool:
    """Whether the package got its answer compressed or in a burst, and our wire did not."""
    signs = (COMPRESSED, BUFFERED)
    return any(sign in package.checks for sign in signs) and not any(sign in wire.checks for sign in signs)
