"""The bytes of a request: HTTP/1.1, the head made once per endpoint, the body's length put in each time.

Rule: pure; nothing is sent that invites a proxy to compress, and so to hold back, the stream.
"""

from __future__ import annotations

from firsttoken import __version__
from firsttoken.wire.endpoint import Endpoint


def write_head(endpoint: Endpoint, connection: str) -> bytes:
    """Return the request line and all headers but the last; `connection` is "keep-alive" or "close"."""
    headers = {
        "host": endpoint.authority,
        "user-agent": f"firsttoken/{__version__}",
        "accept": "text/event-stream",
        "accept-encoding": "identity",
        "connection": connection,
        "content-type": "application/json",
    }
    lines = [f"{name}: {value}\r\n" for name, value in (headers | dict(endpoint.headers)).items()]
    return f"POST {endpoint.target} HTTP/1.1\r\n{''.join(lines)}".encode("latin-1")


def write_request(head: bytes, body: bytes) -> bytes:
    """Return a whole request."""
    return b"%bcontent-length: %d\r\n\r\n%b" % (head, len(body), body)
