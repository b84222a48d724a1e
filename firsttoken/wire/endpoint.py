"""Where attempts go: a base URL, an API, a key and a way there made into what a connection and a request need.

Rule: what cannot be reached or cannot be sent is refused here, in a sentence; the key shows in no repr.

Azure OpenAI is a base URL like any other: https://NAME.openai.azure.com/openai/v1 takes a key, or a token of Entra ID,
as bearer; https://NAME.openai.azure.com/openai/deployments/DEPLOYMENT?api-version=... takes a key as `api-key`.
"""

import base64
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from firsttoken.net.proxy import Proxy, find_proxy
from firsttoken.net.url import DEFAULT_PORTS, EndpointError, check_header, check_key, is_harmless, split_url
from firsttoken.wire.dialects import DIALECTS

AZURE_HOST = re.compile(r".+\.(openai|cognitiveservices|services\.ai)\.azure\.(com|us|cn)")
AZURE_UNDATED = "/openai/v1/"
"""In a path, this is the one API of Azure that takes a key as a bearer."""
AZURE_DATED = "/openai/deployments/"
"""In a path, this is Azure's older API, at a host of Azure or behind another gateway."""


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
    proxy: Proxy | None = None
    ca_file: str = ""
    """Certificates (PEM) that alone vouch for the server; empty: those that the system trusts."""

    @property
    def tls(self) -> bool:
        return self.scheme == "https"

    @property
    def authority(self) -> str:
        """Host as a URL writes it, with the port unless it is the scheme's own."""
        return self._host if self.port == DEFAULT_PORTS[self.scheme] else f"{self._host}:{self.port}"

    @property
    def tunnel_authority(self) -> str:
        """Host and port, always both: what a proxy is asked to connect to."""
        return f"{self._host}:{self.port}"

    @property
    def _host(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host


def parse_endpoint(
    base_url: str,
    api: str,
    key: str | None,
    headers: Mapping[str, str],
    *,
    public: Collection[str] = (),
    proxy: str = "",
    ca_file: str = "",
    environ: Mapping[str, str] = MappingProxyType({}),
) -> Endpoint:
    """Return the endpoint of an API below `base_url`; a header of `headers` replaces ours of that name.

    `public` names, in lower case, headers whose values anyone may read; every other that is not known to hold no key
    is taken to hold one. `proxy` is a proxy's URL, "none", or "" for the one that `environ` names.
    Raises EndpointError, whose sentence holds no secret, for what cannot be reached or sent.
    """
    if api not in DIALECTS:
        raise EndpointError(f"api: expected one of {', '.join(DIALECTS)}, got {api!r}")
    url, host, port = split_url(base_url)
    own = {name.lower(): check_header(name, value) for name, value in headers.items()}
    credential = {} if key is None else _present(check_key(key), host, url.path)
    query = f"?{url.query}" if url.query else ""
    way = find_proxy(base_url, proxy, environ)
    return Endpoint(
        scheme=url.scheme,
        host=host,
        port=port,
        target=url.path.rstrip("/") + DIALECTS[api].path + query,
        headers=credential | own,
        secrets=_find_secrets(key, own, public) + (way.secrets if way else ()),
        proxy=way,
        ca_file=ca_file,
    )


def write_url(base_url: str, api: str) -> str:
    """The URL that an API is asked at, as people may read it: without a query, which may hold a key."""
    url, _, _ = split_url(base_url)
    return url._replace(path=url.path.rstrip("/") + DIALECTS[api].path, query="", fragment="").geturl()


def _present(key: str, host: str, path: str) -> dict[str, str]:
    """The header that carries the key: a bearer everywhere but at Azure's older API."""
    dated = AZURE_DATED in path or (AZURE_HOST.fullmatch(host) and AZURE_UNDATED not in f"{path}/")
    return {"api-key": key} if dated else {"authorization": f"Bearer {key}"}


def _find_secrets(key: str | None, headers: Mapping[str, str], public: Collection[str]) -> tuple[str, ...]:
    """The key, and every header that may hold one: also without its scheme ("Bearer ..."), and what Basic encodes."""
    credentials = [value for name, value in sorted(headers.items()) if not (is_harmless(name) or name in public)]
    bare = [value.split(" ", 1)[-1] for value in credentials]
    return tuple(filter(None, [key, *credentials, *bare, *map(_read_basic, credentials)]))


def _read_basic(credential: str) -> str:
    """The password that a header of Basic authentication (RFC 7617) holds; empty for any other."""
    scheme, _, encoded = credential.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[2]
    except ValueError:
        return ""
