"""Secrets out of text that others will read.

Rule: what a server says may quote our key back, as it was sent or as text of another kind carries it; nothing of a key
that we sent reaches a row.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import quote, quote_plus

import msgspec

from firsttoken.row import Row

BLANK = "[redacted]"
LEAST_FORM = 6
"""Characters below which an encoded secret may be a word of its own."""
LEAST_CUT = 4
"""Characters of a secret's beginning that give it away where a text was cut off within it."""
OURS = frozenset({"run_id", "target", "phase", "request_id", "prompt_id", "name", "transaction", "session"})
"""The text fields of a row that no server writes."""
TOLD_BY_SERVERS = tuple(
    field.name for field in msgspec.structs.fields(Row) if field.type in (str, str | None) and field.name not in OURS
)
"""Every other text field of a row: what stands there may quote whatever was sent."""


def redact_row(row: Row, secrets: tuple[str, ...]) -> None:
    """Blank every secret in what the server told of an attempt."""
    if not secrets:
        return
    for name in TOLD_BY_SERVERS:
        if text := getattr(row, name):
            setattr(row, name, redact(text, secrets))


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return `text` with every occurrence of every non-empty secret blanked, in any form that text carries it in."""
    forms = list_forms(tuple(secrets))
    for form in forms:
        text = text.replace(form, BLANK)
    return _blank_cut(text, forms)


@lru_cache(maxsize=64)
def list_forms(secrets: tuple[str, ...]) -> tuple[str, ...]:
    """How secrets may stand in a text, the longest first: a shorter one may be a part of it."""
    forms = {form for secret in secrets for form in _vary(secret) if len(form) >= LEAST_FORM} | {*filter(None, secrets)}
    return tuple(sorted(forms, key=len, reverse=True))


def _vary(secret: str) -> Iterator[str]:
    """A secret as it is, and as URLs, JSON, HTML and Base64 write it."""
    yield secret
    for encoded in (quote(secret, safe=""), quote(secret), quote_plus(secret)):
        yield encoded
        yield re.sub("%..", lambda escape: escape[0].lower(), encoded)
    for encoded in (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
        yield encoded
        yield encoded.replace("/", "\\/")
    yield html.escape(secret)
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(secret.encode()).decode().rstrip("=")


def _blank_cut(text: str, forms: tuple[str, ...]) -> str:
    """Blank the beginning of a secret at the end of a text that was cut off there."""
    for form in forms:
        head = form[:LEAST_CUT]
        begins = text.find(head, max(0, len(text) - len(form) + 1))
        while begins >= 0 and len(head) == LEAST_CUT:
            if form.startswith(text[begins:]):
                return text[:begins] + BLANK
            begins = text.find(head, begins + 1)
    return text
