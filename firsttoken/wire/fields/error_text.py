"""The server's own words from an error, its codes and the wait it asks for, in any shape.

Rule: pure, and total: any bytes give a text. Every place where a server says no goes through here: the
body under an error's status, an event of a stream, and what stands outside the events.
"""

import html
import math
import re
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from firsttoken.decoding.unreadable import UNREADABLE

MAX_RAW_BYTES = 300
MOST_PLACES = 300
"""Objects and lists of a body that are looked into; an error has a handful."""
DEEPEST = 20
"""Of errors within errors, so many are looked into."""
MOST_CAUSES = 3
"""The most errors of a list that are reported."""

WRAPPERS = ("error", "errors", "detail", "err", "exception", "fault", "Error")
"""Keys below which the error itself stands, the most common first."""
NAMED_ERROR = re.compile("[a-z](?:Exception|Error)$")
"""The end of such keys at AWS, which are called as the error is."""
ENVELOPES = ("base_resp", "Response", "ResponseMetadata")
"""Keys of objects that describe an error if there is one."""
MESSAGES = (
    "message", "msg", "error_message", "errorMessage", "error_description", "description", "reason", "title", "text",
    "Message", "error_msg", "errorMsg", "err_msg", "errmsg", "status_msg", "faultstring",
)  # fmt: skip
"""Keys of the words."""
SHOWN_CODES = ("code", "type")
CODES = (
    *SHOWN_CODES, "status", "error_code", "errorCode", "error_type", "status_code", "statusCode", "reason", "errcode",
    "err_code", "Code", "__type", "errorcode",
)  # fmt: skip
"""Keys of a code, and those that are shown behind the words."""
WAITS_MS = {
    "retrydelay": 1e3, "retryafter": 1e3, "retryafterseconds": 1e3, "retryaftersecs": 1e3, "retryafterms": 1.0,
    "retryaftermilliseconds": 1.0, "retryaftermillis": 1.0, "retryin": 1e3, "retryinseconds": 1e3,
    "estimatedtime": 1e3, "resetsinseconds": 1e3, "resetafter": 1e3, "waitseconds": 1e3,
}  # fmt: skip
"""Key of a wait, without its signs -> milliseconds of its unit."""
SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|milliseconds?|s|sec|secs|seconds?|m|min|minutes?|h|hours?)(?![a-z])", re.I)
UNIT_MS = {"ms": 1.0, "s": 1e3, "m": 60e3, "h": 3600e3}
ASKED_WAIT = re.compile(rf"(?:try again|retry|wait)(?: in| after| for)?:? ((?:{SPAN.pattern}\s*)+)", re.I)
"""How servers ask in words for a wait: "Please try again in 1m2.5s"."""

RATE_LIMITS = (
    "429", "ratelimit", "toomanyrequests", "throttl", "resourceexhausted", "requestlimit", "quotaexceeded",
    "insufficientquota", "tokenlimitexceededperminute", "concurrencylimit", "flowlimit", "spikearrest",
    "quotaviolation",
)  # fmt: skip
"""How codes begin, in small letters and without signs, that mean: not now, you asked for too much."""
RATE_LIMIT_WORDS = ("rate limit", "ratelimit", "too many requests")
"""How the words begin where a refusal has no code."""
TITLE = re.compile(rb"<title[^>]*>(.*?)</title>", re.DOTALL | re.IGNORECASE)
TAGS = re.compile(rb"<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)
SUCCESSES = frozenset({"", "0", "ok", "success", "succeeded", "successful", "none", "normal"})
"""Codes, in small letters and without signs, that mean no failure, like numbers from 200 to 399."""
NEWS = re.compile("warn|info|notice|deprecat|debug|metadata|status|event|heartbeat", re.IGNORECASE)
"""Parts of the type of an object whose message is not an error, whatever its code."""
FAILURES = re.compile("error|exception|invalid|limit|denied|fail", re.IGNORECASE)
"""What the type or the status of an object has in it where its message is that of an error."""
ERROR_LINE = re.compile(rb"[^\w\s]*(?:error|exception|fatal|traceback)\b", re.IGNORECASE)
"""How a plain text begins if it is an error."""
FIELD = re.compile(rb"\s*(?:\"?[\w-]+\"?\s*:\s*)?(?=[\[{])")
"""What may stand in a line before JSON: a field's name."""


class ServerError(NamedTuple):
    """What a server said of an error."""

    words: str
    codes: frozenset[str] = frozenset()
    """Every code, type and status word it gave, in small letters and without signs."""
    retry_after_ms: float | None = None
    """The wait that its body asks for."""

    @property
    def limits_rate(self) -> bool:
        """Whether it means that more was asked than may be."""
        return any(code.startswith(RATE_LIMITS) for code in self.codes)


def read_error(body: bytes) -> str:
    """The words of an error: its message and, in brackets, its code or else its type; "" of an empty body."""
    return read_server_error(body).words


def read_server_error(body: bytes) -> ServerError:
    """The error of a body that is known to be an error.

    As JSON: the words stand below any of WRAPPERS, in objects and lists, under one of MESSAGES; a text alone is the
    words. Of HTML the title, of anything else the text itself, its first 300 bytes.
    """
    value = _decode(body)
    if value is None and (line := _find_json_line(body)) is not None:
        value, body = _decode(line), line
    if value is None:
        return ServerError(words := _read_text(body), retry_after_ms=_read_asked_wait(words))
    words = _find_words(value) or _cut(body)
    places = list(_walk(value))
    return ServerError(words, frozenset(_find_codes(places)), _find_wait(places, words))


def find_server_error(body: bytes) -> ServerError | None:
    """The error of a body or event, None if it has no error."""
    value = _decode(body)
    if value is None and (line := _find_json_line(body)) is not None:
        value, body = _decode(line), line
    if value is None:
        return read_server_error(body) if ERROR_LINE.match(body.lstrip()) else None
    return read_server_error(body) if _is_error(value) else None


def tells_failure(error: object) -> bool:
    """Whether what stands where an error belongs is one: some servers write there that all is well."""
    if not isinstance(error, dict):
        return bool(error)
    code = next((code for key in CODES if (code := error.get(key)) is not None), None)
    return any(error.values()) and (code is None or not _is_success(code))


def _is_success(code: object) -> bool:
    if isinstance(code, str):
        code = int(code) if code.isascii() and code.isdigit() and len(code) < 9 else code
    if isinstance(code, int):
        return code == 0 or 200 <= code < 400
    return isinstance(code, str) and normalise_code(code) in SUCCESSES


def find_words(body: bytes) -> str:
    """The words of a JSON object, be it an error or news; "" where it has none."""
    return _find_words(_decode(body))


def normalise_code(code: str | float) -> str:
    """A code in small letters and without signs, so that RateLimitExceeded and rate_limit_exceeded are one."""
    return re.sub(r"[^a-z0-9]", "", f"{code}".lower())


def _decode(body: bytes) -> object:
    """The JSON value, None where there is none."""
    try:
        return msgspec.json.decode(body)
    except UNREADABLE:
        pass
    try:
        return msgspec.json.decode(body.decode("utf-8", "replace"))
    except UNREADABLE:
        return None


def _find_json_line(body: bytes) -> bytes | None:
    """The first line that holds JSON behind the name of a field: an error may come as an event, or as a field."""
    for line in body.splitlines()[:20]:
        found = FIELD.match(line)
        if found is not None and isinstance(_decode(rest := line[found.end() :].strip()), dict | list):
            return rest
    return None


def _is_error(value: object, depth: int = 0) -> bool:
    if depth == DEEPEST:
        return False
    if isinstance(value, list):
        return any(_is_error(item, depth + 1) for item in value[:MOST_CAUSES])
    if not isinstance(value, dict):
        return False
    if tells_failure(value.get("error")) or value.get("errors") or "error" in (value.get("object"), value.get("type")):
        return True
    inner = _find_wrapped(value)
    if inner is not None and inner is not value.get("detail"):
        named = isinstance(inner, str) or any(map(NAMED_ERROR.search, value))
        return named or (isinstance(inner, dict) and (_is_error(inner, depth + 1) or _has_error_code(inner)))
    if value.get("choices"):
        return False
    return bool(value.get("detail")) or (_find_message(value) is not None and _has_error_code(value))


def _find_wrapped(value: dict[str, object]) -> object:
    """What stands below the key of an error, None where there is none."""
    inner = next((inner for key in WRAPPERS if (inner := value.get(key))), None)
    if inner is None or isinstance(inner, bool | int | float):
        named = (inner for key, inner in value.items() if key in ENVELOPES or NAMED_ERROR.search(key))
        return next((inner for inner in named if isinstance(inner, dict)), None)
    return inner


def _has_error_code(value: dict[str, object]) -> bool:
    """Whether an object with a message also has a code of an error, so that it is not just information."""
    kind, status = value.get("type"), value.get("status")
    if (isinstance(kind, str) and NEWS.search(kind)) or value.get("level") in ("info", "warning", "warn"):
        return False
    codes = [code for key in CODES if key not in ("type", "status", "reason") and (code := value.get(key)) is not None]
    if any(not _is_success(code) for code in codes if isinstance(code, int | str)) or value.get("success") is False:
        return True
    is_error_status = isinstance(status, int) and status >= 400
    return is_error_status or any(isinstance(word, str) and FAILURES.search(word) for word in (kind, status))


def _find_words(value: object, depth: int = 0) -> str:
    """The words of a value, with the code of the object they stand in; "" where it has none."""
    holder: dict[str, object] = {}
    while not isinstance(value, str):
        if isinstance(value, list) and depth == DEEPEST:
            return ""
        if isinstance(value, list):
            return "; ".join(
                dict.fromkeys(filter(None, (_find_words(each, depth + 1) for each in value[:MOST_CAUSES])))
            )
        if not isinstance(value, dict):
            return ""
        holder = value
        inner = _find_wrapped(value)
        if inner is None:
            break
        value = inner
    if isinstance(value, str):
        # Spring and Nest name the status under `error`, and say beside it what is wrong
        message = _find_message(holder, depth) if holder.get("error") is value else None
        return value if message is None or value in message else f"{message} ({value})"
    message = _find_message(holder, depth)
    if message is None:
        return ""
    place = _find_place(holder, message)
    code = next((code for key in SHOWN_CODES if (code := holder.get(key))), None)
    shown = isinstance(code, str | int) and not isinstance(code, bool) and code != "error" and "loc" not in holder
    return f"{place}{message} ({code})" if shown else f"{place}{message}"


def _find_place(holder: dict[str, object], message: str) -> str:
    """The field of the request that an error is about, where its message does not name it."""
    where, field = holder.get("loc"), holder.get("param")
    if isinstance(where, list) and where:
        return ".".join(map(str, where)) + ": "
    return f"{field}: " if isinstance(field, str) and field and field not in message else ""


def _find_message(holder: dict[str, object], depth: int = 0) -> str | None:
    for key in MESSAGES:
        message = holder.get(key)
        if isinstance(message, dict | list) and depth < DEEPEST:
            message = _find_words(message, depth + 1)
        if isinstance(message, str) and message:
            return message
    return None


def _walk(value: object) -> Iterator[dict[str, object]]:
    """The objects in a value, from the outside in, a bounded number of them."""
    places = [value]
    for place in places:
        if isinstance(place, dict):
            yield place
        inner = place.values() if isinstance(place, dict) else place if isinstance(place, list) else ()
        places += [each for each in inner if isinstance(each, dict | list)][: MOST_PLACES - len(places)]


def _find_codes(places: list[dict[str, object]]) -> Iterator[str]:
    for place in places:
        yield from (normalise_code(key) for key in place if NAMED_ERROR.search(key))
        for key in CODES:
            code = place.get(key)
            if isinstance(code, str | int) and not isinstance(code, bool):
                yield normalise_code(code)
                if isinstance(code, str) and "." in code:  # the last of "policies.ratelimit.QuotaViolation" says most
                    yield normalise_code(code.rpartition(".")[2])


def _find_wait(places: list[dict[str, object]], words: str) -> float | None:
    """Milliseconds that an error asks to wait, in a field or else in its text."""
    for place in places:
        for key, value in place.items():
            unit_ms = WAITS_MS.get(normalise_code(key))
            wait_ms = None if unit_ms is None else _read_wait_ms(value, unit_ms)
            if wait_ms is not None:
                return wait_ms
    return _read_asked_wait(words)


def _read_wait_ms(value: object, unit_ms: float) -> float | None:
    """A wait as a number of its field's unit, or as a text with a unit of its own."""
    if isinstance(value, str):
        if spans := SPAN.findall(value):
            return _sum_spans(spans)
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    wait_ms = value * unit_ms
    return wait_ms if math.isfinite(wait_ms) and wait_ms >= 0 else None


def _read_asked_wait(words: str) -> float | None:
    asked = ASKED_WAIT.search(words)
    return _sum_spans(SPAN.findall(asked[1])) if asked else None


def _sum_spans(spans: list[tuple[str, str]]) -> float:
    return math.fsum(float(number) * UNIT_MS[_shorten(unit.lower())] for number, unit in spans)


def _shorten(unit: str) -> str:
    """The key of a unit: its first letter, except for milliseconds."""
    return "ms" if unit.startswith(("ms", "milli")) else unit[0]


def _read_text(body: bytes) -> str:
    """The text of a body that is no JSON: the title of a page of HTML, else the words between its tags."""
    if not body.lstrip().startswith(b"<"):
        return _cut(body)
    title = TITLE.search(body)
    text = title[1] if title is not None and title[1].strip() else TAGS.sub(b" ", body)
    return _cut(html.unescape(text.decode("utf-8", "replace")).encode()) or _cut(body)


def _cut(body: bytes) -> str:
    return " ".join(body[:MAX_RAW_BYTES].decode("utf-8", "replace").split())
