"""Secrets out of text that others will read.

Rule: a server may quote our key in its answers, as it was sent or in another encoding; nothing of a key
that we sent reaches a row.
"""

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
LEAST_BEGINNING = 12
"""Characters of a secret's beginning that give it away in the middle of a text, which may begin like it by chance."""
LEAST_CUT = 4
"""Characters of a secret's beginning that give it away where a text was cut off within it."""
OURS = frozenset({"run_id", "target", "phase", "request_id", "prompt_id", "name", "transaction", "session"})
"""The text fields of a row that no server writes."""
TOLD_BY_SERVERS = tuple(
    field.name for field in msgspec.structs.fields(Row) if field.type in (str, str | None) and field.name not in OURS
)
"""Every other text field of a row, as each of them may quote what was sent."""


def redact_row(row: Row, secrets: tuple[str, ...]) -> None:
    """Blank every secret in what the server said in an attempt."""
    if not secrets:
        return
    for name in TOLD_BY_SERVERS:
        if text := getattr(row, name):
            setattr(row, name, redact(text, secrets))
    row.checks = [redact(check, secrets) for check in row.checks]  # some hold the name of a header


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return `text` with every occurrence of every non-empty secret blanked, in any encoding.

    In small or capital letters too, and where the text was cut off within it, at its end or with words behind.
    """
    forms = list_forms(tuple(secrets))
    for form in forms:
        text = _blank(text, form)
    for form in forms:
        text = _blank_beginnings(text, form)
    return _blank_cut(text, forms)


def _blank(text: str, form: str) -> str:
    """Blank a form of a secret wherever it stands; one that may be a word of its own only as it is."""
    if len(form) < LEAST_FORM:
        return text.replace(form, BLANK)
    small, form, done, pieces = _lower(text), _lower(form), 0, list[str]()
    while (at := small.find(form, done)) >= 0:
        pieces += [text[done:at], BLANK]
        done = at + len(form)
    return "".join((*pieces, text[done:]))


def _blank_beginnings(text: str, form: str) -> str:
    """Blank what is left of a form that was cut off within a text, as far as it goes."""
    small, form, at = _lower(text), _lower(form), 0
    while len(form) > LEAST_BEGINNING and (at := small.find(form[:LEAST_BEGINNING], at)) >= 0:
        sizes = range(len(form), LEAST_BEGINNING - 1, -1)
        end = at + next(size for size in sizes if small.startswith(form[:size], at))
        text, at = text[:at] + BLANK + text[end:], at + len(BLANK)
        small = _lower(text)
    return text


def _lower(text: str) -> str:
    """Small letters, one for each: a few letters have two for theirs."""
    small = text.lower()
    return (
        small if len(small) == len(text) else "".join(low if len(low := sign.lower()) == 1 else sign for sign in text)
    )


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
    small = _lower(text)
    for form in map(_lower, forms):
        head = form[:LEAST_CUT]
        begins = small.find(head, max(0, len(small) - len(form) + 1))
        while begins >= 0 and len(head) == LEAST_CUT:
            if form.startswith(small[begins:]):
                return text[:begins] + BLANK
            begins = small.find(head, begins + 1)
    return text
