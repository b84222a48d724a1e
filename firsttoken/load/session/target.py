"""A target made ready to be driven: its connection, its dialect and its prompts.

Rule: a request's body depends on the seed, the level, the repeat, the user slot and the request's number alone, so
that every target is asked the same; the cold nonce is the one exception.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from firsttoken.duration import parse_duration
from firsttoken.error import FirstTokenError
from firsttoken.net.url import EndpointError
from firsttoken.plan.stage import StagePlan
from firsttoken.row import Outcome, Row
from firsttoken.scenario.format import Scenario, Spread, Timeouts
from firsttoken.scenario.headers import find_public, read_headers
from firsttoken.scenario.target import Target
from firsttoken.traffic.blocks import trace_prompt
from firsttoken.traffic.prompts import Prompt, make_prompt
from firsttoken.traffic.trace import Arrival
from firsttoken.wire.attempt import Client, Deadlines
from firsttoken.wire.dialects import DIALECTS
from firsttoken.wire.endpoint import Endpoint, parse_endpoint
from firsttoken.wire.wire_stats import WireStats


class TargetError(FirstTokenError, ValueError):
    """A target that cannot be asked from here; the message is a sentence."""


class Sender(Protocol):
    """What the load needs of a client, however it sends."""

    @property
    def in_flight(self) -> int: ...

    def send(self, row: Row, body: bytes) -> bool | None: ...

    def cancel_all(self, outcome: Outcome) -> None: ...

    def take_wire_stats(self) -> WireStats: ...

    def close(self) -> None: ...


class TargetAccess(NamedTuple):
    """What a load process needs to reach the targets of a run."""

    run_id: str
    base_urls: Mapping[str, str]
    """Per target, where it listens."""
    environ: Mapping[str, str]
    """Where the keys of the targets are, by name."""
    origin_ns: int
    """The run's origin, on the monotonic clock of this machine."""


class Ask(NamedTuple):
    """One request, ready to be sent."""

    prompt_id: str
    body: bytes
    words: int
    """Of its prompt."""
    output_tokens: int
    """The most that the answer may have."""


class LiveTarget:
    """One target: `client` sends, `build_request` says what."""

    def __init__(
        self, target: Target, scenario: Scenario, client: Sender, nonce: str, trace: Sequence[Arrival] = ()
    ) -> None:
        self.target = target
        self.client = client
        self._scenario = scenario
        self._trace = trace
        self._nonce = f"{nonce}-{target.name}"

    def build_request(self, plan: StagePlan, slot: int, number: int) -> Ask:
        """The `number`-th request of a user slot in a stage."""
        prompt = self._prompt(plan, slot, number)
        body = write_body(self.target, prompt.text, prompt.output_tokens)
        return Ask(prompt.prompt_id, body, prompt.input_tokens, prompt.output_tokens)

    def _prompt(self, plan: StagePlan, slot: int, number: int) -> Prompt:
        traffic = self._scenario.traffic
        nonce = None if traffic.cache == "warm" else f"{self._nonce}-{plan.stage}"
        if plan.traced:
            return trace_prompt(seed=self._scenario.seed, arrival=self._trace[slot], number=slot, nonce=nonce)
        return make_prompt(
            seed=self._scenario.seed,
            level=plan.level,
            repeat=plan.repeat,
            user=slot,
            turn=number,
            input_tokens=_length(traffic.input_tokens),
            output_tokens=_length(traffic.output_tokens),
            nonce=nonce,
            shared=traffic.shared,
        )


def write_body(target: Target, prompt: str, max_tokens: int | None) -> bytes:
    """The body of a request to a target, without the fields that it leaves out."""
    return leave_out(DIALECTS[target.api].body(target.model, prompt, max_tokens, target.extra_body), target.omit)


def leave_out(body: bytes, names: Sequence[str]) -> bytes:
    """The body of a request without some of its fields; the others stay as they were written."""
    if not names:
        return body
    fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    return msgspec.json.encode({name: value for name, value in fields.items() if name not in names})


def open_target(
    target: Target,
    scenario: Scenario,
    access: TargetAccess,
    trace: Sequence[Arrival] | None = None,
    worker: int = 0,
) -> LiveTarget:
    """Make a target ready; its key is taken from the environment by name. Raises TargetError for a bad URL."""
    environ = access.environ
    try:
        endpoint = parse_endpoint(
            access.base_urls[target.name],
            target.api,
            environ[target.key_env] if target.key_env else None,
            read_headers(target.headers, environ),
            public=find_public(target.headers),
            proxy=target.proxy,
            ca_file=target.ca_file,
            environ=environ,
        )
    except EndpointError as error:
        raise TargetError(f"target.{target.name}: {error}") from None
    seed = f"{scenario.seed}-{target.name}-{worker}"
    sender = _open_sender(target, endpoint, scenario.timeouts, access.origin_ns, seed)
    return LiveTarget(target, scenario, sender, access.run_id, trace or ())


def _open_sender(target: Target, endpoint: Endpoint, timeouts: Timeouts, origin_ns: int, seed: str) -> Sender:
    deadlines = Deadlines(
        connect_s=parse_duration(timeouts.connect),
        first_token_s=parse_duration(timeouts.first_token),
        idle_s=parse_duration(timeouts.idle),
        total_s=parse_duration(timeouts.total),
    )
    dialect = DIALECTS[target.api]
    if target.client == "sdk":
        from firsttoken.sdk.client import SdkClient  # most of a second to import: only for who asks

        return SdkClient(endpoint, dialect, deadlines, origin_ns)
    return Client(endpoint, dialect, deadlines, origin_ns, connection=target.connection, seed=seed)


def _length(tokens: int | Spread) -> int | tuple[float, float]:
    return (tokens.median, tokens.p95) if isinstance(tokens, Spread) else tokens
