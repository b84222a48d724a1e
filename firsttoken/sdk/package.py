"""The openai package set up and called as an application would, at the endpoint that the wire would ask.

Rule: same URL, same key, headers, proxy and certificates as the wire, same JSON; only retries are off, and nothing of
the environment is added.
"""

from __future__ import annotations

import functools
import ssl
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple, cast
from urllib.parse import parse_qsl

import httpx2
from openai import Omit, OpenAI

from firsttoken.net.proxy import Proxy
from firsttoken.wire.deadlines import Deadlines
from firsttoken.wire.dialects.dialect import Dialect
from firsttoken.wire.endpoint import Endpoint

if TYPE_CHECKING:
    from openai import Stream
    from openai.types import Completion
    from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam
    from openai.types.responses import ResponseStreamEvent

    Objects = Stream[ChatCompletionChunk] | Stream[Completion] | Stream[ResponseStreamEvent]
    Headers = Mapping[str, Omit]

OWN_HEADERS = {"authorization", "openai-organization", "openai-project"}
"""Headers that the package would add itself, also from the environment, where the target has none."""
IDLE_CONNECTIONS = 100
"""How many the package keeps; how many may be open at once is not limited here, as the plan says that."""


class Package:
    """One `openai.OpenAI` at one endpoint; `hook` is shown every request before it is sent."""

    def __init__(
        self, endpoint: Endpoint, dialect: Dialect, deadlines: Deadlines, hook: Callable[[httpx2.Request], None]
    ) -> None:
        warm_up(dialect.name)
        path, _, query = endpoint.target.partition("?")
        self._ask = CALLS[dialect.name].ask
        self._omitted = {name: Omit() for name in OWN_HEADERS - endpoint.headers.keys()}
        self._client = OpenAI(
            base_url=f"{endpoint.scheme}://{endpoint.authority}{path.removesuffix(dialect.path)}",
            api_key="in the headers",
            max_retries=0,
            default_headers=endpoint.headers,
            default_query=dict(parse_qsl(query)),
            http_client=_open_http(endpoint, deadlines, hook),
        )

    def ask(self, fields: dict[str, object]) -> Objects:
        """Send the fields of a request's JSON; the stream of its objects, once the head of the answer is there.

        Raises openai.APIError, and what lies beneath it.
        """
        return self._ask(self._client, fields, self._omitted)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def _open_http(endpoint: Endpoint, deadlines: Deadlines, hook: Callable[[httpx2.Request], None]) -> httpx2.Client:
    """The connections; httpx2 follows no redirect and, with these settings, reads no environment."""
    patience_s = max(deadlines.first_token_s, deadlines.idle_s)
    return httpx2.Client(
        verify=ssl.create_default_context(cafile=endpoint.ca_file or None),
        proxy=_describe_proxy(endpoint.proxy),
        trust_env=False,
        timeout=httpx2.Timeout(connect=deadlines.connect_s, read=patience_s, write=None, pool=None),
        limits=httpx2.Limits(max_connections=None, max_keepalive_connections=IDLE_CONNECTIONS),
        event_hooks={"request": [hook]},
    )


def _describe_proxy(proxy: Proxy | None) -> httpx2.Proxy | None:
    if proxy is None:
        return None
    return httpx2.Proxy(f"http://{proxy.authority}", auth=(proxy.username, proxy.password) if proxy.username else None)


def _ask_chat(client: OpenAI, fields: dict[str, object], omitted: Headers) -> Objects:
    model, messages = cast("str", fields.pop("model")), cast("list[ChatCompletionMessageParam]", fields.pop("messages"))
    return client.chat.completions.create(
        model=model, messages=messages, stream=True, extra_body=fields, extra_headers=omitted
    )


def _ask_completions(client: OpenAI, fields: dict[str, object], omitted: Headers) -> Objects:
    model, prompt = cast("str", fields.pop("model")), cast("str", fields.pop("prompt"))
    return client.completions.create(model=model, prompt=prompt, stream=True, extra_body=fields, extra_headers=omitted)


def _ask_responses(client: OpenAI, fields: dict[str, object], omitted: Headers) -> Objects:
    model, words = cast("str", fields.pop("model")), cast("str", fields.pop("input"))
    return client.responses.create(model=model, input=words, stream=True, extra_body=fields, extra_headers=omitted)


class PackageCall(NamedTuple):
    """What the package does with the requests of one dialect."""

    ask: Callable[[OpenAI, dict[str, object], Headers], Objects]
    """The call that an application makes; fields without a parameter of their own go as its extra_body."""
    first_event: bytes
    """An event with a token, as a server sends it."""


CALLS: dict[str, PackageCall] = {
    "chat": PackageCall(
        _ask_chat,
        b'data: {"choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": null}], "usage": null}\n\n',
    ),
    "completions": PackageCall(
        _ask_completions, b'data: {"choices": [{"index": 0, "text": "a", "finish_reason": null}], "usage": null}\n\n'
    ),
    "responses": PackageCall(_ask_responses, b'data: {"type": "response.output_text.delta", "delta": "a"}\n\n'),
}
"""Dialect -> what the package has for it; a dialect that is not here is asked on the wire alone."""


@functools.cache
def warm_up(api: str) -> None:
    """Have the package read one event from memory, once in a process.

    At first use it asks the operating system who it is, with a process per caller, and builds its models: half a
    second of work. An application has that behind it, and so should what is measured.
    """
    memory = httpx2.MockTransport(lambda _request: httpx2.Response(200, content=CALLS[api].first_event))
    with OpenAI(api_key="none", http_client=httpx2.Client(transport=memory)) as client:
        for item in CALLS[api].ask(client, {"model": "m", "messages": [], "prompt": "", "input": ""}, {}):
            item.to_json(indent=None, warnings=False)
