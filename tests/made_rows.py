"""A run of any size, written straight to `attempts.parquet`: endurance wants rows by the million, and wants them soon.

Rule: each row is a function of its stage and number alone, so that no row waits for another and none stays in memory.
The users of a stage are never idle: one's next request is intended at the moment when the last one ended.
"""

from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec
import tomli_w

from firsttoken.results.columns import TYPES
from firsttoken.results.database import connect, quoted
from firsttoken.results.gather import ROWS_PER_GROUP
from firsttoken.row import Health, Manifest, StageEvent

S = 1_000_000_000
TARGETS = ("gpt-5.4", "gpt-5.2-codex")
LEVELS = (64, 128, 256, 512, 1024)
REPEATS = 2
WORKERS = 4
PERIOD_NS = 1_000_000_000
"""Between the beginnings of a user's requests, give or take an eighth."""
PACE_MS = 7.0
"""Promised between two tokens: streams take 4.5 to 6.5 ms, and one gap in 2,000 takes 60 ms more."""
BEGINS = {"ramp": 0.0, "settle": 0.02, "measure": 0.05, "hold": 0.95, "end": 1.0}
"""Phase -> where in its stage it begins."""


class Plan(NamedTuple):
    """One stage of so many requests, a turn of all users after the other."""

    stage: int
    target: str
    level: int
    repeat: int
    requests: int
    begins_ns: int

    @property
    def turns(self) -> int:
        return -(-self.requests // self.level)

    def at_ns(self, phase: str) -> int:
        return self.begins_ns + int(self.turns * PERIOD_NS * BEGINS[phase])


DRAWN = f"""
SELECT *, (number % level)::BIGINT AS user, number // level AS turn,
    unnest(if(number % 50 = 7, [1, 2], [1])) AS attempt,
    begins_ns + turn * {PERIOD_NS} + (hash(stage, user, turn) % {PERIOD_NS // 8})::BIGINT AS asked_ns,
    begins_ns + (turn + 1) * {PERIOD_NS} + (hash(stage, user, turn + 1) % {PERIOD_NS // 8})::BIGINT - 1000 AS over_ns,
    CASE WHEN number % 50 = 7 AND attempt = 1 THEN 'rate_limited' WHEN number % 100 = 5 THEN 'http_5xx'
        WHEN number % 200 = 3 THEN 'truncated' ELSE 'length' END AS outcome,
    outcome IN ('length', 'truncated') AS streams,
    if(streams, list_transform(range(40 + (hash(number, stage) % 40)::BIGINT), lambda each:
        (3_000 + hash(number) % 2_000 + hash(number, stage, each) % 3_000
         + if(hash(each, number, stage) % 2_000 = 0, 60_000, 0))::BIGINT), []) AS gaps_us
FROM (SELECT *, unnest(range(requests)) AS number FROM plan)
"""
"""A row per attempt. One request in 50 is refused before it is served, one in 100 fails, one in 200 breaks off."""

MARKED = """
SELECT *, asked_ns + if(attempt = 2, 50_000_000, 0) AS intended_ns, intended_ns + 30_000 AS sent_ns,
    if(outcome = 'rate_limited', intended_ns + 2_000_000, over_ns) AS end_ns,
    if(streams, end_ns - 20_000, NULL) AS last_token_ns,
    last_token_ns - 1000 * list_sum(gaps_us)::BIGINT AS first_token_ns
FROM drawn
"""

VALUES: dict[str, str] = {
    "run_id": "'made-rows'",
    "phase": "CASE WHEN asked_ns < settle_ns THEN 'ramp' WHEN asked_ns < measure_ns THEN 'settle' "
    "WHEN asked_ns < hold_ns THEN 'measure' ELSE 'hold' END",
    "worker": f"user % {WORKERS}",
    "request_id": "stage || '-' || user || '-' || turn",
    "prompt_id": "'prompt-' || number",
    "uploaded_ns": "sent_ns + 8_000",
    "headers_ns": "coalesce(first_token_ns, end_ns) - 15_000",
    "first_event_ns": "first_token_ns - 10_000",
    "first_token_early_ns": "first_token_ns - 5_000",
    "first_visible_ns": "first_token_ns",
    "stamp": "if(streams, 'kernel', NULL)",
    "connection_reused": "turn > 0",
    "http_status": "CASE outcome WHEN 'rate_limited' THEN 429 WHEN 'http_5xx' THEN 500 ELSE 200 END",
    "finish_reason": "if(outcome = 'length', 'length', NULL)",
    "error": "if(outcome = 'length', NULL, 'planned: the error of request ' || number)",
    "backoff_ms": "if(outcome = 'rate_limited', 47.97, NULL)",
    "input_tokens": "if(outcome = 'length', 400, NULL)",
    "cached_tokens": "if(outcome = 'length', 0, NULL)",
    "output_tokens": "if(outcome = 'length', len(gaps_us) + 1, NULL)",
    "reasoning_tokens": "if(outcome = 'length', 0, NULL)",
    "token_source": "if(outcome = 'length', 'usage', NULL)",
    "events": "if(streams, len(gaps_us) + 3, 0)",
    "token_events": "if(streams, len(gaps_us) + 1, 0)",
    "bytes_received": "240 * len(gaps_us)",
    "server_request_id": "'srv-' || stage || '-' || number || '-' || attempt",
    "resends": "0",
    "checks": "[]",
}
"""Column -> its expression; what is missing here is a column of that name, or absent."""
TAKEN = (
    "target", "stage", "level", "repeat", "user", "turn", "attempt", "intended_ns", "sent_ns", "first_token_ns",
    "last_token_ns", "end_ns", "outcome", "gaps_us",
)  # fmt: skip


ASKED = ("run_id", "target", "stage", "level", "repeat", "phase", "worker", "user", "request_id", "attempt", "turn",
         "prompt_id", "intended_ns")  # fmt: skip
"""What a start line says."""


def make_rows(folder: Path, requests: int, levels: Sequence[int] = LEVELS, *, journals: bool = False) -> Path:
    """Write a run of so many requests, and 2 % more attempts, to `folder`; its rows in journals, if asked for."""
    folder.mkdir(parents=True, exist_ok=True)
    plans = list(_plan(requests, levels))
    rows = folder / "attempts.parquet"
    with connect() as connection:
        query = (
            f"COPY ({_write_query(plans)}) TO {quoted(str(rows))} (COMPRESSION zstd, ROW_GROUP_SIZE {ROWS_PER_GROUP})"
        )
        connection.execute(query)
        counted = f"SELECT stage, count(*) FROM read_parquet({quoted(str(rows))}) GROUP BY stage"
        started: dict[int, int] = dict(connection.execute(counted).fetchall())
        if journals:
            (folder / "attempts").mkdir()
            for worker in range(WORKERS):
                connection.execute(_write_journal(rows, worker, folder / "attempts" / f"worker-{worker}.jsonl"))
            rows.unlink()
    _write_lines(folder / "stages.jsonl", _mark_stages(plans, started))
    _write_lines(folder / "health.jsonl", _watch(plans))
    (folder / "manifest.json").write_bytes(msgspec.json.encode(_manifest(plans)))
    (folder / "scenario.toml").write_text(tomli_w.dumps(_scenario(levels)), encoding="utf-8")
    return folder


def _plan(requests: int, levels: Sequence[int]) -> Iterator[Plan]:
    stages = list(product(TARGETS, levels, range(REPEATS)))
    at = S
    for number, (target, level, repeat) in enumerate(stages):
        plan = Plan(number, target, level, repeat, requests // len(stages), at)
        yield plan
        at = plan.at_ns("end") + 2 * S


def _write_query(plans: Sequence[Plan]) -> str:
    values = ", ".join(
        f"({plan.stage}, '{plan.target}', {plan.level}, {plan.repeat}, {plan.requests}, {plan.begins_ns}::BIGINT, "
        f"{plan.at_ns('settle')}, {plan.at_ns('measure')}, {plan.at_ns('hold')})"
        for plan in plans
    )
    names = "stage, target, level, repeat, requests, begins_ns, settle_ns, measure_ns, hold_ns"
    columns = ", ".join(
        f'({VALUES.get(name, name if name in TAKEN else "NULL")})::{kind} AS "{name}"' for name, kind in TYPES.items()
    )
    return (
        f"WITH plan({names}) AS (VALUES {values}), drawn AS ({DRAWN}), marked AS ({MARKED}) "
        f"SELECT {columns} FROM marked"
    )


def _write_journal(rows: Path, worker: int, journal: Path) -> str:
    """The statement that writes a worker's journal: the start line of each attempt, then its end line; no nulls."""
    asked = ", ".join(f'"{name}": {name}' for name in ASKED)
    lines = f"[to_json({{{asked}}}), json_merge_patch('{{}}', to_json(rows))]"
    query = f"SELECT unnest({lines}) FROM read_parquet({quoted(str(rows))}) AS rows WHERE worker = {worker}"
    return f"COPY ({query}) TO {quoted(str(journal))} (FORMAT csv, HEADER false, QUOTE '', DELIMITER '\t')"


def _mark_stages(plans: Sequence[Plan], started: dict[int, int]) -> Iterator[StageEvent]:
    phases: tuple[Literal["ramp", "settle", "measure", "hold", "end"], ...]
    phases = ("ramp", "settle", "measure", "hold", "end")
    for plan in plans:
        for phase in phases:
            yield StageEvent(
                stage=plan.stage, target=plan.target, level=float(plan.level), repeat=plan.repeat, event=phase,
                at_ns=plan.at_ns(phase), users=plan.level, started=started[plan.stage] if phase == "end" else 0,
            )  # fmt: skip


def _watch(plans: Sequence[Plan]) -> Iterator[Health]:
    """A line of each worker each second, at ease."""
    for second in range(plans[-1].at_ns("end") // S):
        for worker in range(WORKERS):
            yield Health(
                worker=worker, at_ns=second * S, in_flight=100, users_busy=100, hub_lag_p50_ms=0.1, hub_lag_p99_ms=0.5,
                hub_lag_max_ms=1.5, cpu_share=0.6, rss_mb=95.0, read_delay_p50_ms=0.05, read_delay_p99_ms=0.3,
                bracketed_share=0.03,
            )  # fmt: skip


def _write_lines(path: Path, records: Iterator[msgspec.Struct]) -> None:
    path.write_bytes(msgspec.json.Encoder().encode_lines(records))


def _manifest(plans: Sequence[Plan]) -> Manifest:
    return Manifest(
        run_id="made-rows",
        name="made-rows",
        command=["firsttoken", "run", "made-rows"],
        seed=0,
        started_utc="2026-01-05T10:00:00Z",
        origin_monotonic_ns=0,
        versions={"firsttoken": "0.1.0"},
        host={"cpus": 2},
        endpoints={name: {"base_url": "http://127.0.0.1:40000/v1", "api": "chat", "model": name} for name in TARGETS},
        state="complete",
        workers=WORKERS,
        ended_ns=plans[-1].at_ns("end"),
    )


def _scenario(levels: Sequence[int]) -> dict[str, object]:
    return {
        "name": "made-rows",
        "target": [{"model": name, "name": name} for name in TARGETS],
        "traffic": {"locustfile": "chat", "input_tokens": 400, "output_tokens": 60},
        "load": {"users": list(levels), "repeats": REPEATS},
        "slo": {"ttft": "1.5s", "tpot": f"{PACE_MS:g}ms", "share": 0.95},
        "demand": {"requests_per_day": 31_000},
    }
