"""A run folder, opened: its manifest, stages, health and attempts, with what is wrong with it said in `notes`.

Rule: reading adds attempts.parquet and alters nothing that a run wrote. A folder of an interrupted or killed run opens
like any other.
"""

import difflib
from pathlib import Path
from typing import TypeVar

import duckdb
import msgspec
import numpy as np
from numpy.typing import NDArray

from firsttoken.decoding.unreadable import UNREADABLE
from firsttoken.error import RunFolderError
from firsttoken.results import database
from firsttoken.results.columns import ADDED, DERIVED, TYPES, Columns, absent, as_numpy, selected, unmasked
from firsttoken.results.gather import NAME, gather, read_notes
from firsttoken.results.invariants import FIRST_BROKEN, IMPOSSIBLE, RULES
from firsttoken.results.lines import describe, read_lines
from firsttoken.results.stage import Stage, gather_stages
from firsttoken.results.truth import load_truth
from firsttoken.row import ROW_VERSION, Health, Manifest, StageEvent

TABLES = ("attempts", "quarantined", "stages", "health", "truth")
"""What a query may ask."""

Record = TypeVar("Record", bound=msgspec.Struct)


class Run:
    """What a run left behind. Made by `open_run`; attempts are read on demand, so a run of any size opens."""

    def __init__(self, path: Path, manifest: Manifest, notes: list[str]) -> None:
        self.path = path
        self.manifest = manifest
        self.notes = list(notes)
        """What a reader must know: unreadable lines, attempts without an end, rows set aside."""
        self.stages: list[Stage] = gather_stages(self._read("stages.jsonl", StageEvent))
        self.health: list[Health] = self._read("health.jsonl", Health)
        self.missing: dict[int, int] = {}
        """Stage -> by how many rows its journal differs from what was counted as started; only where it does."""
        self._database = database.connect()
        self._make_views()
        self._record_attempts()

    @property
    def complete(self) -> bool:
        """Whether the run came to its planned end."""
        return self.manifest.state == "complete"

    @property
    def studied(self) -> list[Stage]:
        """The stages that figures are made of: all but those that a later one did over."""
        return [stage for stage in self.stages if stage.done_over_by is None]

    def attempts(self, *columns: str, where: str = "", order: str = "") -> Columns:
        """Columns of the attempts as numpy arrays of one length, by name; no names: all columns.

        Absent numbers are nan in float64 arrays, anything else absent is None in object arrays (see columns.py, also
        for what can be read beside the columns of a row).
        where and order are SQL over the columns of a row; without order, rows come as the file has them, which is
        always the same. Raises RunFolderError for an unknown column and a condition that DuckDB refuses.
        """
        names = columns or tuple(TYPES)
        if unknown := [name for name in names if name not in TYPES and name not in DERIVED]:
            known = ", ".join((*TYPES, *DERIVED))
            raise RunFolderError(f"expected columns of an attempt, got {unknown}; they are: {known}")
        query = f"SELECT {', '.join(map(selected, names))} FROM numbered"
        query += f" WHERE {where}" if where else ""
        query += f" ORDER BY {order}" if order else ""
        try:
            fetched = self._database.execute(query).fetchnumpy()
        except duckdb.Error as error:
            raise RunFolderError(f"expected conditions on attempts, got {query!r}: {database.reason(error)}") from error
        return {name: as_numpy(name, fetched[name]) for name in names}

    def count_values(self, *columns: str, where: str) -> dict[str, dict[str, int]]:
        """Column of texts -> how many attempts that match `where` hold each of its values, the most frequent first."""
        parts = (
            f"SELECT {place} AS place, {name} AS value, count(*) AS times FROM numbered "
            f"WHERE ({where}) AND {name} IS NOT NULL GROUP BY ALL"
            for place, name in enumerate(columns)
        )
        counts: dict[str, dict[str, int]] = {name: {} for name in columns}
        query = f"SELECT place, value, times FROM ({' UNION ALL '.join(parts)}) ORDER BY place, times DESC, value"
        for place, value, times in self._database.execute(query).fetchall():
            counts[columns[place]][value] = times
        return counts

    def set_aside(self, where: str) -> dict[str, int]:
        """What is impossible, in words -> how many attempts that match `where` were set aside for it first of all."""
        query = f"SELECT {FIRST_BROKEN} AS place, count(*) FROM quarantined WHERE {where} GROUP BY ALL ORDER BY place"
        return {list(RULES)[place]: count for place, count in self._database.execute(query).fetchall()}

    def gaps(self, first: int, last: int, where: str) -> NDArray[np.int64]:
        """The gaps of those attempts between two rows of the file, both included, end to end in its order. In us."""
        query = f"SELECT unnest(gaps_us) AS gap FROM numbered WHERE file_row BETWEEN {first} AND {last} AND ({where})"
        gaps: NDArray[np.int64] = self._database.execute(query).fetchnumpy()["gap"]
        return gaps

    def compare_truth(self, where: str) -> Columns:
        """Measured against true, of the attempts whose server logged its own truth and that match `where`.

        `first_token_ns`: the measured arrival less the server's write; `decode_ns` and `true_decode_ns`: from first
        to last token, as measured and as written. Empty arrays where there is no truth.
        """
        query = (
            "SELECT (a.first_token_ns - t.first_token_ns)::DOUBLE AS first_token_ns, "
            "(a.last_token_ns - a.first_token_ns)::DOUBLE AS decode_ns, "
            "(t.last_token_ns - t.first_token_ns)::DOUBLE AS true_decode_ns, a.sent_ns::DOUBLE AS sent_ns "
            f"FROM (SELECT * FROM attempts WHERE {where}) a JOIN truth t ON a.server_request_id = t.request_id "
            "WHERE a.first_token_ns IS NOT NULL AND t.first_token_ns IS NOT NULL ORDER BY a.sent_ns"
        )
        fetched = self._database.execute(query).fetchnumpy()
        return {name: unmasked(column) for name, column in fetched.items()}

    def sql(self, query: str) -> tuple[list[str], list[tuple[object, ...]]]:
        """Column names and rows of one SELECT over attempts, quarantined, stages, health and truth.

        Nothing can be written and no other file read. Raises RunFolderError, in one sentence, for anything else.
        """
        try:
            statements = duckdb.extract_statements(query)
            if [statement.type for statement in statements] != [duckdb.StatementType.SELECT]:
                raise RunFolderError(f"expected one SELECT (or FROM, DESCRIBE, SUMMARIZE), got {query!r}")
            answer = self._database.execute(query)
            return [column[0] for column in answer.description or []], answer.fetchall()
        except duckdb.CatalogException as error:
            tables = self._name_tables(query)
            message = f"{database.reason(error)}{tables}" if tables else database.advise(error)
            raise RunFolderError(f"the query failed: {message}") from error
        except duckdb.Error as error:
            raise RunFolderError(f"the query failed: {database.advise(error)}") from error

    def _name_tables(self, query: str) -> str:
        """What there is to ask, for a query that named another table, and the one that it may have meant."""
        try:
            wrong = sorted(duckdb.get_table_names(query, connection=self._database) - set(TABLES))
        except duckdb.Error:
            wrong = []
        near = [match for name in wrong for match in difflib.get_close_matches(name, TABLES, n=1)]
        hint = f'; did you mean "{near[0]}"?' if near else ""
        return f" The tables are {', '.join(TABLES)}{hint}" if wrong else ""

    def close(self) -> None:
        """Let go of the database and what it spilled; also done when the run is garbage."""
        self._database.close()

    def _read(self, name: str, kind: type[Record]) -> list[Record]:
        path = self.path / name
        if not path.exists():
            self.notes.append(f"{name} is missing.")
            return []
        records, damage = read_lines(path, kind)
        self.notes += describe(damage, name)
        return records

    def _make_views(self) -> None:
        file = (self.path / NAME).resolve()
        source = f"read_parquet({database.pattern(file)})"
        rows = f"SELECT *, {self._fill_absent(source)}file_row_number AS file_row FROM {source}"
        self._database.execute(f"CREATE VIEW quarantined AS SELECT * EXCLUDE file_row FROM ({rows}) WHERE {IMPOSSIBLE}")
        self._quarantined = self._count("quarantined")
        possible = f" WHERE NOT ({IMPOSSIBLE})" if self._quarantined else ""
        self._database.execute(f"CREATE VIEW numbered AS {rows}{possible}")
        self._database.execute("CREATE VIEW attempts AS SELECT * EXCLUDE file_row FROM numbered")
        database.load(self._database, "stages", Stage, self.stages)
        database.load(self._database, "health", Health, self.health)
        load_truth(self._database, self.path, self.manifest.origin_monotonic_ns)
        database.lock(self._database, file)

    def _fill_absent(self, source: str) -> str:
        """The columns that an earlier version did not write, as NULL."""
        present = {column for column, *_ in self._database.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}
        return "".join(f"{absent(name)}, " for name in TYPES if name in ADDED - present)

    def _record_attempts(self) -> None:
        if not self.complete:
            self.notes.append(f"The run did not finish (its manifest says: {self.manifest.state}).")
        if lost := self._count("attempts WHERE outcome = 'lost'"):
            self.notes.append(
                f"{_number(lost, 'attempt has', 'attempts have')} a start but no end in the journal: "
                f"{'its' if lost == 1 else 'their'} outcome is `lost`."
            )
        if self._quarantined:
            counts = ", ".join(f"count(*) FILTER (WHERE {predicate})" for predicate in RULES.values())
            [broken] = self._database.execute(f"SELECT {counts} FROM quarantined").fetchall()
            reasons = ", ".join(f"{name} ({count})" for name, count in zip(RULES, broken, strict=True) if count)
            set_aside = _number(self._quarantined, "impossible attempt is", "impossible attempts are")
            self.notes.append(f"{set_aside} set aside and in no result: {reasons}.")
        rows = "SELECT stage FROM attempts UNION ALL SELECT stage FROM quarantined"
        of_stage = dict(self._database.execute(f"SELECT stage, count(*) FROM ({rows}) GROUP BY stage").fetchall())
        for stage in self.stages:
            missing = _count_missing(stage, rows := of_stage.get(stage.stage, 0))
            if missing:
                self.missing[stage.stage] = missing
                self.notes.append(_describe_missing(stage, rows))
        self.notes += [_describe_done_over(stage) for stage in self.stages if stage.done_over_by is not None]

    def _count(self, rows: str) -> int:
        (count,) = self._database.execute(f"SELECT count(*) FROM {rows}").fetchall()[0]
        return int(count)


def _count_missing(stage: Stage, rows: int) -> int:
    """How far the rows of a stage are from its attempts that were counted as started.

    A stage whose end was never written may have started more after its last boundary, and a load process that was lost
    more than it had reported.
    """
    uncounted = stage.end_ns is None or stage.workers_lost > 0
    return 0 if uncounted and rows > stage.started else abs(stage.started - rows)


def _describe_missing(stage: Stage, rows: int) -> str:
    started = _number(stage.started, "attempt", "attempts")
    return f"{_name(stage)} counted {started} as started, and the journal has {rows}."


def _describe_done_over(stage: Stage) -> str:
    why = f" ({stage.reason})" if stage.reason else ""
    return f"{_name(stage)} was interrupted{why} and repeated by stage {stage.done_over_by}: it is in no result."


def _name(stage: Stage) -> str:
    return f"stage {stage.stage} ({stage.target}, level {stage.level:g}, repeat {stage.repeat})"


def _number(number: int, one: str, many: str) -> str:
    """ "1 attempt has", "2 attempts have"."""
    return f"{number} {one if number == 1 else many}"


def _read_manifest(folder: Path) -> Manifest:
    path = folder / "manifest.json"
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except OSError as error:
        is_folder = folder.is_dir() and not path.exists()
        got = "a folder without one" if is_folder else error.strerror if not folder.exists() else "something else"
        raise RunFolderError(
            f"{folder}: expected a run folder with a manifest.json, got {got}; `firsttoken run` creates one and "
            "prints its path"
        ) from error
    except UNREADABLE as error:
        raise RunFolderError(
            f"expected the manifest of a run in {path}, got: {error}; it was changed or damaged"
        ) from error
    if manifest.row_version > ROW_VERSION:
        raise RunFolderError(
            f"expected rows of version {ROW_VERSION} or older in {folder}, got {manifest.row_version}; "
            "a newer firsttoken reads them"
        )
    return manifest


def open_run(path: Path | str) -> Run:
    """Open the run folder at path, gathering its journals first where that is still to be done.

    Raises RunFolderError where it is no run, where it was written by a later version, or where the gathered rows cannot
    be written beside the journals.
    """
    folder = Path(path)
    manifest = _read_manifest(folder)
    notes = read_notes(folder)
    if notes is None:
        notes = gather(folder)
    try:
        return Run(folder, manifest, notes)
    except (OSError, duckdb.Error) as error:
        raise RunFolderError(f"expected a readable run in {folder}, got: {database.reason(error)}") from error
