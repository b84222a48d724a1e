"""What it costs to add one of each: a file, or an entry and its function in one file, and a whole run knows it.

The package is copied, each addition is made in the copy as a person would make it, and one small run carries all of
them from its dry run to its PDF.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pypdf
import pytest

from tests.command import ROOT, firsttoken

MODEL = """
[[model]]
name = "tiny"
title = "Tiny"
vendor = "me"

[model.simulated]
ttft_s = 0.02
tokens_per_s = 500
"""
SCENARIO = """
name = "additions"

[[target]]
model = "tiny"
api = "plain"
prices = "unknown"
simulator = { faults = { error = 0.3 } }

[traffic]
locustfile = "asker"
input_tokens = 20
output_tokens = 8

[load]
shape = "sawtooth"
sawtooth = { by = "rate", low = 10, high = 40, teeth = 2, each = "1s" }
arrivals = "uniform"
ramp = "0s"
settle = "500ms"
hold = "5s"

[slo]
ttft = "2s"
share = 0.5

[retry]
policy = "patient"
"""
LOCUSTFILE = '''"""A user who asks."""

from firsttoken.locust import StreamingUser, task


class Asker(StreamingUser):
    @task
    def inquire(self) -> None:
        self.ask()
'''
PAGE = '''"""How many levels were there?"""

from firsttoken.analysis import Column, Page, Table


def build(study):
    rows = [(target, str(len(study.levels(target)))) for target in study.targets]
    table = Table((Column("Target", words=True), Column("Levels")), rows)
    return Page(slug="count", title="Count", question="How many levels?", finding="Levels were counted", table=table)
'''
REPORT = """#let data = json("report.json")
A note on #data.title, #data.pages.len() pages.
"""
DIALECT = '''"""The plain API: POST /plain, a stream of `text_completion` objects."""

import msgspec

from firsttoken.wire.dialects.chat import read_chunk_text
from firsttoken.wire.dialects.completions import read_completions
from firsttoken.wire.dialects.dialect import Dialect


def write_plain(model, prompt, max_tokens, extra_body):
    return msgspec.json.encode({"model": model, "say": prompt, "stream": True, "most": max_tokens} | dict(extra_body))


DIALECT = Dialect(
    "plain", "/plain", write_plain, read_completions, read_chunk_text, sent=("model", "say", "stream", "most"),
    question="say",
)
'''
ROUTE = '''"""The plain API, as the simulator answers it: with a completion."""

import msgspec

from firsttoken.simulator.dialects import completions
from firsttoken.simulator.dialects.dialect import Route


def read_plain(raw):
    body = msgspec.json.decode(raw)
    asked = {"model": body["model"], "prompt": body["say"], "stream": True, "max_tokens": body["most"]}
    return completions.read_ask(msgspec.json.encode(asked | {"stream_options": {"include_usage": True}}))


ROUTE = Route("/v1/plain", read_plain, completions.Answer)
'''
FILES = {
    "scenarios/additions.toml": SCENARIO,
    "scenarios/models.toml": MODEL,
    "locustfiles/asker.py": LOCUSTFILE,
    "analysis/count.py": PAGE,
    "reports/note.typ": REPORT,
}
"""What a user adds in a directory of his own: each is one file."""
NEW_FILES = {"wire/dialects/plain.py": DIALECT, "simulator/dialects/plain.py": ROUTE}
"""What a dialect takes in the package."""

Insertion = tuple[str, str]
"""A text that stands in the file once, and what is written before it."""
ENTRIES: dict[str, list[Insertion]] = {
    "plan/arrivals.py": [
        (']\n"""The keys of ARRIVALS."""', ', "uniform"'),
        (
            "def _draw_gamma(",
            """def _uniform_gaps(_cv: float, draw: Draw) -> Iterator[float]:
    \"\"\"Gaps between 0 and 2, all alike; a length-biased one has the density x/2.\"\"\"
    yield draw() * 2 * math.sqrt(draw())
    while True:
        yield 2 * draw()


""",
        ),
        (
            '}\n"""Every arrival process by',
            '    "uniform": ArrivalProcess(_uniform_gaps, 1 / math.sqrt(3), "by gaps that are uniform"),\n',
        ),
    ],
    "scenario/course.py": [
        (
            "class Shapes(",
            """class Sawtooth(LoadProfile, frozen=True, kw_only=True):
    \"\"\"From low to high in a straight line, again and again.\"\"\"

    words: ClassVar[str] = "a sawtooth up to {}"
    low: AtLeastZero
    high: AboveZero
    teeth: Annotated[int, Meta(ge=1)]
    each: Period

    @property
    def segments(self) -> tuple[Segment, ...]:
        return (Segment(parse_duration(self.each), self.low, self.high),) * self.teeth


""",
        ),
        ("\n\nclass Shape(NamedTuple)", "    sawtooth: Sawtooth | None = None\n"),
    ],
    "plan/retry.py": [
        (']\n"""The keys of POLICIES."""', ', "patient"'),
        ('}\n"""Every policy by', '    "patient": RetryPolicy(max_retries=7, base_s=0.01, cap_s=0.05),\n'),
    ],
    "row.py": [
        ("]\nRetryWord = ", '    "broken_down",\n'),
        (
            '}\n"""Every outcome with',
            '    "broken_down": OutcomeFacts(billed=False, alive=False, statuses=(500,), retried="5xx"),\n',
        ),
    ],
}
"""File of the package -> what an entry and its function take there."""
APPENDED = {
    "decide/metrics/speed.py": '''

def broken_share(data: WindowData) -> Estimate | None:
    """The share of attempts that were answered 500."""
    broken = data.attempts.outcome == "broken_down"
    return Estimate(float(broken.mean()), 0.0, 1.0, len(broken), len(broken)) if len(broken) else None


TERMS = (
    *TERMS,
    Term(
        name="Broken share", meaning="how much broke down", unit="%", formula="attempts answered 500 / attempts",
        over="attempts of the window",
        metrics={"broken_share": Metric(unit="share", label="Broken", of=OfWindow(broken_share))},
    ),
)
''',
    "decide/flags/pace.py": '''

def find_broken(data: WindowData) -> Evidence | None:
    """How many attempts were answered 500."""
    count = int((data.attempts.outcome == "broken_down").sum())
    return show(f"{count} attempts were answered 500.") if count else None


RULES["BROKE_DOWN"] = Rule("answers were 500", "nothing", lambda facts: find_broken(facts.data), shown="warning")
''',
}
"""File of the package -> an entry and its function, where the table is whole only after the file."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a copy of the package, with every entry made in it, and with a user's own files."""
    home = tmp_path_factory.mktemp("additions")
    for folder in ("firsttoken", "scenarios", "locustfiles", "analysis", "reports"):
        shutil.copytree(ROOT / folder, home / "copy" / folder, ignore=shutil.ignore_patterns("__pycache__"))
    package = home / "copy" / "firsttoken"
    for name, text in NEW_FILES.items():
        (package / name).write_text(text)
    for name, insertions in ENTRIES.items():
        (package / name).write_text(insert((package / name).read_text(), insertions))
    for name, text in APPENDED.items():
        (package / name).write_text((package / name).read_text() + text)
    for name, text in FILES.items():
        (home / "own" / name).parent.mkdir(parents=True, exist_ok=True)
        (home / "own" / name).write_text(text)
    return home


def insert(text: str, insertions: list[Insertion]) -> str:
    """The text with something written before each place, which it holds once."""
    for place, written in insertions:
        assert text.count(place) == 1, f"expected {place!r} once, got it {text.count(place)} times"
        text = text.replace(place, f"{written}{place}")
    return text


def run_copy(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of the copy, in the user's directory."""
    return firsttoken(*arguments, cwd=home / "own", PYTHONPATH=str(home / "copy"))


@pytest.fixture(scope="module")
def run(home: Path) -> Path:
    """The folder of one run that uses all of it."""
    process = run_copy(home, "run", "additions", "--out", "run")

    assert process.returncode in (0, 2, 4), process.stderr
    assert "Traceback" not in process.stderr
    return home / "own" / "run"


@pytest.fixture(scope="module")
def told(run: Path) -> str:
    """The words of its report."""
    return " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(run / "report.pdf").pages).split())


@pytest.fixture(scope="module")
def rows(run: Path) -> list[dict[str, object]]:
    """Its attempts, whose outcomes the package itself does not know."""
    lines = (run / "attempts" / "worker-0.jsonl").read_text().splitlines()
    return [row for row in map(json.loads, lines) if row.get("outcome")]


def test_the_schema_offers_each_name(home: Path) -> None:
    code = "import sys; from firsttoken.scenario.reading import schema; sys.stdout.write(schema().decode())"
    environment = {**os.environ, "PYTHONPATH": str(home / "copy")}
    written = subprocess.check_output([sys.executable, "-c", code], cwd=home / "own", env=environment, text=True)
    keys = json.loads(written)["$defs"]

    assert "uniform" in keys["Load"]["properties"]["arrivals"]["enum"]
    assert "sawtooth" in keys["Load"]["properties"]
    assert "patient" in keys["Retry"]["properties"]["policy"]["enum"]
    assert "plain" in keys["Target"]["properties"]["api"]["enum"]


def test_a_name_that_is_not_there_is_refused_with_the_new_one_among_the_known(home: Path) -> None:
    process = run_copy(home, "run", "additions", "--dry-run", "--set", "load.arrivals=unifrom")

    assert process.returncode == 1
    assert "uniform" in process.stderr


def test_the_dry_run_counts_its_arrivals_and_its_retries(home: Path) -> None:
    """10/s for 0.5 s of settling, 50 in the course, 40/s for 5 s of hold: 255, and 3 sqrt(255 / 3) more by chance."""
    process = run_copy(home, "run", "additions", "--dry-run", "--json")
    (target,) = json.loads(process.stdout)["targets"]

    assert (target["requests"], target["attempts"]) == (283, 8 * 283)


def test_a_process_a_policy_an_outcome_and_an_api_reach_the_rows(rows: list[dict[str, object]]) -> None:
    assert {row["outcome"] for row in rows} >= {"length", "broken_down"}
    assert max(row["attempt"] for row in rows) > 2


def test_the_report_says_how_requests_came_and_were_tried_again(told: str) -> None:
    assert "by gaps that are uniform" in told
    assert "a sawtooth up to 40 requests/s" in told
    assert "Up to 7 retries after" in told


def test_the_report_has_the_outcome_the_flag_the_metric_and_the_page(told: str) -> None:
    assert "broken_down" in told
    assert "BROKE_DOWN" in told
    assert "Broken share" in told
    assert "Levels were counted" in told


def test_the_summary_has_the_metric(run: Path) -> None:
    assert "broken_share" in (run / "summary.json").read_text()


def test_a_kind_of_report_is_a_file(home: Path, run: Path) -> None:
    process = run_copy(home, "report", "run", "--kind", "note", "--out", "note.pdf")

    assert process.returncode == 0, process.stderr
    assert "A note on" in pypdf.PdfReader(home / "own" / "note.pdf").pages[0].extract_text()
