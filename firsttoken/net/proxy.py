"""Which HTTP proxy stands between us and a server: the target's own word, else the environment's, as curl reads it.

Rule: pure, and a proxy's user name and password show in no repr, no refusal and no row. Unlike curl, a server on
loopback is never reached through a proxy of the environment: a proxy could not reach it.
"""

import base64
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from firsttoken.net.url import DEFAULT_PORTS, EndpointError

DIRECT = "none"
"""The `proxy` of a target that is reached without one, even if the environment names one."""
VARIABLES = {
    "http": ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"),
    "https": ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"),
}
"""Scheme of the server -> the variables that may name its proxy; the first that is not empty does."""
EXEMPTING = ("no_proxy", "NO_PROXY")
PROXY_PORT = 1080
"""curl's, where a proxy's URL names none."""


@dataclass(frozen=True)
class Proxy:
    """An HTTP proxy: tunnels for https, forwards for http."""

    host: str
    port: int
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @property
    def authority(self) -> str:
        """Host and port as a URL writes them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def authorization(self) -> str | None:
        """The value of Proxy-Authorization (RFC 7617); None where the URL held no user name."""
        if not self.username:
            return None
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not appear in anything that is written down."""
        credentials = (self.authorization or "").removeprefix("Basic ")
        return tuple(filter(None, [self.password or self.username, credentials]))


def find_proxy(url: str, chosen: str, environ: Mapping[str, str]) -> Proxy | None:
    """The proxy on the way to an http(s) URL, None for the direct way.

    `chosen` is the target's own word: a proxy's URL, "none", or "" for what the environment says. Raises EndpointError
    for a proxy that is none.
    """
    if chosen:
        return None if chosen == DIRECT else parse_proxy(chosen, "proxy")
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme]
    name = next((name for name in VARIABLES[parts.scheme] if environ.get(name)), None)
    exempt = next((environ[name] for name in EXEMPTING if environ.get(name)), "")
    if name is None or is_loopback(host) or is_exempt(host, port, exempt):
        return None
    return parse_proxy(environ[name], name)


def parse_proxy(url: str, name: str) -> Proxy:
    """A proxy by its URL; `name` is where that was written. Raises EndpointError, whose sentence holds no secret."""
    expected = f"{name}: expected an HTTP proxy such as http://proxy.example.com:3128"
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or not host.isascii() or any(character <= " " for character in url):
        raise EndpointError(f"{expected}, got something else")
    if parts.scheme != "http":
        raise EndpointError(f"{expected}, got one of scheme {parts.scheme}; only HTTP proxies are supported")
    return Proxy(host, port or PROXY_PORT, unquote(parts.username or ""), unquote(parts.password or ""))


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its name or its address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def is_exempt(host: str, port: int, exempt: str) -> bool:
    """Whether a list like NO_PROXY names a host.

    Separated by commas or spaces: "*" is every host; "example.com" (or ".example.com", "*.example.com") is that name
    and all below it; "example.com:8443" at that port alone; "10.0.0.1" and "10.0.0.0/8" are addresses, which only a
    host that is written as an address can match.
    """
    return any(_names(entry.lower(), host.lower(), port) for entry in exempt.replace(",", " ").split())


def _names(entry: str, host: str, port: int) -> bool:
    if entry == "*":
        return True
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:  # one of the two is no address
        name, colon, own_port = entry.rpartition(":")
    if colon and own_port.isdecimal():
        return int(own_port) == port and _names(name, host, port)
    suffix = entry.removeprefix("*").strip(".")
    return bool(suffix) and (host == suffix or host.endswith(f".{suffix}"))
