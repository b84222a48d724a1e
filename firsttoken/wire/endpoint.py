"""Where attempts go: a base URL, an API and a key made into what a connection and a request need.

Rule: what cannot be reached or cannot be sent is refused here, in a sentence; the key shows in no repr.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from firsttoken.wire.dialects import DIALECTS

DEFAULT_PORTS = {"http": 80, "https": 443}
FRAMING = {"connection", "content-length", "host", "transfer-encoding", "accept-encoding", "expect", "te", "upgrade"}
"""Headers that are the connection's own business."""
CREDENTIALS = {"authorization", "api-key", "x-api-key", "proxy-authorization", "cookie"}
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
VISIBLE_TEXT = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


@dataclass(frozen=True)
class Endpoint:
    """One URL that requests are posted to."""

    scheme: str
    host: str
    port: int
    target: str
    """Path, and query if any, of the request line."""
    headers: Mapping[str, str] = field(repr=False)
    """Besides those of the connection itself; the bearer key included."""
    secrets: tuple[str, ...] = field(repr=False)
    """What must not appear in anything that is written down."""

    @property
    def tls(self) -> bool:
        return self.scheme == "https"

    @property
    def authority(self) -> str:
        """Host as a URL writes it, with the port unless it is the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def parse_endpoint(base_url: str, api: str, key: str | None, headers: Mapping[str, str]) -> Endpoint:
    """Return the endpoint of an API below `base_url`; a header of `headers` replaces ours of that name.

    Raises ValueError, with a sentence that holds no secret, for what cannot be reached or sent.
    """
    if api not in DIALECTS:
        raise ValueError(f"api: expected one of {', '.join(DIALECTS)}, got {api!r}")
    url, host, port = _split(base_url)
    own = {name.lower(): _check_header(name, value) for name, value in headers.items()}
    bearer = {} if key is None else {"authorization": f"Bearer {_check_key(key)}"}
    query = f"?{url.query}" if url.query else ""
    return Endpoint(
        scheme=url.scheme,
        host=host,
        port=port,
        target=url.path.rstrip("/") + DIALECTS[api].path + query,
        headers=bearer | own,
        secrets=_find_secrets(key, own),
    )


def _split(base_url: str) -> tuple[SplitResult, str, int]:
    """The parts of the URL, its host in ASCII, its port."""
    expected = "base_url: expected a URL such as https://api.example.com/v1"
    try:
        url = urlsplit(base_url)
        port = url.port
    except ValueError as problem:
        raise ValueError(f"{expected}, got {base_url!r}: {problem}") from None
    if url.username is not None or url.password is not None:
        raise ValueError(
            f"{expected}, got one with a user name or password; name the key's variable in key_env instead"
        )
    if url.scheme not in DEFAULT_PORTS or not url.hostname or url.fragment or port == 0:
        raise ValueError(f"{expected}, got {base_url!r}")
    if re.search(r"[\s\x00-\x20\x7f]", base_url) or not (url.path + url.query).isascii():
        raise ValueError(f"{expected}, got {base_url!r}; write other characters as %XX")
    try:
        host = url.hostname if ":" in url.hostname else url.hostname.encode("idna").decode()
    except UnicodeError:
        raise ValueError(f"{expected}, got {base_url!r}; its host name is none") from None
    return url, host, port or DEFAULT_PORTS[url.scheme]


def _find_secrets(key: str | None, headers: Mapping[str, str]) -> tuple[str, ...]:
    """The key, and every credential among the headers, with and without its scheme ("Bearer ...")."""
    credentials = [headers[name] for name in sorted(CREDENTIALS & headers.keys())]
    return tuple(filter(None, [key, *credentials, *(value.split(" ", 1)[-1] for value in credentials)]))


def _check_key(key: str) -> str:
    if not re.fullmatch(r"[\x21-\x7e]+", key):
        raise ValueError(
            "key: expected printable characters without spaces, got others; look for a line end in its variable"
        )
    return key


def _check_header(name: str, value: str) -> str:
    if not TOKEN.fullmatch(name):
        raise ValueError(f"headers: expected a header name, got {name!r}")
    if name.lower() in FRAMING:
        raise ValueError(f"headers: {name} is the connection's own; leave it out")
    if not VISIBLE_TEXT.fullmatch(value):
        raise ValueError(f"headers: the value of {name} holds a line end or a character that HTTP cannot carry")
    return value.strip()
