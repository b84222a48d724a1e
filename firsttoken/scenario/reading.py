"""Scenarios: from a TOML file and overrides to a Scenario, and back.

Rule: what is unknown, impossible or contradicting is refused with one sentence that says
where, what was expected, what came and what to write instead. Nothing is ignored.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import tomli_w

from firsttoken import kit
from firsttoken.catalogue import CatalogueError, load_catalogue
from firsttoken.decoding.strict_toml import TomlError, decode, one_of, read_toml, suggest
from firsttoken.scenario.facts import check_apis, check_windows
from firsttoken.scenario.format import Scenario
from firsttoken.scenario.headers import check_written
from firsttoken.scenario.prices import check_cached
from firsttoken.scenario.prompts import fill_prompts
from firsttoken.scenario.rules import check_paths, check_rules
from firsttoken.scenario.target import name_after
from firsttoken.scenario.trace import check_rate, fill_trace
from firsttoken.scenario.values import ScenarioError

_BARE_WORD = re.compile(r"[^\s\[{\"'][^\r\n]*|")


def find_scenario(name_or_path: str) -> Path:
    """The file of a scenario: a path as it is, a bare name in scenarios/. Raises ScenarioError, saying what exists."""
    path = Path(name_or_path)
    if path.suffix == ".toml" or len(path.parts) > 1:
        if path.is_dir():
            inside = ", ".join(sorted(str(file) for file in path.glob("*.toml"))) or "none"
            raise ScenarioError(f"{path}: expected the file of a scenario, got a folder; TOML files in it: {inside}")
        if not path.is_file():
            raise ScenarioError(
                f"{path}: expected a scenario, got no such file; a bare name is looked up in scenarios/"
            )
        return path
    try:
        return kit.find("scenarios", name_or_path)
    except kit.KitError as error:
        raise ScenarioError(str(error)) from None


def load_scenario(path: Path, overrides: Sequence[str] = ()) -> Scenario:
    """Read, override (each "KEY=TOML"), decode and check a scenario for a run to come.

    Raises ScenarioError with the one sentence.
    """
    settings = [_split_override(override) for override in overrides]
    where = f"{path} with --set {', '.join(key for key, _ in settings)}" if settings else str(path)
    try:
        data, catalogue = read_toml(path), load_catalogue()
    except (TomlError, CatalogueError) as error:
        raise ScenarioError(str(error)) from None
    if not data and not settings:
        raise ScenarioError(
            f"{path}: expected a scenario, got an empty file; `firsttoken init DIR` creates "
            "scenarios/quickstart.toml to start from"
        )
    try:
        for key, value in settings:
            _override(data, key, value)
        if isinstance(traffic := data.get("traffic"), dict):
            fill_trace(traffic)
            fill_prompts(traffic, path.parent)
        scenario = _decode(data)
        check_rules(scenario, catalogue)
        for target in scenario.target:
            check_written(target.headers, f"target.{target.name}")
        check_paths(scenario)
        check_rate(scenario.traffic)
        check_cached(scenario, catalogue)
        check_apis(scenario, catalogue)
        check_windows(scenario, catalogue)
    except (TomlError, ScenarioError) as error:
        raise ScenarioError(f"{where}: {error}") from None
    return scenario


def reopen_scenario(path: Path) -> Scenario:
    """Read the resolved scenario of a run that was begun: what a new run would be refused for is past.

    Neither its trace nor the catalogue is needed. Raises ScenarioError.
    """
    try:
        return decode(read_toml(path), Scenario)
    except TomlError as error:
        text = str(error)
        raise ScenarioError(text if text.startswith(str(path)) else f"{path}: {text}") from None


def _decode(data: dict[str, object]) -> Scenario:
    """The scenario, or all that is wrong with its tables at once. Raises TomlError."""
    try:
        return decode(data, Scenario)
    except TomlError as error:
        faults = dict.fromkeys([str(error), *_find_faults(data)])
        raise TomlError("; ".join(faults)) from None


def _find_faults(data: dict[str, object]) -> Iterator[str]:
    """What is wrong with each table by itself, of several targets with each."""
    for field in msgspec.structs.fields(Scenario):
        if field.encode_name not in data:
            continue
        alone = msgspec.defstruct("Alone", [(field.encode_name, field.type)], forbid_unknown_fields=True)
        value = data[field.encode_name]
        for part in [[item] for item in value] if isinstance(value, list) else [value]:
            try:
                decode({field.encode_name: part}, alone)
            except TomlError as error:
                yield str(error)


def dump_toml(scenario: Scenario) -> str:
    """A scenario as TOML with every default written out; loading it gives an equal scenario."""
    tables: dict[str, object] = msgspec.to_builtins(scenario)
    return tomli_w.dumps({name: _without_none(table) for name, table in tables.items() if table is not None})


def schema() -> bytes:
    """The JSON Schema of a scenario, as committed in scenarios/scenario.schema.json for editors to complete by."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A FirstToken scenario"}
    body = msgspec.json.schema(Scenario, schema_hook=lambda _: {"description": "any value, sent unchanged"})
    return msgspec.json.format(msgspec.json.encode(head | body), indent=2) + b"\n"


def _split_override(text: str) -> tuple[str, str]:
    """The key and the value of "load.users=[1, 4]". Raises ScenarioError."""
    key, equals, value = (part.strip() for part in text.partition("="))
    if not (key and equals):
        raise ScenarioError(f"--set {text}: expected KEY=VALUE such as load.users=[1, 4], got no VALUE")
    return key, value


def _override(data: dict[str, object], key: str, value: str) -> None:
    """Set one dotted key of the raw scenario, such as load.users or target.gpt-5.4.api."""
    place, rest = _target_table(data, key) if key.startswith("target.") else (data, key)
    *tables, last = rest.split(".")
    for table in tables:
        inner = place.setdefault(table, {})
        if not isinstance(inner, dict):
            got = "something else" if "headers" in key.split(".") else inner
            raise ScenarioError(f"{key}: expected {table} to be a table, got {got}")
        place = inner
    place[last] = _parse_value(key, value)


def _target_table(data: dict[str, object], key: str) -> tuple[dict[str, object], str]:
    """The table of the target that `key` ("target.NAME.rest") names, and the rest; names may hold dots."""
    targets = data.get("target")
    tables = {
        _name_target(table): table
        for table in (targets if isinstance(targets, list) else [])
        if isinstance(table, dict) and (table.get("name") or table.get("model"))
    }
    wanted = key.removeprefix("target.")
    for name in sorted(tables, key=len, reverse=True):
        if wanted.startswith(f"{name}."):
            return tables[name], wanted.removeprefix(f"{name}.")
    if wanted in tables:
        raise ScenarioError(f"{key}: expected a key of this target, such as {key}.api, got the target's name alone")
    known = one_of(tables) if tables else "the name of a target"
    hint = suggest(wanted.rpartition(".")[0], tables)
    raise ScenarioError(f"{key}: expected target.NAME.KEY with NAME {known}, got {wanted}{hint}")


def _name_target(table: Mapping[str, object]) -> str:
    """What a target is called, as far as its table can be read."""
    try:
        return str(table.get("name") or name_after(str(table.get("model"))))
    except ValueError:  # its model holds no word to be named by: decoding says so
        return str(table.get("model"))


def _parse_value(key: str, value: str) -> object:
    """A TOML value; a bare word such as responses or 2s, which TOML would refuse, is text."""
    try:
        parsed = tomllib.loads(f"value = {value}")
    except tomllib.TOMLDecodeError:
        if _BARE_WORD.fullmatch(value):
            return value
        raise ScenarioError(f'{key}: expected a TOML value such as [1, 4] or "text", got neither') from None
    if len(parsed) > 1:
        raise ScenarioError(f"{key}: expected one value, got several lines")
    return parsed["value"]


def _without_none(value: object) -> object:
    """The same tables and lists without the keys whose value is None, which TOML cannot write."""
    if isinstance(value, dict):
        return {key: _without_none(inner) for key, inner in value.items() if inner is not None}
    return [_without_none(item) for item in value] if isinstance(value, list) else value
