"""Answers as a real server gave them, byte for byte: llama.cpp's own, one of each API, 16 tokens long.

Rule: nothing of a recording is changed; what is cut or spoiled is cut or spoiled where it is read.
"""

from pathlib import Path

FOLDER = Path(__file__).parent / "recorded"
APIS = ("chat", "completions", "responses")


def read_recording(api: str) -> bytes:
    """The whole answer, from its status line on."""
    return (FOLDER / f"llama-cpp-{api}.http").read_bytes()


def read_pieces(api: str) -> list[bytes]:
    """The bodies of its HTTP chunks, without the last, which is empty."""
    rest, pieces = read_recording(api).partition(b"\r\n\r\n")[2], []
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size, 16)
        pieces.append(rest[:length])
        rest = rest[length + 2 :]
    return pieces[:-1]
