"""A target made ready to be driven: the client that sends to it, and what it is asked.

Rule: its key is taken from the environment by name, here and nowhere else.
"""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from firsttoken.decoding.duration import parse_duration
from firsttoken.error import FirstTokenError
from firsttoken.load.asking.ask import NO_MATERIAL, Composer, Material
from firsttoken.net.url import EndpointError
from firsttoken.row import Outcome, Row
from firsttoken.scenario.format import Scenario, Timeouts
from firsttoken.scenario.headers import find_public, read_headers
from firsttoken.scenario.target import Target
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

    def send(self, row: Row, body: bytes, kept: list[bytes] | None = None) -> bool | None: ...

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


class LiveTarget:
    """One target: `client` sends, `build_request` says what."""

    def __init__(self, target: Target, client: Sender, composer: Composer) -> None:
        self.target = target
        self.client = client
        self.build_request = composer.build_request


def open_target(
    target: Target,
    scenario: Scenario,
    access: TargetAccess,
    material: Material = NO_MATERIAL,
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
    return LiveTarget(target, sender, Composer(target, scenario, access.run_id, material))


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
