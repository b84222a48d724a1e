"""The records that every floor shares: one flat row per attempt, and the small lines beside it.

Rule: a time is int64 nanoseconds since the run's origin on CLOCK_MONOTONIC, an absent mark is None, and
nothing derived is stored. A row whose `outcome` is None is a start line: the attempt started and has not ended.
"""

from typing import Literal, NamedTuple

import msgspec

Phase = Literal["ramp", "settle", "measure", "hold"]
By = Literal["users", "rate"]
"""What a level counts: users of a closed loop, or arrivals a second of an open one."""
Outcome = Literal[
    "ok",
    "length",
    "content_filter",
    "error_in_stream",
    "truncated",
    "idle_timeout",
    "deadline",
    "rate_limited",
    "http_4xx",
    "http_5xx",
    "connect",
    "tls",
    "protocol",
    "client_error",
    "cancelled_by_user",
    "stopped_by_user",
    "cancelled_by_run",
    "lost",
]
RetryWord = Literal["5xx", "connect", "timeout", "truncated"]
"""What a retry policy may name beside statuses."""


class OutcomeFacts(NamedTuple):
    """What an outcome means wherever attempts are counted."""

    succeeded: bool = False
    """The user has a complete answer."""
    own_fault: bool = False
    """The load process itself failed."""
    ended_by: Literal["", "run", "operator", "behaviour", "kill"] = ""
    """Who ended it before the server could; empty where it ended itself."""
    billed: bool = True
    """Tokens may have been billed though no usage was reported."""
    alive: bool | None = None
    """The server works (True), may be dead (False), or this is unknown (None)."""
    statuses: tuple[int, ...] = ()
    """HTTP statuses that mean it, before those of the whole hundred."""
    retried: Literal[429] | RetryWord | None = None
    """The status or word of a retry policy that tries it again."""
    ends_preflight: bool = False
    """Before the load: the target cannot be asked, and no load would find out more."""
    advice: str = ""
    """What a user can do about it, where `{path}` is the path of the API."""

    @property
    def judged(self) -> bool:
        """Whether it says something about the server."""
        return not self.own_fault and not self.ended_by


OUTCOMES: dict[Outcome, OutcomeFacts] = {
    "ok": OutcomeFacts(succeeded=True, alive=True),
    "length": OutcomeFacts(succeeded=True, alive=True),
    "content_filter": OutcomeFacts(alive=True),
    "error_in_stream": OutcomeFacts(alive=False),
    "truncated": OutcomeFacts(alive=False, retried="truncated"),
    "idle_timeout": OutcomeFacts(alive=False, retried="timeout"),
    "deadline": OutcomeFacts(alive=False, retried="timeout"),
    "rate_limited": OutcomeFacts(
        billed=False, statuses=(429,), retried=429, advice="wait for the quota or use another key"
    ),
    "http_4xx": OutcomeFacts(
        billed=False,
        alive=False,
        ends_preflight=True,
        advice="fix the key, the model, the request or base_url (most end in /v1)",
    ),
    "http_5xx": OutcomeFacts(billed=False, alive=False, retried="5xx"),
    "connect": OutcomeFacts(
        billed=False, alive=False, retried="connect", ends_preflight=True, advice="start the server or fix base_url"
    ),
    "tls": OutcomeFacts(billed=False, alive=False, ends_preflight=True, advice="fix the certificate or base_url"),
    "protocol": OutcomeFacts(
        alive=False, ends_preflight=True, advice="fix base_url: it should be the part before {path}"
    ),
    "client_error": OutcomeFacts(own_fault=True, billed=False, ends_preflight=True),
    "cancelled_by_user": OutcomeFacts(ended_by="operator"),
    "stopped_by_user": OutcomeFacts(ended_by="behaviour"),
    "cancelled_by_run": OutcomeFacts(ended_by="run"),
    "lost": OutcomeFacts(ended_by="kill"),
}
"""Every outcome with what it means: code that counts attempts asks this table, or a set that is derived from it."""

_OF_STATUS = {status: outcome for outcome, facts in OUTCOMES.items() for status in facts.statuses}


def read_status(status: int) -> Outcome:
    """The outcome of an attempt that was refused by an HTTP status from 400 on."""
    return _OF_STATUS.get(status, "http_4xx" if status < 500 else "http_5xx")


SUCCESS = frozenset(outcome for outcome, facts in OUTCOMES.items() if facts.succeeded)
UNJUDGED = frozenset(outcome for outcome, facts in OUTCOMES.items() if not facts.judged)
UNBILLED = frozenset(outcome for outcome, facts in OUTCOMES.items() if not facts.billed)
FAILED = frozenset(outcome for outcome, facts in OUTCOMES.items() if not facts.succeeded and not facts.ended_by)
"""Ended in an error, of the server, of the way to it, or of the load process itself."""
STOPPED_FROM_OUTSIDE: frozenset[Outcome | None] = frozenset(
    outcome for outcome, facts in OUTCOMES.items() if facts.ended_by in ("run", "operator")
)
"""The run or its operator ended the request, and no retry follows."""

STOPPED_IN_BACKOFF = "stopped_in_backoff"
"""A check: the behaviour ended its request during the back-off after this attempt."""
HELD_BACK = "held_back"
"""A check: the run's own budget or share of a quota delayed this attempt."""
REASONING_SUMMARY = "reasoning_summary"
"""A check: some of the tokens streamed were those of a summary of the reasoning, which no usage counts."""
UNREAD_LIMIT = "unread_limit"
"""A check, with a header's name behind a colon: it looks like a limit but could not be read."""
CREDIT_SPENT = "credit_spent"
"""A check: the server refused the attempt because the credit is spent."""
COMPRESSED = "compressed"
"""A check: the answer came compressed, which our wire asks for only where a target's headers do."""
ADDRESS_FAILED = "address_failed"
"""A check: another address of the name was tried first, and it refused or did not answer."""
BUFFERED = "buffered"
"""A check: the answer came whole, or its tokens in one burst: something buffered the stream; its TPOT is unknown."""
BURST_TOKENS = 8
"""Answers of fewer tokens may come in one burst though nothing delayed them."""
MISLABELLED = "mislabelled"
"""A check: a stream of events came under another content type, or under none."""
NO_FINISH = "no_finish"
"""A check: the stream said [DONE] without a finish reason."""
UNKNOWN_FINISH = "unknown_finish"
"""A check: the finish reason is unknown; the answer counts as ok."""
USAGE_IMPOSSIBLE = "usage_impossible"
"""A check: the server reported an impossible count; only that count becomes unknown."""
MOST_TOKENS = 10_000_000
"""Of one prompt or answer: no model takes or writes a tenth of that."""
UNSEEN_FIRST_WORD = "unseen_first_word"
"""A check: hidden and visible text could not be distinguished, so the time of the first visible token is unknown."""


TIERS = ("default", "priority", "flex", "batch", "scale", "fast", "performance")
"""Tiers of service; the first is the one of list prices."""
STANDARD_TIERS = ("default", "auto", "standard", "standard_only", "on_demand")
"""What servers call the first of them, or a choice that is theirs."""


def name_tier(reported: str | None) -> str:
    """A tier of service under one name; where the server reports none, the one of list prices."""
    tier = (reported or TIERS[0]).lower()
    return TIERS[0] if tier in STANDARD_TIERS else tier


class Row(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One attempt: what was asked, its marks, how it ended and what the server said."""

    run_id: str = ""
    target: str = ""
    stage: int = 0
    level: float = 0.0
    repeat: int = 0
    phase: Phase | None = None
    worker: int = 0
    user: int = 0
    request_id: str = ""
    attempt: int = 0
    turn: int = 0
    prompt_id: str = ""

    intended_ns: int | None = None
    connect_start_ns: int | None = None
    connected_ns: int | None = None
    sent_ns: int | None = None
    uploaded_ns: int | None = None
    headers_ns: int | None = None
    first_event_ns: int | None = None
    first_token_early_ns: int | None = None
    first_token_ns: int | None = None
    first_visible_ns: int | None = None
    last_token_ns: int | None = None
    end_ns: int | None = None
    stamp: Literal["kernel", "user"] | None = None
    resends: int = 0
    connection_reused: bool | None = None

    outcome: Outcome | None = None
    http_status: int | None = None
    finish_reason: str | None = None
    error: str | None = None
    retry_after_ms: float | None = None
    backoff_ms: float | None = None

    input_tokens: int | None = None
    cached_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    token_source: Literal["usage", "estimate"] | None = None
    events: int = 0
    token_events: int = 0
    bytes_received: int = 0
    gaps_us: list[int] = []

    server_request_id: str | None = None
    server_processing_ms: float | None = None
    ratelimit_limit_requests: int | None = None
    ratelimit_limit_tokens: int | None = None
    ratelimit_remaining_requests: int | None = None
    ratelimit_remaining_tokens: int | None = None
    ratelimit_reset_requests_ms: float | None = None
    ratelimit_reset_tokens_ms: float | None = None
    checks: list[str] = []
    """What a reader of the figures has to know about this answer: the words above."""

    name: str | None = None
    """The kind of request, as the behaviour calls it."""
    transaction: str | None = None
    session: str | None = None
    asked_input_tokens: int | None = None
    """Words of the prompt that was sent."""
    asked_output_tokens: int | None = None
    """The most tokens that the answer was asked to have."""
    cache_write_tokens: int | None = None
    """Tokens of the input that were written to the server's cache."""
    images: int | None = None
    tool_calls: int | None = None
    model_served: str | None = None
    """The model that the answer names as its author."""
    fingerprint: str | None = None
    service_tier: str | None = None
    """The tier that the answer says it was served by."""
    deployment: str | None = None
    """Which of several servers behind a gateway answered, as the gateway calls it."""
    peer: str | None = None
    """Address and port of the other end of the connection."""
    quality: float | None = None
    ratelimit_window_requests_s: float | None = None
    ratelimit_window_tokens_s: float | None = None
    """The period of a limit, where the server reports it; most other vendors mean a minute."""
    ratelimit_tokens_of: Literal["input", "output"] | None = None
    """The tokens that the limit is on, where it is not on both."""


class StageEvent(msgspec.Struct, kw_only=True):
    """One boundary of a stage (`stages.jsonl`): `event` is the phase that begins at `at_ns`, or its end."""

    stage: int
    target: str
    level: float
    repeat: int
    event: Phase | Literal["end"]
    at_ns: int
    users: int
    started: int
    """Attempts journalled as started in this stage so far: sum of outcomes is checked against it."""
    reason: str | None = None
    """Why a stage ended before its plan (interrupted), else None."""
    by: By = "users"
    """What `level` counts: users of a closed loop, or arrivals a second of an open one."""
    shape: str = ""
    """The load's course over the measure phase, where it has one; `level` is then its peak."""
    mean_level: float | None = None
    """The mean that such a course asks for; None where the load is level."""
    confirms: bool = False
    """Whether it only confirms in open loop what a search found in a closed one."""
    dropped: int = 0
    """Arrivals so far that found `max_in_flight` requests open, and were not sent."""
    workers_lost: int = 0
    """Load processes that were lost in this stage so far."""
    idle_ns: int | None = None
    """Of users, so far: how long open user slots of a closed loop had no living user, or one who waited for the run's
    own budget; None where it was not counted, and in an open loop."""
    kept: int = 0
    judged: int = 0
    """Measured requests so far that met the SLO, of those of which it was known: what a search went by."""


class Health(msgspec.Struct, kw_only=True):
    """One second of one load process (`health.jsonl`)."""

    worker: int
    at_ns: int
    in_flight: int
    users_busy: int
    hub_lag_p50_ms: float
    hub_lag_p99_ms: float
    hub_lag_max_ms: float
    cpu_share: float
    rss_mb: float
    read_delay_p50_ms: float | None = None
    read_delay_p99_ms: float | None = None
    """Delay between the kernel's stamp and our read, over the second; None where the kernel stamps nothing."""
    bracketed_share: float | None = None
    """Share of first tokens whose read also held other events."""
    lateness_p99_ms: float | None = None
    lateness_max_ms: float | None = None
    """How long after the schedule requests of an open loop were begun in this second; None where none was due."""


ROW_VERSION = 2
"""Of the columns of a row; 2 added those from `name` on."""
DEFINITIONS = 1
"""The version of what the metrics mean: raised, with a line here, by a change after which the same rows give another
value. 1: the first that a run states; runs before it were made under rules that changed between releases."""


class Manifest(msgspec.Struct, kw_only=True):
    """Where a run's figures come from (`manifest.json`)."""

    run_id: str
    name: str
    command: list[str]
    seed: int
    started_utc: str
    """Wall time at the origin, RFC 3339: the one tie between the run's clock and the world's."""
    origin_monotonic_ns: int
    versions: dict[str, str]
    host: dict[str, str | int]
    endpoints: dict[str, dict[str, str]]
    """Per target: base_url, api, model asked, and the fingerprint once seen."""
    row_version: int = ROW_VERSION
    definitions: int | None = None
    """The DEFINITIONS that it was run under; None in runs that are older than they."""
    state: Literal["running", "complete", "interrupted", "failed"] = "running"
    reason: str | None = None
    """Why it did not come to its planned end, in a sentence."""
    budget: str | None = None
    """Which cap of the budget ended it, in a sentence; a run that was, is complete."""
    workers: int = 1
    """Load processes that it was planned for."""
    workers_lost_between: int = 0
    """Load processes lost while no stage ran; those lost in a stage are in `stages.jsonl`."""
    clock_error_ms: float = 0.0
    """How far the clock of any worker may have been from the run's, as it was set; 0 where all were on one machine."""
    others: dict[str, int] = {}
    """Classes of users that are not ours -> how many ran at most; what they did stands in no row."""
    others_requests: int = 0
    """What Locust counted of theirs, about."""
    others_failures: int = 0
    resumed: int = 0
    """How often the run was resumed."""
    ended_utc: str | None = None
    ended_ns: int | None = None
