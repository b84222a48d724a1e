"""Who answered: the model, its fingerprint, the tier and the server that an answer names as its author.

Rule: pure; an answer names its author in its first events and, where it became known only later, in its last. What is
named last counts, for a tier may be chosen while the answer is written; but the usage behind an answer names no other
model: a gateway that writes it calls the model as it was asked for.
"""

from __future__ import annotations

import msgspec

from firsttoken.row import Row
from firsttoken.unreadable import UNREADABLE

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
FIELDS = {
    "model": "model_served",
    "system_fingerprint": "fingerprint",
    "service_tier": "service_tier",
    "provider": "deployment",
}
"""Field of an author -> the row's."""


def note_author(row: Row, data: bytes, *, is_answer: bool = True) -> None:
    """Write into the row what the data of one event says of its author; what is no text says nothing.

    `is_answer`: it is a part of the answer, and not only its usage.
    """
    try:
        event = _EVENT.decode(data)
    except UNREADABLE:
        return
    for author in (event.response, event):
        for field, column in FIELDS.items():
            value = getattr(author, field, None)
            known = field == "model" and not is_answer and row.model_served is not None
            if isinstance(value, str) and value.strip() and not known:
                setattr(row, column, value.strip()[:MAX_TEXT])
        tier = author.usage.get("service_tier") if author is not None and isinstance(author.usage, dict) else None
        if row.service_tier is None and isinstance(tier, str) and tier.strip():  # where Anthropic tells it
            row.service_tier = tier.strip()[:MAX_TEXT]
