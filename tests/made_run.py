"""A made run: a believable run folder without a server, for the tests of everything that reads one.

It has what a real run writes: scenario.toml, manifest.json, stages.jsonl, health.jsonl and the journal, made by the
queue model of made_stage.py. The same arguments give the same bytes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
import tomli_w

from firsttoken.row import DEFINITIONS, Health, Manifest, Row, StageEvent
from tests.made_stage import LEVEL, Answers, Course, MadeStage, S, Served, Turn, Windows

MODELS = {
    "gpt-5.2-codex": Served(ttft_s=1.1, tokens_per_s=85, batch_slowdown=0.8),
    "gpt-5.4": Served(ttft_s=0.7, tokens_per_s=140, batch_slowdown=0.5),
}


@dataclass(frozen=True)
class Order:
    """Which stages a run has beside one for each target and level, and how they follow each other."""

    repeats: int = 1
    course: Course = LEVEL
    """Of every stage."""
    confirmed_at: float | None = None
    """Adds an open loop at so many requests a second for each target."""
    together: bool = False
    """Runs the targets of a level at the same time."""


@dataclass(frozen=True)
class Client:
    """How the process that sent the load fared."""

    hub_lag_ms: float = 0.4
    lost: int = 0
    """Measured attempts that have no end line."""
    interrupted: bool = False
    """Breaks the last stage off in the middle of its measure window."""
    resumed: bool = False
    """Breaks the last stage off and does it over."""
    budget: str | None = None
    """Which cap ended the run."""


def make_run(
    folder: Path,
    targets: Sequence[str] = ("gpt-5.2-codex", "gpt-5.4"),
    levels: Sequence[float] = (1, 4, 16, 64),
    *,
    order: Order = Order(),
    windows: Windows = Windows(),  # noqa: B008
    answers: Answers = Answers(),  # noqa: B008
    client: Client = Client(),
    **scenario: object,
) -> Path:
    """Write a run of these targets and levels to `folder` and return it.

    `scenario` holds keys of scenario.toml that differ, such as `seed`, `slo`, `demand`, or `load` where it is no ladder
    of users; `models`, the one key that is not written there, says how targets beside MODELS answer.
    """
    served = MODELS | scenario.pop("models", {})
    seed = scenario.get("seed", 0)
    stages: list[MadeStage] = []
    at = S // 2
    turns = list(_take_turns(targets, levels, order))
    turns += turns[-1:] if client.resumed else []
    broken = len(turns) - 1 - client.resumed if client.interrupted or client.resumed else None
    for number, turn in enumerate(turns):
        stage = MadeStage(replace(turn, stage=number, begin=at), windows, answers, served[turn.target], seed)
        stage.play(stop_in_measure=number == broken)
        stages.append(stage)
        if not order.together or (number + 1) % len(targets) == 0:
            at = max(stage.events[-1].at_ns for stage in stages) + S // 4
    (folder / "attempts").mkdir(parents=True, exist_ok=True)
    _write_lines(folder / "attempts" / "worker-0.jsonl", _journal(stages, client.lost))
    _write_lines(folder / "stages.jsonl", [event for stage in stages for event in stage.events])
    _write_lines(folder / "health.jsonl", list(_watch(stages, at, client.hub_lag_ms, seed)))
    manifest = _manifest(seed, targets, at, client)
    (folder / "manifest.json").write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
    load = _load(scenario.pop("load", {"users": list(levels)}), windows, order.repeats)
    text = tomli_w.dumps(_scenario(targets, answers) | {"load": load} | scenario)
    (folder / "scenario.toml").write_text(text, encoding="utf-8")
    return folder


def _take_turns(targets: Sequence[str], levels: Sequence[float], order: Order) -> Iterator[Turn]:
    """Order "abba": targets take turns level by level; a level that comes again is another repeat."""
    forward = True
    for repeat in range(order.repeats):
        for place, level in enumerate(levels):
            for target in targets if forward else reversed(targets):
                yield Turn(0, target, level, repeat + levels[:place].count(level), 0, order.course)
            forward = not forward
    if order.confirmed_at is not None:
        for target in targets:
            yield Turn(0, target, order.confirmed_at, 0, 0, Course(by="rate", confirms=True))


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


def _manifest(seed: int, targets: Sequence[str], end: int, client: Client) -> Manifest:
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
        state="interrupted" if client.interrupted else "complete",
        budget=client.budget,
        ended_utc="2026-01-05T10:10:00Z",
        ended_ns=end,
    )


def _scenario(targets: Sequence[str], answers: Answers) -> dict[str, object]:
    return {
        "name": "made",
        "seed": 0,
        "target": [{"model": name, "name": name} for name in targets],
        "traffic": {"locustfile": "chat", "input_tokens": answers.input_tokens, "output_tokens": answers.output_tokens},
        "slo": {"ttft": "1.5s", "tpot": "20ms", "share": 0.95},
        "demand": {"requests_per_day": 31_000},
    }


def _load(asked: Mapping[str, object], windows: Windows, repeats: int) -> dict[str, object]:
    return {
        **asked,
        "ramp": f"{windows.ramp_s:g}s",
        "settle": f"{windows.settle_s:g}s",
        **({} if "shape" in asked else {"measure": f"{windows.measure_s:g}s"}),
        "hold": f"{windows.hold_s:g}s",
        "repeats": repeats,
    }
