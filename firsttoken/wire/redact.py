"""Secrets out of text that others will read.

Rule: what a server says may quote our key back; nothing of a key that we sent reaches a row.
"""

from __future__ import annotations

from collections.abc import Iterable

BLANK = "[redacted]"


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return `text` with every occurrence of every non-empty secret blanked, longer secrets first."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, BLANK)
    return text
