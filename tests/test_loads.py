"""docs/loads.md: every example is a scenario that runs, and every picture is one that draw.py draws."""

import re
import tomllib
from pathlib import Path

import pytest
import tomli_w

from firsttoken.scenario.reading import load_scenario

PAGE = Path(__file__).parent.parent / "docs" / "loads.md"
BASE = """
name = "made"
[[target]]
model = "gpt-5.4"
[traffic]
locustfile = "chat"
"""
TRACE = ["TIMESTAMP,ContextTokens,GeneratedTokens", *(f"2026-03-01 10:00:{second:02},400,128" for second in range(60))]
LENGTHS = {"input_tokens": 400, "output_tokens": 128}
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_a_scenario(example, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("azure.csv").write_text("\n".join(TRACE))
    scenario, written = tomllib.loads(BASE), tomllib.loads(example)
    scenario["traffic"] |= written.pop("traffic", LENGTHS)
    Path("made.toml").write_text(tomli_w.dumps({"load": {}} | scenario | written))

    assert load_scenario(Path("made.toml"))


def test_every_picture_is_there_and_every_one_that_is_there_is_shown():
    shown = set(re.findall(r"!\[[^]]+\]\(loads/(.*?)\)", PAGE.read_text()))

    assert shown == {path.name for path in (PAGE.parent / "loads").glob("*.svg")}
