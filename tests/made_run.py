"""A made run: a believable run folder without a server, for the tests of everything that reads one.

It has what a real run writes: scenario.toml, manifest.json, stages.jsonl, health.jsonl and the journal, made by the
queue model of made_stage.py. The same arguments give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np
import tomli_w

from firsttoken.row import DEFINITIONS, Health, Manifest, Row, StageEvent
from tests.made_stage import LEVEL, Course, MadeStage, Plan, S, Served

MODELS = {
    "gpt-5.2-codex": Served(ttft_s=1.1, tokens_per_s=85, batch_slowdown=0.8),
    "gpt-5.4": Served(ttft_s=0.7, tokens_per_s=140, batch_slowdown=0.5),
}


def make_run(
    folder: Path,
    targets: Sequence[str] = ("gpt-5.2-codex", "gpt-5.4"),
    levels: Sequence[float] = (1, 4, 16, 64),
    *,
    course: Course = LEVEL,
    load: Mapping[str, object] | None = None,
    confirmed_at: float | None = None,
    together: bool = False,
    resumed: bool = False,
    budget: str | None = None,
    requests_per_minute: int = 0,
    seed: int = 0,
    repeats: int = 1,
    settle_s: float = 4.0,
    measure_s: float = 20.0,
    hold_s: float = 30.0,
    output_tokens: int = 128,
    input_tokens: int = 400,
    cached_share: float = 0.0,
    error_share: float = 0.01,
    cut_share: float = 0.004,
    unfinished: int = 0,
    lost: int = 0,
    hub_lag_ms: float = 0.4,
    interrupted: bool = False,
    slo: Mapping[str, object] | None = None,
    demand: Mapping[str, object] | None = None,
    models: Mapping[str, Served] | None = None,
) -> Path:
    """Write a run of these targets and levels to `folder` and return it.

    `unfinished` measured requests of every stage run into the hold deadline; `lost` measured attempts of the run have
    no end line; `interrupted` breaks the last stage off in the middle of its measure window; `models` adds to MODELS.

    `course` is that of every stage, and `load` what the scenario says of it where it is no ladder of users;
    `confirmed_at` adds an open loop at so many requests a second for each target; `together` runs the targets of a
    level at the same time; `resumed` breaks the last stage off and does it over; `budget` says which cap ended the run.
    """
    served = MODELS | dict(models or {})
    plan = Plan(
        settle_s, measure_s, hold_s, output_tokens, input_tokens, cached_share, error_share, cut_share, unfinished,
        requests_per_minute,
    )  # fmt: skip
    order = [(*turn, course) for turn in _take_turns(targets, levels, repeats)]
    if confirmed_at is not None:
        order += [(target, confirmed_at, 0, Course(by="rate", confirms=True)) for target in targets]
    order += order[-1:] if resumed else []
    broken = len(order) - 1 - resumed if interrupted or resumed else None
    stages: list[MadeStage] = []
    at = S // 2
    for number, (target, level, repeat, runs) in enumerate(order):
        stage = MadeStage(number, target, level, repeat, at, plan, served[target], seed, runs)
        stage.play(stop_in_measure=number == broken)
        stages.append(stage)
        if not together or (number + 1) % len(targets) == 0:
            at = max(stage.events[-1].at_ns for stage in stages) + S // 4
    (folder / "attempts").mkdir(parents=True, exist_ok=True)
    _write_lines(folder / "attempts" / "worker-0.jsonl", _journal(stages, lost))
    _write_lines(folder / "stages.jsonl", [event for stage in stages for event in stage.events])
    _write_lines(folder / "health.jsonl", list(_watch(stages, at, hub_lag_ms, seed)))
    manifest = _manifest(seed, targets, at, interrupted, budget)
    (folder / "manifest.json").write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
    scenario = _scenario(targets, load or {"users": list(levels)}, seed, repeats, plan)
    scenario |= {"slo": slo or {"ttft": "1.5s", "tpot": "20ms", "share": 0.95}}
    scenario |= {"demand": demand or {"requests_per_day": 31_000}}
    (folder / "scenario.toml").write_text(tomli_w.dumps(scenario), encoding="utf-8")
    return folder


def _take_turns(targets: Sequence[str], levels: Sequence[float], repeats: int) -> Iterator[tuple[str, float, int]]:
    """Order "abba": targets take turns level by level; a level that comes again is another repeat."""
    forward = True
    for repeat in range(repeats):
        for place, level in enumerate(levels):
            for target in targets if forward else reversed(targets):
                yield target, level, repeat + levels[:place].count(level)
            forward = not forward


def _journal(stages: Sequence[MadeStage], lost: int) -> list[Row]:
    rows = [row for stage in stages for _, row in sorted(stage.lines, key=lambda line: line[0])]
    ends = [place for place, row in enumerate(rows) if row.outcome is not None and row.phase == "measure"]
    for place in reversed(ends[:lost]):
        del rows[place]
    return rows


def _write_lines(path: Path, records: Sequence[Row | StageEvent | Health]) -> None:
    path.write_bytes(msgspec.json.Encoder().encode_lines(records))


def _watch(stages: Sequence[MadeStage], end: int, hub_lag_ms: float, seed: int) -> Iterator[Health]:
    rng = np.random.default_rng([seed, 99])
    spans = np.array([span for stage in stages for span in stage.busy])
    for at in range(S, end + S, S):
        now_open = spans[(spans[:, 0] <= at) & (spans[:, 1] > at)]
        lag = hub_lag_ms * float(rng.normal(1, 0.1))
        yield Health(
            worker=0, at_ns=at, in_flight=int(now_open[:, 2].sum()), users_busy=len(now_open),
            hub_lag_p50_ms=round(lag / 4, 4), hub_lag_p99_ms=round(lag, 4), hub_lag_max_ms=round(lag * 2, 4),
            cpu_share=round(0.05 + 0.004 * len(now_open), 4), rss_mb=92.0,
            read_delay_p50_ms=0.05, read_delay_p99_ms=0.3, bracketed_share=0.03,
        )  # fmt: skip


def _manifest(seed: int, targets: Sequence[str], end: int, interrupted: bool, budget: str | None) -> Manifest:
    endpoint = {"base_url": "http://127.0.0.1:40000/v1", "api": "chat", "simulated": "yes"}
    return Manifest(
        run_id="made-run",
        name="made",
        command=["firsttoken", "run", "made"],
        seed=seed,
        started_utc="2026-01-05T10:00:00Z",
        origin_monotonic_ns=5_000 * S,
        versions={"firsttoken": "0.1.0", "python": "3.11.7"},
        host={"cpus": 2, "platform": "Linux", "memory_mb": 24_000},
        endpoints={name: endpoint | {"model": name} for name in targets},
        definitions=DEFINITIONS,
        state="interrupted" if interrupted else "complete",
        budget=budget,
        ended_utc="2026-01-05T10:10:00Z",
        ended_ns=end,
    )


def _scenario(
    targets: Sequence[str], load: Mapping[str, object], seed: int, repeats: int, plan: Plan
) -> dict[str, object]:
    return {
        "name": "made",
        "seed": seed,
        "target": [{"model": name, "name": name} for name in targets],
        "traffic": {"locustfile": "chat", "input_tokens": plan.input_tokens, "output_tokens": plan.output_tokens},
        "load": {
            **load,
            "ramp": f"{plan.ramp_s:g}s",
            "settle": f"{plan.settle_s:g}s",
            **({} if "shape" in load else {"measure": f"{plan.measure_s:g}s"}),
            "hold": f"{plan.hold_s:g}s",
            "repeats": repeats,
        },
    }
