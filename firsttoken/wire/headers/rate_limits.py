"""What the head of an answer says of rate limits, under the names of any vendor or gateway.

The name of a header is read as words: which figure it is, of what, and of which window. So these are read alike:

    x-ratelimit-limit-tokens                    OpenAI and what speaks its protocol
    x-ratelimit-remaining-requests-day          with the window in the name
    anthropic-ratelimit-output-tokens-reset     Anthropic, with parts of the tokens
    ratelimit-limit: 100, 100;w=60              IETF drafts 3 to 6, Kong, Envoy
    ratelimit: "minute";r=0;t=30                IETF drafts 7 on, with ratelimit-policy: "minute";q=100;w=60
    llm_provider-x-ratelimit-limit-requests     passed on by a gateway, beside its own

Rule: pure; what is absent, malformed, negative (-1 means "none" for some) or a limit of 0 counts as not reported. Of
several limits of a kind, the one with the least left counts, as it is reached first.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

from firsttoken.row import UNREAD_LIMIT, Row
from firsttoken.wire.headers.values import parse_count, parse_reset_ms

Kind = Literal["requests", "tokens"]
Part = Literal["input", "output"]
Figure = Literal["limit", "remaining", "reset", "policy", "all"]

FIGURES: dict[str, Figure] = {"limit": "limit", "remaining": "remaining", "reset": "reset", "policy": "policy"}
KINDS: dict[str, Kind] = {
    **dict.fromkeys(("requests", "request", "reqs", "req", "calls", "rps", "rpm", "rpd"), "requests"),
    **dict.fromkeys(("tokens", "token", "tokenlimit", "ratelimitbysize", "tpm", "tpd"), "tokens"),
}
SINGULAR = frozenset({"request", "req", "token"})
"""Words that mean a kind only beside "ratelimit": `x-token-limit` may be the longest answer."""
PARTS: dict[str, Part] = {
    **dict.fromkeys(("input", "prompt"), "input"),
    **dict.fromkeys(("output", "generated", "completion"), "output"),
}
WINDOWS_S: dict[str, float] = {
    **dict.fromkeys(("second", "rps"), 1.0),
    **dict.fromkeys(("minute", "min", "rpm", "tpm"), 60.0),
    **dict.fromkeys(("hour", "hourly"), 3_600.0),
    **dict.fromkeys(("day", "daily", "rpd", "tpd"), 86_400.0),
    "week": 604_800.0,
    **dict.fromkeys(("month", "monthly"), 2_592_000.0),
}
SPAN_S = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
SPAN = re.compile(r"(\d+)([smhd])")
"""A window in short: `5h`."""
DECORATION = frozenset({
    "x", "llm", "provider", "litellm", "anthropic", "openai", "azure", "groq", "mistral", "priority", "fast", "api",
    "key", "user", "team", "model", "per", "org", "organization", "project", "account"
})  # fmt: skip
"""Words that say whose limit it is."""
OTHER = frozenset({
    "concurrent", "concurrency", "connections", "images", "image", "audio", "spend", "cost", "credits", "credit",
    "bytes", "size", "context", "max", "files", "unified", "used", "usage", "consumed", "query", "over", "after",
    "type", "scope", "retry"
})  # fmt: skip
"""Words of limits that are not on requests or tokens in a time."""
RATE_LIMIT = frozenset({"ratelimit", "ratelimitbysize"})
MOST_NAMES = 4096
"""Names of headers that are remembered."""
MOST_UNREAD = 3
"""Names of unread headers that a row keeps."""


class Meaning(NamedTuple):
    """The meaning of a header's name."""

    figure: Figure | None
    """None: of some limit, but which figure of what is unknown."""
    kind: Kind
    part: Part | None
    window_s: float | None
    family: tuple[str, ...]
    """The other words of the name: headers that share them are about the same limit."""


@lru_cache(MOST_NAMES)
def read_name(name: bytes) -> Meaning | None:
    """The meaning of a header's lower-case name, if it is about a limit, else None."""
    words = tuple(re.split(r"[-_.]+", name.decode("latin-1").replace("rate-limit", "ratelimit")))
    figures = [word for word in words if word in FIGURES]
    is_limit = not RATE_LIMIT.isdisjoint(words)
    kinds = [KINDS[word] for word in words if word in KINDS and (is_limit or word not in SINGULAR)]
    if not OTHER.isdisjoint(words) or not (is_limit or (figures and kinds)):
        return None
    parts = [PARTS[word] for word in words if word in PARTS]
    window_s = _read_window(words)
    known = all(word in _KNOWN or word.isdigit() or SPAN.fullmatch(word) for word in words)
    kind: Kind = kinds[0] if kinds else "requests"
    figure: Figure | None = None
    if figures and (known or (kinds and (is_limit or "litellm" in words))):
        figure = FIGURES[next((word for word in figures if word != "limit"), "limit")]
    elif known and not figures:
        figure = "all"
    family = tuple(word for word in words if word not in FIGURES)
    return Meaning(figure, kind, parts[0] if parts else None, window_s, family)


_KNOWN = frozenset({*FIGURES, *KINDS, *PARTS, *WINDOWS_S, *DECORATION, *RATE_LIMIT})


def _read_window(words: tuple[str, ...]) -> float | None:
    """The window in a name: `minute`, `5-minute`, `5h`."""
    for before, word in zip(("", *words), words, strict=False):
        if word in WINDOWS_S:
            return WINDOWS_S[word] * (int(before) if before.isdigit() else 1)
        if short := SPAN.fullmatch(word):
            return int(short[1]) * SPAN_S[short[2]]
    return None


@dataclass(slots=True)
class Limit:
    """One limit, as far as the head reports it."""

    kind: Kind
    part: Part | None = None
    window_s: float | None = None
    limit: int | None = None
    remaining: int | None = None
    reset_ms: float | None = None

    @property
    def is_reported(self) -> bool:
        return not (self.limit is None and self.remaining is None and self.reset_ms is None)

    @property
    def left(self) -> tuple[bool, float]:
        """Orders limits by how soon they are reached: one of known size comes before one with only a remainder."""
        known = [figure for figure in (self.remaining, self.limit) if figure is not None]
        return self.limit is None, known[0] if known else float("inf")


class Item(NamedTuple):
    """One limit of a structured value, such as `"day";q=100;w=86400`, or `100;w=60`."""

    name: str
    fields: dict[str, str]


KEYS = {"limit": "limit", "q": "limit", "remaining": "remaining", "r": "remaining", "reset": "reset", "t": "reset",
        "w": "window", "window": "window", "qu": "unit"}  # fmt: skip
"""Parameter of a structured value -> its meaning."""


def read_items(value: bytes) -> list[Item]:
    """The limits of a structured value; a bare number is a limit, and begins one as a name does."""
    items: list[Item] = []
    for piece in re.split(r"[,;]", value.decode("latin-1")):
        key, equals, text = piece.strip().partition("=")
        if not equals or not items:
            items.append(Item("" if equals or key.isdigit() else key.strip('"').lower(), {}))
        if equals and (meaning := KEYS.get(key.strip().lower())):
            items[-1].fields[meaning] = text.strip().strip('"')
        elif not equals and key.isdigit():
            items[-1].fields["limit"] = key
    return items


def fill_limits(row: Row, headers: Iterable[tuple[bytes, Meaning, bytes]], read_now_s: Callable[[], float]) -> None:
    """Write the limits that headers (name, its meaning, value) report into the row.

    `read_now_s`: seconds since 1970 by the server, called only where a header gives a point in time.
    """
    limits: dict[tuple[object, ...], Limit] = {}
    unread: list[bytes] = []
    for name, meaning, value in sorted(headers, key=lambda each: each[1].figure == "policy"):  # what it explains first
        if meaning.figure is None or not _take(limits, meaning, value, read_now_s):
            unread.append(name)
    read = [limit for limit in limits.values() if limit.is_reported]
    for kind in ("requests", "tokens"):
        if own := [limit for limit in read if limit.kind == kind]:
            _write(row, kind, min(own, key=lambda limit: limit.left))
    if row.ratelimit_limit_requests is None and row.ratelimit_limit_tokens is None:
        row.checks += [f"{UNREAD_LIMIT}:{name.decode('latin-1')[:60]}" for name in unread[:MOST_UNREAD]]


def _take(
    limits: dict[tuple[object, ...], Limit], meaning: Meaning, value: bytes, read_now_s: Callable[[], float]
) -> bool:
    """Put a header's figures where those of the same limit are; False where nothing can be read from it."""
    figure = meaning.figure
    if figure in ("all", "policy"):
        return _take_items(limits, meaning, value, read_now_s)
    limit = limits.get(meaning.family)
    if limit is None:
        limit = limits[meaning.family] = Limit(meaning.kind, meaning.part, meaning.window_s)
    if figure == "reset":
        limit.reset_ms = parse_reset_ms(value, read_now_s)
        return True
    if value.isdigit():
        count, window_s = parse_count(value), None
    else:
        count, window_s = _read_count(value)
    if figure == "remaining":
        limit.remaining = count
    else:
        limit.limit = count or None
        limit.window_s = window_s or limit.window_s
    return count is not None or value.strip().startswith(b"-")  # -1 was read: there is no limit


def _read_count(value: bytes) -> tuple[int | None, float | None]:
    """The count that a value begins with, and the window that stands behind the same count: `10, 10;w=1, 50;w=60`."""
    items = read_items(value)
    count = _count(items[0].fields.get("limit"))
    spans = [_span(item) for item in items if _count(item.fields.get("limit")) == count and "window" in item.fields]
    if count is None:
        count = parse_count(value.removesuffix(b".0"))
    return count, spans[0] if spans else None


def _take_items(
    limits: dict[tuple[object, ...], Limit], meaning: Meaning, value: bytes, read_now_s: Callable[[], float]
) -> bool:
    """Put the limits of a structured value where those of the same name are."""
    items = read_items(value)
    for item in items:
        limit = _find(limits, meaning, item)
        limit.kind = _kind(meaning, item)
        limit.limit = _count(item.fields.get("limit")) or limit.limit
        limit.window_s = _span(item) or limit.window_s
        if "remaining" in item.fields:
            limit.remaining = _count(item.fields["remaining"])
        if "reset" in item.fields:
            limit.reset_ms = parse_reset_ms(item.fields["reset"].encode("latin-1"), read_now_s)
    return any(item.fields for item in items)


def _find(limits: dict[tuple[object, ...], Limit], meaning: Meaning, item: Item) -> Limit:
    """The limit of an item: that of its name; without a name that of the same count, else the only one."""
    family = (*meaning.family, item.name)
    if item.name:
        return limits.setdefault(family, Limit(meaning.kind, meaning.part, meaning.window_s))
    count = _count(item.fields.get("limit"))
    own = [limit for key, limit in limits.items() if key[: len(meaning.family)] == meaning.family]
    same = [limit for limit in own if count is None or limit.limit is None or limit.limit == count]
    if same:
        return same[0]
    return limits.setdefault((*family, count), Limit(meaning.kind, meaning.part, meaning.window_s))


def _kind(meaning: Meaning, item: Item) -> Kind:
    words = re.split(r"[^a-z]+", f"{item.fields.get('unit', '')} {item.name}".lower())
    return next((KINDS[word] for word in words if word in KINDS), meaning.kind)


def _count(text: str | None) -> int | None:
    return None if text is None else parse_count(text.encode("latin-1"))


def _span(item: Item) -> float | None:
    seconds = _count(item.fields.get("window"))
    return float(seconds) if seconds else None


def _write(row: Row, kind: Kind, limit: Limit) -> None:
    if kind == "requests":
        row.ratelimit_limit_requests = limit.limit
        row.ratelimit_remaining_requests = limit.remaining
        row.ratelimit_reset_requests_ms = limit.reset_ms
        row.ratelimit_window_requests_s = limit.window_s
    else:
        row.ratelimit_limit_tokens = limit.limit
        row.ratelimit_remaining_tokens = limit.remaining
        row.ratelimit_reset_tokens_ms = limit.reset_ms
        row.ratelimit_window_tokens_s = limit.window_s
        row.ratelimit_tokens_of = limit.part
