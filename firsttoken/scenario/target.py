"""One endpoint and model under test: where it is, how it is asked, what it costs, and no key written in clear.

Rule: an address, a header or a body that cannot be sent, or that could hold a secret, is refused here.
"""

import re
from collections.abc import Iterator
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from firsttoken.catalogue import Simulated
from firsttoken.decoding.strict_toml import leaves, suggest
from firsttoken.net.proxy import DIRECT, parse_proxy
from firsttoken.net.url import check_header, split_url
from firsttoken.scenario.headers import HeaderValue
from firsttoken.scenario.values import WORD, WORD_CHARACTERS, AtLeastZero, ModelId, OptionalWord, Variable
from firsttoken.wire.dialects import DIALECTS, Api

_SECRET = re.compile(r"authorization|api-?_?key|secret|password|cookie|(^|-)token$", re.IGNORECASE)
_QUERY = r"(api-version=[\w.-]+)?"
"""What may stand behind the path of a base_url: anything else could be a key."""
_QUESTIONS = frozenset(dialect.question for dialect in DIALECTS.values())
_WRITTEN_BY_US = frozenset({"model", "stream"}) | _QUESTIONS
Client = Literal["wire", "sdk"]
"""What sends: our own wire, or the openai package."""


class Prices(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A target's own prices, US dollars per million tokens."""

    input: AtLeastZero
    output: AtLeastZero
    cached: AtLeastZero | None = None
    """Of input that the server had read before; left out: no discount."""
    cache_write: AtLeastZero | None = None
    """Of input that is kept for the next request, where a server bills that apart."""


class Target(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """One endpoint and model under test."""

    model: ModelId
    """The name that the server uses; it is sent unchanged."""
    name: OptionalWord = ""
    """Unique; made of the model's id where the file says none."""
    base_url: str = ""
    """Such as "http://127.0.0.1:8000/v1"; empty: the built-in simulator. Azure's may end in "?api-version=..."."""
    api: Api = "chat"
    client: Client = "wire"
    """wire: what the server does; sdk: what an application on the openai package feels of it."""
    key_env: Variable = ""
    """The variable that holds the key: keys are named, never written."""
    prices: str = ""
    """A dated source of the catalogue, or "unknown" where no price is published, as on your own server; empty:
    "comparison", or of a model without it the first source."""
    price: Prices | None = None
    """The target's own prices, instead of a source."""
    headers: dict[str, str | HeaderValue] = {}
    """A value as text, from a variable: { env = "NAME" }, or for anyone to read: { value = "..", public = true }."""
    extra_body: dict[str, object] = {}
    """Further fields of the request's body; one of these replaces ours."""
    omit: list[str] = []
    """Fields of ours that the server refuses, such as "stream_options": they are left out of the request."""
    connection: Literal["reuse", "per_request"] = "reuse"
    proxy: str = ""
    """A proxy's URL or "none"; empty: the one that HTTPS_PROXY, HTTP_PROXY and NO_PROXY say."""
    ca_file: str = ""
    """Certificates (PEM) that alone vouch for the server; empty: those that the system trusts, or SSL_CERT_FILE."""
    simulator: Simulated = Simulated()

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "name", self.name or name_after(self.model))
        if self.base_url:
            _check_url(self.base_url)
        if misfits := list(self._find_misfits()):
            raise ValueError("; ".join(misfits))
        if self.proxy not in ("", DIRECT):
            _check_proxy(self.proxy)
        for header, value in self.headers.items():
            if isinstance(value, str):
                _refuse_secret(f"headers.{header}", value)
            check_header(header, value if isinstance(value, str) else value.value or "")
        for label, field in leaves(self.extra_body):
            _refuse_secret(f"extra_body.{label}", field)
        if taken := _WRITTEN_BY_US & self.extra_body.keys():
            raise ValueError(f"extra_body.{min(taken)}: expected other keys, as FirstToken sets this one itself")
        self._check_omitted()

    def _check_omitted(self) -> None:
        """Refuse to leave out what is never sent, what is asked for elsewhere, and the question itself."""
        sent = [name for name in DIALECTS[self.api].sent if name not in _QUESTIONS]
        for name in self.omit:
            if name not in sent:
                raise ValueError(
                    f'omit: expected fields that FirstToken sends for api = "{self.api}" ({", ".join(sent)}), '
                    f'got "{name}"{suggest(name, sent)}'
                )
            if name in self.extra_body:
                raise ValueError(f'omit: expected fields that are not in extra_body, got "{name}" in both')

    def _find_misfits(self) -> Iterator[str]:
        """A sentence for each key that means nothing beside another."""
        if self.base_url and self.simulator != Simulated():
            yield "simulator: expected none beside base_url, got one; a target with a base_url is not simulated"
        if self.proxy and not self.base_url:
            yield "proxy: expected none without a base_url, got one; the simulator is on this machine"
        if self.ca_file and not self.base_url.startswith("https:"):
            yield (
                "ca_file: expected none without a base_url of https, got one; only https servers present a certificate"
            )
        if self.client == "sdk" and not DIALECTS[self.api].in_package:
            yield f'client: expected "wire" beside api = "{self.api}", which the openai package lacks, got "sdk"'
        if self.client == "sdk" and self.connection == "per_request":
            yield (
                'connection: expected "reuse" beside client = "sdk", got "per_request"; '
                "the openai package manages its connections itself: leave it out"
            )


def names_deployment(target: Target) -> bool:
    """Whether `model` is a name that the user gave a deployment, as on Azure, and not a model's."""
    return "azure" in target.base_url or "/deployments/" in target.base_url


def find_variables(target: Target) -> list[str]:
    """The variables of the environment that a target takes its key and the values of headers from."""
    named = [value.env for value in target.headers.values() if isinstance(value, HeaderValue)]
    return [name for name in (target.key_env, *named) if name]


def name_after(model: str) -> str:
    """A word to call a target by: its model's id, with a dash for what a word cannot hold."""
    if re.fullmatch(WORD, model):
        return model
    name = re.sub(f"[^{WORD_CHARACTERS}]+", "-", model).strip("-")
    if not name:
        raise ValueError(
            f'name: expected a name for the target, as its model "{model}" contains no usable word; got none'
        )
    return name


def _refuse_secret(key: str, value: object) -> None:
    """Refuse what looks like a key written in clear, by its own name or its value; it is not repeated."""
    if _SECRET.search(key.rpartition(".")[2]) or (
        isinstance(value, str) and value.lower().startswith(("bearer ", "sk-"))
    ):
        raise ValueError(
            f"{key}: expected no secret, got what looks like one; put it into an environment "
            'variable and name that, such as key_env = "OPENAI_API_KEY"'
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
            "base_url: expected only scheme, host, port and path, and Azure's ?api-version=... at most; put a key "
            "into a variable, see key_env"
        )
    split_url(url)


def _check_proxy(url: str) -> None:
    """Refuse what is no HTTP proxy, or holds a password; what could hold one is not repeated."""
    if "@" in url:
        raise ValueError(
            "proxy: expected no user name or password, got one; leave this key out and put the proxy's whole URL "
            "into the variable HTTPS_PROXY or HTTP_PROXY"
        )
    parse_proxy(url, "proxy")
