"""What each figure means, read from glossary.toml and set as two tables: our definitions, and what other tools have.

Rule: every metric that a summary may hold is defined there, once.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

from firsttoken.report.page import Cell, Column, Table

FILE = Path(__file__).with_suffix(".toml")
NONE = "–"


class Peers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What four other tools have under this or another name; a dash where they have nothing."""

    vllm: str = NONE
    aiperf: str = NONE
    guidellm: str = NONE
    mlperf_endpoints: str = NONE


class Term(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One definition: `formula` taken over `over`; `metrics` are its names in summary.json."""

    name: str
    meaning: str = ""
    unit: str = ""
    formula: str
    over: str
    metrics: tuple[str, ...]
    peers: Peers | None = None


class Word(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A word that stands in tables and sentences without being a metric."""

    name: str
    meaning: str


class Glossary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    term: list[Term]
    word: list[Word]


@cache
def read_glossary() -> Glossary:
    """The definitions, in the order in which a reader meets them."""
    return msgspec.toml.decode(FILE.read_bytes(), type=Glossary)


def glossary_table() -> Table:
    """Metric, unit, formula and window of every term."""
    heads = [Column(head, words=True) for head in ("Metric", "Unit", "Formula", "Taken over")]
    terms = read_glossary().term
    return Table(heads, [(Cell(term.name, term.meaning), term.unit, term.formula, term.over) for term in terms])


def peers_table() -> Table:
    """The same metrics as other tools have them; terms without a counterpart in any are left out."""
    heads = [
        Column(head, words=True) for head in ("Here", "vLLM bench serve", "AIPerf", "GuideLLM", "MLPerf endpoints")
    ]
    told = [(term.name, term.peers) for term in read_glossary().term if term.peers]
    return Table(heads, [(name, *msgspec.structs.astuple(peers)) for name, peers in told])
