"""What a search costs: the knee of simulators of 4, 16 and 64 slots, by search and by the whole ladder.

    python tests/benchmarks/knee.py                      # three quarters of an hour
    python tests/benchmarks/knee.py --slots 4 --top 16   # some minutes, for an impression

Rule: both are the real command on a simulator that nobody else uses, with the same levels and the same promise. The
search may spend a third of the ladder's tokens, and its answer may be one level beside the ladder's. Tokens are those
that the simulator wrote, by its own log; the search's confirmation in open loop counts as its own.
"""

import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import NamedTuple

import msgspec
import tomli_w

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from firsttoken.decide.study import study_run
from firsttoken.plan.search import grid
from firsttoken.scenario.load import Search
from firsttoken.simulator.truth import Truth
from tests.benchmarks.suite import say

SLOTS = (4, 16, 64)
MOST_TOKENS = 1 / 3
MODEL = "knee"
HIGHEST, TIMES_SLOTS = 256, 16
"""Users at the top of the ladder: so many times the slots, and never more than the highest."""
LADDER_MEASURE = "15s"
"""Of each level: an automatic window lasts longer, until its level can be decided, and costs more tokens."""
EXITS = {0, 2, 4}
"""Of a run that came to its end, whatever it found."""


class Answer(NamedTuple):
    """What a run found and what it spent."""

    knee: float | None
    """The highest level that meets the SLO."""
    tokens: int
    levels: int
    """Stages that were run in a closed loop."""


def describe_scenario(slots: int, load: dict[str, object]) -> dict[str, object]:
    """A simulator with so many slots, a queue that is never full, and an SLO that a short wait breaks."""
    simulator = {"ttft_s": 0.1, "tokens_per_s": 200.0, "slots": slots, "queue": 1000, "batch_slowdown": 0.0}
    simulator |= {"reference_input_tokens": 40, "jitter": 0.05}
    return {
        "name": "knee",
        "target": [{"model": MODEL, "prices": "unknown", "simulator": simulator}],
        "traffic": {"locustfile": "chat", "input_tokens": 40, "output_tokens": {"median": 40.0, "p95": 80.0}},
        "load": load,
        "slo": {"ttft": "200ms", "share": 0.95},
    }


def run_scenario(scenario: dict[str, object], folder: Path) -> Answer:
    """Run the command to its end and read what it left behind. Raises RuntimeError where it came to no end."""
    path, out = folder / "knee.toml", folder / "run"
    path.write_text(tomli_w.dumps(scenario), encoding="utf-8")
    words = [sys.executable, "-m", "firsttoken", "run", str(path), "--out", str(out)]
    ended = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if ended.returncode not in EXITS:
        raise RuntimeError(f"expected the run to come to its end, got exit code {ended.returncode}: {ended.stderr}")
    study = study_run(out)
    return Answer(
        knee=study.decisions[MODEL].highest_met,
        tokens=sum(truth.tokens for truth in read_truth(out / "truth" / f"{MODEL}.jsonl")),
        levels=sum(stage.by == "users" for stage in study.run.stages),
    )


def read_truth(path: Path) -> list[Truth]:
    return [msgspec.json.decode(line, type=Truth) for line in path.read_bytes().splitlines()]


def compare(slots: int, top: int | None) -> tuple[str, ...]:
    """Search and ladder on the same server: a line of the table."""
    search = {"by": "users", "from": 1, "to": top or min(HIGHEST, TIMES_SLOTS * slots)}
    levels = grid(msgspec.convert(search, Search))
    ladder = {"users": [int(level) for level in levels], "measure": LADDER_MEASURE}
    loads: list[dict[str, object]] = [{"search": search}, ladder]
    answers = []
    for load in loads:
        with tempfile.TemporaryDirectory() as place:
            answers.append(run_scenario(describe_scenario(slots, load), Path(place)))
    found, whole = answers
    near = found.knee is not None and whole.knee is not None
    apart = levels.index(found.knee or levels[0]) - levels.index(whole.knee or levels[0])
    share = found.tokens / whole.tokens
    return (
        str(slots),
        "none" if found.knee is None else f"{found.knee:g}",
        "none" if whole.knee is None else f"{whole.knee:g}",
        f"{found.levels} of {whole.levels}",
        f"{found.tokens:,}",
        f"{whole.tokens:,}",
        f"{share:.1%}",
        "pass" if near and abs(apart) <= 1 and share <= MOST_TOKENS else "MISS",
    )


HEADINGS = ("slots", "search", "ladder", "levels", "tokens searched", "tokens of the ladder", "share", "verdict")


def main() -> None:
    """Compare for every number of slots asked for, and print the table. Exits 1 where one misses."""
    parser = ArgumentParser(description="The knee of simulators, by search and by the whole ladder")
    parser.add_argument("--slots", type=int, nargs="*", default=SLOTS, help="slots of the simulators")
    parser.add_argument("--top", type=int, help="the highest level of users")
    asked = parser.parse_args()
    say("| " + " | ".join(HEADINGS) + " |")
    say("| " + " | ".join("-" * len(each) for each in HEADINGS) + " |")
    missed = False
    for slots in asked.slots:
        line = compare(slots, asked.top)
        say("| " + " | ".join(line) + " |")
        missed = missed or line[-1] == "MISS"
    sys.exit(missed)


if __name__ == "__main__":
    main()
