"""What a simulator process serves: one JSON object on the first line of its stdin."""

import msgspec

from firsttoken.catalogue import Model, Simulated, load_catalogue
from firsttoken.decoding.unreadable import UNREADABLE
from firsttoken.simulator.behaviour import settle
from firsttoken.simulator.host import Host, Hosted
from firsttoken.simulator.service import Service


class ModelSpec(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """One model: the name that requests use, the catalogue's name and source for its bounds, its settings."""

    name: str
    catalogue: str | None = None
    source: str | None = None
    settings: Simulated


class Spec(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A process: port 0 takes a free one; `truth` is the path of the log, None for none."""

    models: list[ModelSpec]
    port: int = 0
    seed: int = 7
    truth: str | None = None


def read_spec(line: bytes) -> Spec:
    """Return the spec that a line of JSON holds; raises ValueError, with where and what was expected."""
    try:
        spec = msgspec.json.decode(line, type=Spec)
    except UNREADABLE as error:
        raise ValueError(f"expected a spec as JSON on the first line of stdin, got {line[:80]!r}: {error}") from error
    names = [model.name for model in spec.models]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice or not names:
        raise ValueError(f"expected one or more models of different names, got {', '.join(twice) or 'none'}")
    return spec


def host_models(spec: Spec) -> Host:
    """Return the models of a spec, ready to serve; raises ValueError for gaps in settings or an unknown model."""
    catalogue = load_catalogue() if any(model.catalogue for model in spec.models) else {}
    return Host({model.name: host_model(model, catalogue, spec.seed) for model in spec.models})


def host_model(model: ModelSpec, catalogue: dict[str, Model], seed: int) -> Hosted:
    """Return one model; its window and vision are of the first source that states them, the named one first."""
    service = Service(model.name, settle(model.name, model.settings), seed)
    if model.catalogue is None:
        return Hosted(service)
    known = catalogue.get(model.catalogue)
    if known is None:
        raise ValueError(f"expected a model of the catalogue ({', '.join(catalogue)}), got {model.catalogue!r}")
    if model.source is not None and model.source not in known.sources:
        raise ValueError(f"expected a source of {known.name} ({', '.join(known.sources)}), got {model.source!r}")
    sources = [known.sources[name] for name in sorted(known.sources, key=lambda name: name != model.source)]
    windows = (source.window_tokens for source in sources if source.window_tokens is not None)
    images = (source.images for source in sources if source.images is not None)
    return Hosted(service, next(windows, None), next(images, None))
