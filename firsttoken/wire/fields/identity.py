"""Who answered: the model, its fingerprint, the tier and the server that an answer names as its author.

Rule: pure; an answer names its author in its first events and, where it became known only later, in its last. What is
named last counts, for a tier may be chosen while the answer is written; but the usage behind an answer names no other
model: a gateway that writes it calls the model as planned.
"""

import msgspec

from firsttoken.decoding.unreadable import UNREADABLE
from firsttoken.row import Row

MAX_TEXT = 200


class _Author(msgspec.Struct):
    """The fields that name an author, in a chunk or in the response that an event holds."""

    model: object = None
    system_fingerprint: object = None
    service_tier: object = None
    provider: object = None
    usage: object = None


class _Event(_Author):
    response: _Author | None = None


_EVENT = msgspec.json.Decoder(_Event)


def record_author(row: Row, data: bytes, *, is_answer: bool = True) -> None:
    """Write into the row what the data of one event says of its author; what is no text says nothing.

    `is_answer`: it is a part of the answer, and not only its usage.
    """
    try:
        event = _EVENT.decode(data)
    except UNREADABLE:
        return
    if event.response is not None:
        _record_author(row, event.response, is_answer)
    _record_author(row, event, is_answer)


def _record_author(row: Row, author: _Author, is_answer: bool) -> None:
    if is_answer or row.model_served is None:
        row.model_served = _read_text(author.model) or row.model_served
    row.fingerprint = _read_text(author.system_fingerprint) or row.fingerprint
    row.service_tier = _read_text(author.service_tier) or row.service_tier
    row.deployment = _read_text(author.provider) or row.deployment
    if row.service_tier is None and isinstance(author.usage, dict):  # where Anthropic reports it
        row.service_tier = _read_text(author.usage.get("service_tier"))


def _read_text(value: object) -> str | None:
    return value.strip()[:MAX_TEXT] or None if isinstance(value, str) else None
