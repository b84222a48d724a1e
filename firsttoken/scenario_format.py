"""The format of a scenario: every key, its type, its default, and what a table must satisfy by itself.

Rule: a value that cannot be meant is refused here, while it is decoded, so that a Scenario that exists is sound.
What depends on the catalogue stands in `scenario_rules`. Durations stay as written: "1.5s", "200ms", "2m", "1h".
"""

from __future__ import annotations

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from firsttoken.catalogue import Simulated
from firsttoken.http_text import check_header, split_url
from firsttoken.proxy import DIRECT, parse_proxy
from firsttoken.traffic.lengths import mean_length

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_TIME = r"[0-9]+(\.[0-9]+)?(ms|s|m|h)"
_ABOVE_0 = rf"(?=[0.]*[1-9]){_TIME}"
_WORD = r"[\w.+@:/-]+"
_SECRET = re.compile(r"authorization|api-?_?key|secret|password|cookie|(^|-)token$", re.IGNORECASE)
_QUERY = r"(api-version=[\w.-]+)?"
"""What may stand behind the path of a base_url: anything else could be a key."""
_WRITTEN_BY_US = frozenset({"model", "messages", "input", "prompt", "stream"})


def _text(pattern: str, description: str) -> Meta:
    """The mark of a text that matches as a whole; a lone `$` would let a line break stand at its end."""
    return Meta(pattern=rf"^(?:{pattern})(?!\n)$", description=description)


Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]
Word = Annotated[str, _text(_WORD, "a word of letters, digits and . _ - + @ : /")]
OptionalWord = Annotated[str, _text(f"({_WORD})?", 'a word of letters, digits and . _ - + @ : /, or ""')]
FileWord = Annotated[str, _text(r"\w[\w.-]*", "a word of letters, digits and . _ -")]
Duration = Annotated[str, _text(_TIME, 'a duration such as "1.5s", "200ms", "2m" or "1h"')]
Deadline = Annotated[str, _text(_ABOVE_0, 'a duration above zero such as "60s"')]
Limit = Annotated[str, _text(f"({_ABOVE_0})?", 'a duration above zero such as "1.5s", or ""')]
Span = Annotated[str, _text(f"auto|{_TIME}", '"auto" or a duration such as "2s"')]
Window = Annotated[str, _text(f"auto|{_ABOVE_0}", '"auto" or a duration above zero such as "30s"')]
Variable = Annotated[str, _text("([A-Z_][A-Z0-9_]*)?", 'the name of a variable in capitals such as "OPENAI_API_KEY"')]
Level = Annotated[str, _text("(users=[0-9]+)?", 'a level of the ladder such as "users=32", or ""')]


class ScenarioError(ValueError):
    """A scenario that cannot be run as written; its text is the one sentence to show."""


def parse_duration(text: str) -> float:
    """Seconds of a duration such as "200ms", "1.5s", "2m" or "1h". Raises ValueError for anything else."""
    if not re.fullmatch(_TIME, text):
        raise ValueError(f'expected a duration such as "1.5s", "200ms", "2m" or "1h", got "{text}"')
    unit = text.lstrip("0123456789.")
    return float(text.removesuffix(unit)) * _SECONDS[unit]


class Spread(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A lognormal length in tokens, by its median and 95th percentile."""

    median: Annotated[float, Meta(ge=1)]
    p95: Annotated[float, Meta(ge=1)]

    def __post_init__(self) -> None:
        if self.p95 < self.median:
            raise ValueError(f"p95: expected at least the median {self.median:g}, got {self.p95:g}")


class Prices(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A target's own prices, US dollars per million tokens."""

    input: Annotated[float, Meta(ge=0)]
    output: Annotated[float, Meta(ge=0)]
    cached: Annotated[float, Meta(ge=0)] | None = None


class Target(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """One endpoint and model under test."""

    model: Word
    name: OptionalWord = ""
    """Unique; the model's name where the file says none."""
    base_url: str = ""
    """Such as "http://127.0.0.1:8000/v1"; empty: the built-in simulator. Azure's may end in "?api-version=..."."""
    api: Literal["chat", "responses"] = "chat"
    client: Literal["wire", "sdk"] = "wire"
    """wire: what the server does; sdk: what an application on the openai package feels of it."""
    key_env: Variable = ""
    """The variable that holds the key: keys are named, never written."""
    prices: str = "comparison"
    """A dated source of the catalogue, or "unknown" where nobody publishes a price, as on a server of one's own."""
    price: Prices | None = None
    """The target's own prices, instead of a source."""
    headers: dict[str, str] = {}
    extra_body: dict[str, object] = {}
    connection: Literal["reuse", "per_request"] = "reuse"
    proxy: str = ""
    """A proxy's URL or "none"; empty: the one that HTTPS_PROXY, HTTP_PROXY and NO_PROXY say."""
    ca_file: str = ""
    """Certificates (PEM) that alone vouch for the server; empty: those that the system trusts, or SSL_CERT_FILE."""
    simulator: Simulated = Simulated()

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "name", self.name or self.model)
        if self.base_url:
            _check_url(self.base_url)
        self._check_company()
        if self.proxy not in ("", DIRECT):
            _check_proxy(self.proxy)
        for header, value in self.headers.items():
            _refuse_secret(f"headers.{header}", value)
            check_header(header, value)
        for key, field in self.extra_body.items():
            _refuse_secret(f"extra_body.{key}", field)
        if taken := _WRITTEN_BY_US & self.extra_body.keys():
            raise ValueError(f"extra_body.{min(taken)}: expected other keys, as FirstToken writes this one itself")

    def _check_company(self) -> None:
        """Refuse a key that means nothing beside another."""
        if self.base_url and self.simulator != Simulated():
            raise ValueError("simulator: expected none beside base_url, got one; a server of its own is not simulated")
        if self.proxy and not self.base_url:
            raise ValueError("proxy: expected none without a base_url, got one; the simulator is on this machine")
        if self.ca_file and not self.base_url.startswith("https:"):
            raise ValueError(
                "ca_file: expected none without a base_url of https, got one; nobody else shows a certificate"
            )
        if self.client == "sdk" and self.connection == "per_request":
            raise ValueError(
                'connection: expected "reuse" beside client = "sdk", got "per_request"; '
                "the openai package keeps connections as it likes: leave it out"
            )


class Traffic(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What a user asks."""

    locustfile: Word
    """How a user behaves: a file of locustfiles/."""
    input_tokens: Positive | Spread
    output_tokens: Positive | Spread
    cache: Literal["cold", "warm"] | Share = "cold"
    """cold: no two prompts share a beginning; warm: the same prompts again; 0..1: that share of a prompt is common."""

    @property
    def shared(self) -> float:
        """The share of every prompt that all prompts have in common, 0 to 1."""
        return self.cache if isinstance(self.cache, float) else 0.0


class Load(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """How much of it, for how long."""

    users: Annotated[list[Positive], Meta(min_length=1)]
    """The ladder of a closed loop: so many users ask, read and ask again."""
    think: Duration = "0s"
    ramp: Span = "auto"
    settle: Span = "auto"
    measure: Window = "auto"
    hold: Duration = "120s"
    requests: Count = 0
    """Stop a level after so many requests; 0: by time."""
    repeats: Positive = 1
    order: Literal["abba", "shuffle"] = "abba"

    def __post_init__(self) -> None:
        if self.users != sorted(set(self.users)):
            raise ValueError(f"users: expected ascending numbers without repeats, got {self.users}")


class Slo(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The promise: a request keeps it when it succeeds and every limit that is set holds."""

    ttft: Limit = ""
    ttfo: Limit = ""
    felt_ttft: Limit = ""
    tpot: Limit = ""
    e2e: Limit = ""
    share: Annotated[float, Meta(gt=0, le=1)] = 0.95
    at: Level = ""
    """The level that decides, e.g. "users=32"."""

    @property
    def users(self) -> int | None:
        """The deciding level of `at`, if one is named."""
        return int(self.at.removeprefix("users=")) if self.at else None


class Retry(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What the client does after a failed attempt."""

    policy: Literal["none", "openai"] = "openai"


class Timeouts(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Deadlines of an attempt."""

    connect: Deadline = "10s"
    first_token: Deadline = "120s"
    idle: Deadline = "60s"
    total: Deadline = "600s"


class Demand(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The traffic that the answer is for."""

    requests_per_day: Annotated[float, Meta(gt=0)] | None = None
    output_tokens_per_day: Annotated[float, Meta(gt=0)] | None = None
    peak_rps: Annotated[float, Meta(gt=0)] | None = None
    headroom: Annotated[float, Meta(ge=0)] = 0.3
    days: Positive = 30


class Scenario(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """One reproducible run."""

    name: FileWord
    seed: Count = 7
    target: Annotated[list[Target], Meta(min_length=1)]
    traffic: Traffic
    load: Load
    slo: Slo = Slo()
    retry: Retry = Retry()
    timeouts: Timeouts = Timeouts()
    demand: Demand | None = None

    def __post_init__(self) -> None:
        names = [target.name for target in self.target]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f'target.name: expected a name of its own for each, got "{min(twice)}" twice')
        if self.slo.users is not None and self.slo.users not in self.load.users:
            raise ValueError(f'slo.at: expected a level of load.users = {self.load.users}, got "{self.slo.at}"')


def mean_tokens(length: int | Spread) -> float:
    """The mean of a length of [traffic] in tokens."""
    return mean_length((length.median, length.p95) if isinstance(length, Spread) else length)


def _refuse_secret(key: str, value: object) -> None:
    """Refuse what looks like a key written in clear; it is not repeated."""
    if _SECRET.search(key) or (isinstance(value, str) and value.lower().startswith(("bearer ", "sk-"))):
        raise ValueError(
            f"{key}: expected no secret, got what looks like one; keys are named, never written: "
            'put it into a variable and name that, such as key_env = "OPENAI_API_KEY"'
        )


def _check_url(url: str) -> None:
    """Refuse what is not a plain http(s) URL that can be sent; what could hold a key is not repeated."""
    try:
        parts = urlsplit(url)
        plain = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
    except ValueError:
        plain = False
    if not plain:
        got = "something else" if "@" in url else f'"{url}"'
        raise ValueError(f'base_url: expected a URL such as "http://127.0.0.1:8000/v1", got {got}')
    if parts.username or parts.password or parts.fragment or not re.fullmatch(_QUERY, parts.query):
        raise ValueError(
            "base_url: expected scheme, host, port and path alone, or with Azure's ?api-version=...; "
            "put a key into a variable, see key_env"
        )
    split_url(url)


def _check_proxy(url: str) -> None:
    """Refuse what is no HTTP proxy, or holds a password; what could hold one is not repeated."""
    if "@" in url:
        raise ValueError(
            "proxy: expected no user name or password, got one; they are never written into a scenario: "
            "leave this key out and put the proxy's whole URL into the variable HTTPS_PROXY or HTTP_PROXY"
        )
    parse_proxy(url, "proxy")
