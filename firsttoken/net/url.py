"""What HTTP can carry: URLs, header names and values, keys.

Rule: pure, and known before anything is sent: a scenario is held against it as it is read, an endpoint as it is made. A
refusal is a sentence, and never repeats a header's value or a key.
"""

import re
from urllib.parse import SplitResult, urlsplit

from firsttoken.error import FirstTokenError

DEFAULT_PORTS = {"http": 80, "https": 443}
FRAMING = {"connection", "content-length", "host", "transfer-encoding", "expect", "te", "upgrade"}
"""Headers that are the connection's own business."""
READABLE_CODINGS = {"identity", "gzip", "x-gzip", "deflate", "br"}
"""What an answer may be compressed with and still be read."""
HARMLESS = {
    *("accept", "accept-encoding", "accept-language", "anthropic-beta", "anthropic-version", "cache-control"),
    *("content-type", "origin"),
    *("openai-beta", "openai-organization", "openai-project", "prefer", "priority", "http-referer", "referer"),
    *("traceparent", "user-agent", "x-title"),
}
"""Headers, in lower case, that say how to answer or on whose account, and hold no key: public documents write them."""
HARMLESS_FAMILIES = ("x-request-", "x-stainless-")
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
VISIBLE_TEXT = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
VISIBLE_WORD = re.compile(r"[\x21-\x7e]+")


class EndpointError(FirstTokenError, ValueError):
    """An address, a header or a key that HTTP cannot carry; the message is a sentence that holds no secret."""


def split_url(base_url: str) -> tuple[SplitResult, str, int]:
    """The parts of a base URL, its host in ASCII, its port. Raises EndpointError for any other than plain http."""
    expected = "base_url: expected a URL such as https://api.example.com/v1"
    try:
        url = urlsplit(base_url)
        port = url.port
    except ValueError as problem:
        raise EndpointError(f"{expected}, got {base_url!r}: {problem}") from None
    if url.username is not None or url.password is not None:
        raise EndpointError(
            f"{expected}, got one with a user name or password; name the variable of the key in key_env instead"
        )
    if url.scheme not in DEFAULT_PORTS or not url.hostname or url.fragment or port == 0:
        raise EndpointError(f"{expected}, got {base_url!r}")
    if re.search(r"[\s\x00-\x20\x7f]", base_url) or not (url.path + url.query).isascii():
        raise EndpointError(f"{expected}, got {base_url!r}; encode other characters as %XX")
    try:
        host = url.hostname if ":" in url.hostname else url.hostname.encode("idna").decode()
    except UnicodeError:
        raise EndpointError(f"{expected}, got {base_url!r}; its host name is not valid") from None
    return url, host, port or DEFAULT_PORTS[url.scheme]


def check_header(name: str, value: str) -> str:
    """Return the value of a header as it is sent. Raises EndpointError for a name or a value that cannot be sent."""
    if not TOKEN.fullmatch(name):
        raise EndpointError(f"headers: expected a header name, got {name!r}")
    if name.lower() in FRAMING:
        raise EndpointError(f"headers: {name} is set by the connection itself; leave it out")
    if not VISIBLE_TEXT.fullmatch(value):
        raise EndpointError(f"headers: the value of {name} contains a line end or a character that HTTP does not allow")
    if name.lower() == "accept-encoding":
        _check_codings(value)
    return value.strip()


def _check_codings(value: str) -> None:
    """Refuse to ask for what could not be read (RFC 9110, section 12.5.3)."""
    asked = [part.partition(";")[0].strip().lower() for part in value.split(",")]
    unread = [coding for coding in asked if coding not in READABLE_CODINGS]
    if unread:
        raise EndpointError(
            f"headers: expected accept-encoding to ask for {', '.join(sorted(READABLE_CODINGS))}, got {unread[0]!r}"
        )


def is_harmless(name: str) -> bool:
    """Whether a header of this name is known to hold no key, so that its value may be written down."""
    return name.lower() in HARMLESS or name.lower().startswith(HARMLESS_FAMILIES)


def check_key(key: str, name: str = "key") -> str:
    """Return a key; `name` is where it comes from. Raises EndpointError for one that no header can carry."""
    if not VISIBLE_WORD.fullmatch(key):
        raise EndpointError(
            f"{name}: expected printable characters without spaces, got others; check its variable for a line end"
        )
    return key
