"""Whether two names are of one model: an alias and what it stands for, with or without a provider's prefix.

    m                       m-2026-01-01      the dated name of an alias
    openai/m                m                 a gateway's prefix
    m-latest                m-20260101        what "latest" is today
    us.anthropic.m-v1:0     m                 a cloud's prefix and version
    m                       /models/m.Q4.gguf the file that your own server has loaded

Rule: a suffix that is more than a date or a version is another model: m-mini is not m, and m-2026-01-01 is not
m-2025-06-01.
"""

import re

_PREFIX = re.compile(r"(?:[^/]*/)*(?:[a-z_-]+\.)*(?=[a-z])")
_FILE = re.compile(r"(?:[.-](?:i?q\d\w*|bf16|f16|f32))?\.gguf$")
_DATE = r"\d{4}-\d{2}-\d{2}|\d{2}-\d{4}|\d{2}-\d{2}|\d{8}|\d{6}|\d{4}|\d{3}"
_OPEN = ("latest", "preview", "exp", "stable", "free", "nitro", "floor")
"""Suffixes that name no version of their own."""
_VERSION = re.compile(rf"[-@:_]({_DATE}|v\d+(?:[.:]\d+)*|{'|'.join(_OPEN)})$")


def is_same_model(asked: str, served: str) -> bool:
    """Whether an answer of the model `served` is one of the model that was asked for."""
    (one, its_versions), (other, other_versions) = _split(asked), _split(served)
    return one == other and (its_versions <= other_versions or other_versions <= its_versions)


def _split(name: str) -> tuple[str, frozenset[str]]:
    """A model's name without prefix, and the versions that it states."""
    core = _FILE.sub("", name.strip().lower())
    prefix = _PREFIX.match(core)
    core = core[prefix.end() :] if prefix else core
    versions = set()
    while found := _VERSION.search(core):
        core = core[: found.start()]
        versions.add(found.group(1).replace("-", ""))
    return core, frozenset(versions.difference(_OPEN))
