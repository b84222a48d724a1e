"""The bytes of a request: HTTP/1.1, the head made once per endpoint, the body's length put in each time.

Behind a proxy, https is asked for a tunnel and then spoken as ever; of http, the proxy gets every request whole, its
target with scheme and host in front (RFC 9112, section 3.2.2).

Rule: pure; nothing is sent that invites a proxy to compress, and so to hold back, the stream, unless the target's own
headers ask for it, as applications do: accept-encoding = "gzip, deflate, br".
"""

from firsttoken import __version__
from firsttoken.wire.endpoint import Endpoint


def write_head(endpoint: Endpoint, connection: str) -> bytes:
    """Return the request line and all headers but the last; `connection` is "keep-alive" or "close"."""
    forwarded = endpoint.proxy is not None and not endpoint.tls
    target = f"{endpoint.scheme}://{endpoint.authority}{endpoint.target}" if forwarded else endpoint.target
    headers = {
        "host": endpoint.authority,
        "user-agent": f"firsttoken/{__version__}",
        "accept": "text/event-stream",
        "accept-encoding": "identity",
        "connection": connection,
        "content-type": "application/json",
    }
    headers |= dict(endpoint.headers)
    if forwarded:
        headers |= _authorize(endpoint)
    return f"POST {target} HTTP/1.1\r\n{_write_lines(headers)}".encode("latin-1")


def write_connect(endpoint: Endpoint) -> bytes:
    """Return the whole request that asks a proxy for a tunnel to the endpoint."""
    headers = {"host": endpoint.tunnel_authority, "user-agent": f"firsttoken/{__version__}"} | _authorize(endpoint)
    return f"CONNECT {endpoint.tunnel_authority} HTTP/1.1\r\n{_write_lines(headers)}\r\n".encode("latin-1")


def _authorize(endpoint: Endpoint) -> dict[str, str]:
    authorization = endpoint.proxy and endpoint.proxy.authorization
    return {"proxy-authorization": authorization} if authorization else {}


def _write_lines(headers: dict[str, str]) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items())


def write_request(head: bytes, body: bytes) -> bytes:
    """Return a whole request."""
    return b"%bcontent-length: %d\r\n\r\n%b" % (head, len(body), body)
