"""The server's own words from an error, short enough for a row.

Rule: pure, and total: whatever bytes came, a text comes out.
"""

from __future__ import annotations

import msgspec

MAX_RAW_BYTES = 300


def read_error(body: bytes) -> str:
    """The words of an error: its message and, in brackets, its code or else its type; "" of an empty body.

    Known shapes, as JSON: {"error": {"message", "code", "type"}}, {"error": "words"}, {"message", "code"},
    {"detail": "words"}, "words". Of anything else the text itself, its first 300 bytes.
    """
    error = _decode(body)
    while isinstance(error, dict) and (inner := error.get("error") or error.get("detail")):
        error = inner
    if isinstance(error, str):
        return error
    message = error.get("message") if isinstance(error, dict) else None
    if not isinstance(error, dict) or not isinstance(message, str):
        return " ".join(body[:MAX_RAW_BYTES].decode("utf-8", "replace").split())
    code = error.get("code") or error.get("type")
    return f"{message} ({code})" if isinstance(code, str | int) and code != "error" else message


def find_error(body: bytes) -> str | None:
    """The words of a JSON body that holds an error, None of any other body."""
    value = _decode(body)
    told = isinstance(value, dict) and (value.get("error") or value.get("object") == "error")
    return read_error(body) if told else None


def _decode(body: bytes) -> object:
    """The JSON value, None where there is none."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
