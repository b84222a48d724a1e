"""Keys and values of a scenario that a later version will understand: refused by name, so that none is ignored.

Rule: a key may stand here with its default, which is what happens anyway; anything else gets a sentence with what
to write instead. A line leaves this file when its feature comes.
"""

from __future__ import annotations

from collections.abc import Mapping

from firsttoken.scenario_format import ScenarioError

LOADS = ("users", "rate", "search", "shape")

CLOSED_LOOP = "write users = [1, 4, 16] for a closed loop"
NO_CAPS = "leave it out and bound the run by load.measure or load.requests"

KEYS: dict[str, tuple[object, str, str]] = {
    "load.rate": (None, "an open loop", CLOSED_LOOP),
    "load.search": (None, "a search for the knee", CLOSED_LOOP),
    "load.shape": (None, "a load shape", CLOSED_LOOP),
    "load.arrivals": (None, "an arrival process", CLOSED_LOOP),
    "load.max_in_flight": (None, "an open loop", CLOSED_LOOP),
    "traffic.trace": ("", "a trace", "write input_tokens and output_tokens"),
    "budget.usd": (0, "a cap", NO_CAPS),
    "budget.tokens": (0, "a cap", NO_CAPS),
    "budget.requests": (0, "a cap", NO_CAPS),
    "budget.minutes": (0, "a cap", NO_CAPS),
}
"""Key -> (its default, what it is, what to write instead)."""

VALUES = {
    ("target.api", "completions"): 'write api = "chat" or "responses"',
    ("load.order", "together"): 'write order = "abba" or "shuffle"',
    ("retry.policy", "custom"): 'write policy = "openai" or "none"',
}
"""(key, value) -> what to write instead."""


def refuse_later(data: Mapping[str, object]) -> dict[str, object]:
    """The scenario without the keys that stand at their only value so far. Raises ScenarioError for the others."""
    _check_one_load(data.get("load"))
    checked = {
        name: [_check_table(name, part) for part in table] if isinstance(table, list) else _check_table(name, table)
        for name, table in data.items()
    }
    return {name: table for name, table in checked.items() if name != "budget" or table}


def _check_one_load(load: object) -> None:
    given = [key for key in LOADS if isinstance(load, Mapping) and key in load]
    if len(given) > 1:
        raise ScenarioError(f"load: expected exactly one of {', '.join(LOADS)}, got {' and '.join(given)}")


def _check_table(name: str, table: object) -> object:
    """A table without the keys of KEYS; `name` is "load", or "target" for each of the targets."""
    if not isinstance(table, Mapping):
        return table
    label = f"target.{table.get('name') or table.get('model')}" if name == "target" else name
    for key, value in table.items():
        default, what, instead = KEYS.get(f"{name}.{key}", (value, "", ""))
        if value != default:
            raise ScenarioError(f"{label}.{key}: expected no such key, as {what} is not in this version; {instead}")
        instead = VALUES.get((f"{name}.{key}", str(value)), "")
        if instead:
            raise ScenarioError(
                f'{label}.{key}: expected another value, as "{value}" is not in this version; {instead}'
            )
    return {key: value for key, value in table.items() if f"{name}.{key}" not in KEYS}
