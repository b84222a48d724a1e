"""TLS over bytes that others read and write, so that a connection keeps its own reads and their stamps.

Rule: no socket and no wait here; certificates and names are always verified.
"""

import ssl

PIECE_BYTES = 256 * 1024
HEAD_BYTES = 5
RECORDS = range(20, 25)
"""First byte of a record: its content type (RFC 8446, section 5.1; RFC 6520)."""
VERSION = b"\x03"
"""The byte after it, of every version of TLS."""
UNASKED_TLS = "expected HTTP/1.1, got TLS; begin base_url with https://"
"""What is said of a server that answers a plain request in TLS."""


class Tunnel:
    """One TLS connection in memory: ciphertext in and out on one side, plain text on the other."""

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._head = b""
        """The first bytes of a record's head, while it is incomplete."""
        self._missing = 0
        """Bytes of the current record that have not come."""
        self.failure: ssl.SSLError | None = None
        """What stood after text that was still good: no more will come."""

    @property
    def whole(self) -> bool:
        """Whether the last byte that came in was the last of its record."""
        return not self._missing and not self._head

    def shake_hands(self) -> bool:
        """Go as far as the bytes that came allow; return whether the handshake is done. Raises ssl.SSLError."""
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def take_outgoing(self) -> bytes:
        """Ciphertext to be sent."""
        return self._outgoing.read()

    def accept(self, ciphertext: bytes | memoryview) -> None:
        """Take what came in, counting what is missing of the record it ends in (RFC 8446, section 5.1)."""
        self._incoming.write(ciphertext)
        at = 0
        while at < len(ciphertext):
            if self._missing:
                step = min(self._missing, len(ciphertext) - at)
                self._missing -= step
            else:
                step = min(HEAD_BYTES - len(self._head), len(ciphertext) - at)
                self._head += ciphertext[at : at + step]
                if len(self._head) == HEAD_BYTES:
                    self._head, self._missing = b"", int.from_bytes(self._head[3:])
            at += step

    def encrypt(self, text: bytes) -> bytes:
        """Return the ciphertext of a request."""
        unwritten = memoryview(text)
        while unwritten:
            unwritten = unwritten[self._tls.write(unwritten) :]
        return self._outgoing.read()

    def decrypt(self, ciphertext: bytes | memoryview) -> bytes:
        """Return the plain text that the ciphertext completes, which may be none. Raises ssl.SSLError."""
        self.accept(ciphertext)
        pieces: list[bytes] = []
        try:
            while self._incoming.pending or self._tls.pending():
                pieces.append(self._tls.read(PIECE_BYTES))
        except (ssl.SSLWantReadError, ssl.SSLZeroReturnError):
            pass  # the rest of a record is still to come; or the server said good-bye, and will hang up
        except ssl.SSLError as failure:
            if not pieces:
                raise
            self.failure = failure
        return b"".join(pieces)


def is_record(data: bytes) -> bool:
    """Whether bytes begin as a TLS record does; plain HTTP never does."""
    return data[:1] != b"" and data[0] in RECORDS and data[1:2] in (b"", VERSION)


def word_plain_answer(place: str) -> str:
    """What is said of a server that answers the handshake, and not in TLS."""
    return f"expected TLS from {place}, got plain text; if it speaks plain HTTP, begin base_url with http://"


def word_late_handshake(place: str, patience_s: float) -> str:
    """What is said of a server that took the connection and lets the handshake hang."""
    return (
        f"the TLS handshake with {place} timed out: connected, but it did not finish within {patience_s:g} s; "
        "if the server speaks plain HTTP, begin base_url with http://"
    )


def word_broken_handshake(place: str, reason: str) -> str:
    """What is said of a server that closes the connection instead."""
    return f"{place} ended the handshake: {reason}; if it speaks plain HTTP, begin base_url with http://"
