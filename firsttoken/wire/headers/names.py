"""What the head of an answer says of identity, waiting and limits, by one table of names.

Rule: pure; a header that is absent, malformed or out of range is None, never a guess. Every header is looked at once;
of several with the same meaning, the first of the list counts; a deployment is all parts that are reported.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import NamedTuple

from firsttoken.row import Row
from firsttoken.wire.headers.rate_limits import MOST_NAMES, Meaning, fill_limits, read_name
from firsttoken.wire.headers.values import MAX_TEXT, parse_date_s, parse_number, parse_text

Headers = Mapping[bytes, bytes]
"""Header values by lower-case name."""
Value = str | float | None

PASSED_ON = (b"llm_provider-", b"llm-provider-")
"""What a gateway puts in front of a header of the server behind it."""
IDENTITY = (
    "x-request-id", "x-litellm-call-id", "request-id", "x-amzn-requestid", "apim-request-id", "x-ms-request-id",
    "x-goog-request-id", "nvcf-reqid", "x-trace-id", "x-amz-cf-id", "cf-ray",
)  # fmt: skip
PROCESSING = {
    "openai-processing-ms": 1.0, "x-litellm-response-duration-ms": 1.0, "x-envoy-upstream-service-time": 1.0,
    "x-processing-time-ms": 1.0, "x-response-time-ms": 1.0, "x-kong-upstream-latency": 1.0, "x-inference-time": 1.0,
    "fireworks-server-processing-time": 1e3, "x-process-time": 1e3,
}  # fmt: skip
"""Header of how long the server worked on it -> milliseconds of its unit."""
DEPLOYMENT = (
    "x-litellm-model-api-base", "x-ms-deployment-name", "azureml-model-deployment", "x-openrouter-provider",
    "x-portkey-provider", "cf-aig-provider", "helicone-provider", "x-kong-llm-model", "x-served-by-model",
    "x-provider", "x-inference-provider", "x-ms-region", "x-litellm-model-id",
)  # fmt: skip
"""What answered behind one name, the most readable first."""
WAITS = {"retry-after-ms": 1.0, "x-ms-retry-after-ms": 1.0, "retry-after": 1e3, "x-retry-after": 1e3,
         "x-ratelimit-retry-after": 1e3, "x-ratelimit-reset-after": 1e3}  # fmt: skip
"""Header of how long to wait -> milliseconds of its unit, the most exact first."""
SCHEDULED = frozenset({"x-ratelimit-reset-after"})
"""Those that good answers bear too; only a refusal makes a wait of them."""
REFUSED_FROM = 400


class Field(NamedTuple):
    """A field of the row that a header fills."""

    name: str
    rank: int
    parse: Callable[[bytes], Value]


class Wait(NamedTuple):
    """A header that asks us to wait."""

    rank: int
    unit_ms: float
    scheduled: bool


def _times(unit: float) -> Callable[[bytes], Value]:
    def parse(value: bytes) -> Value:
        number = parse_number(value)
        return None if number is None else number * unit

    return parse


ROLES: dict[str, Field | Wait] = {
    **{name: Field("server_request_id", rank, parse_text) for rank, name in enumerate(IDENTITY)},
    **{name: Field("server_processing_ms", rank, _times(unit)) for rank, (name, unit) in enumerate(PROCESSING.items())},
    **{name: Field("deployment", rank, parse_text) for rank, name in enumerate(DEPLOYMENT)},
    **{name: Wait(rank, unit, name in SCHEDULED) for rank, (name, unit) in enumerate(WAITS.items())},
}
"""Header -> its meaning; names of limits are read by their words (rate_limits.py)."""


@lru_cache(MOST_NAMES)
def find_role(name: bytes) -> Field | Wait | Meaning | None:
    """The meaning of a header with this lower-case name; one that a gateway passes on ranks behind the gateway's
    own."""
    own = name
    for prefix in PASSED_ON:
        own = own.removeprefix(prefix)
    role = ROLES.get(own.decode("latin-1"))
    if role is None:
        return read_name(name)
    return role if own == name else role._replace(rank=role.rank + len(ROLES))


def fill_row(row: Row, headers: Headers, wall_s: float) -> None:
    """Write what the head says into the row; `wall_s`: seconds since 1970."""
    fields: list[tuple[Field, bytes]] = []
    waits: list[tuple[Wait, bytes]] = []
    limits: list[tuple[bytes, Meaning, bytes]] = []
    for name, value in headers.items():
        role = find_role(name)
        if role is None:
            continue
        if isinstance(role, Meaning):
            limits.append((name, role, value))
        elif isinstance(role, Wait):
            waits.append((role, value))
        else:
            fields.append((role, value))
    for field, value in sorted(fields, key=lambda found: found[0].rank):
        _fill(row, field, value)
    if limits:
        fill_limits(row, limits, partial(read_now_s, headers, wall_s))
    if waits:
        row.retry_after_ms = _read_wait_ms(waits, headers, wall_s, refused=(row.http_status or 0) >= REFUSED_FROM)


def _fill(row: Row, field: Field, value: bytes) -> None:
    """Write the value of a header where nothing is written yet."""
    before = getattr(row, field.name)
    if before is None:
        setattr(row, field.name, field.parse(value))
    elif field.name == "deployment" and (more := field.parse(value)) not in (None, before):
        row.deployment = f"{before} {more}"[:MAX_TEXT]


def _read_wait_ms(waits: list[tuple[Wait, bytes]], headers: Headers, wall_s: float, *, refused: bool) -> float | None:
    """How long the server asks us to wait, by the most exact header that can be read.

    A date is compared with the answer's own Date, so that a different clock does no harm; without one `wall_s` is
    used. A date that has passed is 0.
    """
    for wait, value in sorted(waits):
        if wait.scheduled and not refused:
            continue
        number = parse_number(value)
        if number is not None:
            return number * wait.unit_ms
        if (until_s := parse_date_s(value)) is not None:
            return max(0.0, until_s - read_now_s(headers, wall_s)) * 1e3
    return None


def read_now_s(headers: Headers, wall_s: float) -> float:
    """Seconds since 1970 by the server's clock, or by ours where its answer bears no Date."""
    now_s = parse_date_s(headers.get(b"date", b""))
    return wall_s if now_s is None else now_s


def read_should_retry(headers: Headers) -> bool | None:
    """The server's own word on whether another attempt is worth it, None where it says nothing."""
    return {b"true": True, b"false": False}.get(headers.get(b"x-should-retry", b"").strip().lower())
