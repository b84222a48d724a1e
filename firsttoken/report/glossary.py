"""What each figure means: the definitions of the metrics as two tables, ours and what other tools have, and words.

Rule: a metric is defined where it is computed, in decide/metrics, once; words that are no metrics in glossary.toml.
"""

from functools import cache
from pathlib import Path

import msgspec

from firsttoken.decide.metrics.table import TERMS
from firsttoken.report.page import Cell, Column, Table

FILE = Path(__file__).with_suffix(".toml")
NONE = "–"


class Word(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A word that stands in tables and sentences without being a metric."""

    name: str
    meaning: str


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    word: list[Word]


@cache
def read_words() -> list[Word]:
    """The words of glossary.toml, in the order in which a reader meets them."""
    return msgspec.toml.decode(FILE.read_bytes(), type=Words).word


def glossary_table() -> Table:
    """Metric, unit, formula and window of every term."""
    heads = [Column(head, words=True) for head in ("Metric", "Unit", "Formula", "Taken over")]
    return Table(heads, [(Cell(term.name, term.meaning), term.unit, term.formula, term.over) for term in TERMS])


def peers_table() -> Table:
    """The same metrics as other tools have them; terms without a counterpart in any are left out."""
    heads = [
        Column(head, words=True) for head in ("Here", "vLLM bench serve", "AIPerf", "GuideLLM", "MLPerf endpoints")
    ]
    rows = [(term.name, *(each or NONE for each in term.peers)) for term in TERMS if term.peers]
    return Table(heads, rows)
