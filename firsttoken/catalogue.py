"""The catalogue of models: context windows, dated prices side by side, published figures, how each is simulated.

Rule: every figure belongs to one dated source, and what a source does not say is None: unknown is never 0.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec
import tomli_w
from msgspec import Meta

from firsttoken import kit
from firsttoken.decoding.duration import ABOVE_ZERO, DURATION
from firsttoken.decoding.strict_toml import TomlError, decode, read_toml
from firsttoken.error import FirstTokenError

Dollars = Annotated[float, Meta(ge=0)]
AtLeastZero = Annotated[float, Meta(ge=0)]
AboveZero = Annotated[float, Meta(gt=0)]
Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]
Share = Annotated[float, Meta(ge=0, le=1)]


class CatalogueError(FirstTokenError, ValueError):
    """A catalogue that does not hold what it should; its text is the sentence to show."""


class LongContext(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The tier of a long prompt: over `over_tokens` of input, the whole request is billed at these multiples."""

    over_tokens: Positive
    input_multiple: AboveZero
    output_multiple: AboveZero


class Source(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What one dated source says of a model; US dollars per million tokens."""

    title: str
    read: str
    """When it was read or published: a year or a date."""
    input: Dollars | None = None
    cached_input: Dollars | None = None
    cache_write: Dollars | None = None
    output: Dollars | None = None
    tier: str = "default"
    """The tier of service that these prices are of."""
    long_context: LongContext | None = None
    window_tokens: Positive | None = None
    ttft_s: AboveZero | None = None
    tokens_per_s: AboveZero | None = None
    images: bool | None = None
    apis: tuple[str, ...] | None = None
    """The APIs that answer for the model, where the source says so."""
    note: str = ""


class Faults(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Share of requests that fail on purpose, each between 0 and 1."""

    error: Share = 0.0
    """Answered 500 before the stream."""
    cut: Share = 0.0
    """The connection is closed in mid-stream."""
    stall: Share = 0.0
    """The stream falls silent for `stall_s` in its middle."""


class Freeze(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A stop of the whole model: so long after its first request arrived, nothing comes from it for so long."""

    at: Annotated[str, Meta(pattern=rf"^(?:{DURATION})(?!\n)$", description='a duration such as "12s"')]
    lasts: Annotated[str, Meta(pattern=rf"^(?:{ABOVE_ZERO})(?!\n)$", description='a duration above zero such as "5s"')]


class Simulated(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """How a simulated model behaves. None in a scenario means: as the catalogue says for this model."""

    ttft_s: AboveZero | None = None
    """First token of one user's request at `reference_input_tokens`."""
    tokens_per_s: AboveZero | None = None
    """Pace of one user's stream."""
    reference_input_tokens: Count | None = None
    prefill_rate: AboveZero | None = None
    """Prompt tokens read per second: a longer prompt than the reference waits longer for its first token."""
    jitter: AtLeastZero | None = None
    """Relative standard deviation of first-token time and pace, between requests."""
    slots: Positive | None = None
    """Requests served at once; the next ones queue."""
    queue: Count | None = None
    """Requests that may wait; the next one is answered 429."""
    batch_slowdown: AtLeastZero | None = None
    """How much longer prefill and each token take with all slots busy than for one user alone: 0.6 is 60 % longer."""
    retry_after_s: AtLeastZero | None = None
    requests_per_minute: Positive | None = None
    tokens_per_minute: Positive | None = None
    prefix_cache: bool | None = None
    """Whether the beginning of a prompt that was read before need not be read again, as hosted APIs do it."""
    stall_s: AtLeastZero | None = None
    api_key: str | None = None
    """If set, requests must carry this bearer key, else 401."""
    faults: Faults | None = None
    freeze: Freeze | None = None
    """None: it never stops."""


class Model(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """One model: its sources by name, and how it is simulated."""

    name: str
    title: str
    vendor: str
    sources: dict[str, Source] = {}
    simulated: Simulated = Simulated()


DEFAULTS = Simulated(
    reference_input_tokens=400,
    prefill_rate=10_000.0,
    jitter=0.01,
    slots=16,
    queue=64,
    batch_slowdown=0.5,
    retry_after_s=1.0,
    prefix_cache=True,
    stall_s=2.0,
    faults=Faults(),
)
"""A simulated model where neither the catalogue nor the scenario says otherwise; limits and key default to none."""


SPEEDS = ("ttft_s", "tokens_per_s")
ASSUMED = Simulated(ttft_s=1.0, tokens_per_s=100.0)
"""The speed of a model of the catalogue where no source states one: a round figure, and called assumed wherever it is
used."""


class _File(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The layout of models.toml."""

    model: list[Model]


def load_catalogue(path: Path | None = None) -> dict[str, Model]:
    """Every model by name: those of one catalogue file, or of every scenarios/models.toml, the user's own rows first.

    A user's own model is added to the catalogue, and replaces the one of its name. Raises CatalogueError, which names
    the file.
    """
    files = [path] if path else kit.find_all("scenarios", "models.toml")
    return {name: model for file in reversed(files) for name, model in _read_models(file).items()}


def _read_models(path: Path) -> dict[str, Model]:
    try:
        data = read_toml(path)
    except TomlError as error:
        raise CatalogueError(str(error)) from None
    try:
        models = decode(data, _File).model
    except TomlError as error:
        raise CatalogueError(f"{path}: {error}") from None
    names = [model.name for model in models]
    if twice := {name for name in names if names.count(name) > 1}:
        raise CatalogueError(f"{path}: model.name: expected each model once, got {min(twice)} twice")
    return {model.name: model for model in models}


def dump_catalogue(catalogue: Mapping[str, Model]) -> str:
    """A catalogue as one TOML file, which loads as an equal one."""
    models = [_without_defaults(model) for model in catalogue.values()]
    return tomli_w.dumps({"model": models})


def _without_defaults(value: object) -> object:
    """Tables of what is stated; None, which TOML cannot write, states nothing."""
    if isinstance(value, msgspec.Struct):
        stated = {name: getattr(value, name) for name in value.__struct_fields__}
        return {name: _without_defaults(inner) for name, inner in stated.items() if inner is not None}
    if isinstance(value, dict):
        return {name: _without_defaults(inner) for name, inner in value.items()}
    return list(value) if isinstance(value, tuple) else value


def resolve_simulated(model: Model, source: str, overrides: Simulated) -> Simulated:
    """How `model` is simulated: `overrides`, else its own table, else what is published, else DEFAULTS and ASSUMED.

    Published figures are those of `source`, or where it states none, of the first source that does: prices may
    be read at one place and speeds at another.
    """
    layers = [overrides, model.simulated, _published(model, source), DEFAULTS, ASSUMED]
    settings = {
        field: next((value for layer in layers if (value := getattr(layer, field)) is not None), None)
        for field in Simulated.__struct_fields__
    }
    return Simulated(**settings)


def find_assumed(model: Model, source: str, overrides: Simulated) -> list[str]:
    """The speeds of a simulated model that are stated nowhere: "ttft_s", "tokens_per_s", both or neither."""
    layers = [overrides, model.simulated, _published(model, source)]
    return [field for field in SPEEDS if all(getattr(layer, field) is None for layer in layers)]


def _published(model: Model, source: str) -> Simulated:
    """First-token time and pace as published, the chosen source before the others."""
    order = sorted(model.sources, key=lambda name: name != source)
    stated = {
        field: next((value for name in order if (value := getattr(model.sources[name], field)) is not None), None)
        for field in SPEEDS
    }
    return Simulated(**stated)
