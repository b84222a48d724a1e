"""`make demo` ends well with any verdict, and with no failure of the tool."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.command import ROOT


@pytest.mark.parametrize(("code", "is_well"), [(0, True), (2, True), (4, True), (1, False), (130, False)])
def test_a_demo_that_came_to_a_verdict_is_no_error_of_make(tmp_path: Path, code: int, is_well: bool) -> None:
    command = tmp_path / "firsttoken"
    command.write_text(f"#!/bin/sh\nexit {code}\n")
    command.chmod(0o755)
    for name in ("pip", "ready"):
        (tmp_path / name).touch()
    words = ["make", "demo", f"BIN={tmp_path}", f"VENV_READY={tmp_path / 'ready'}"]

    done = subprocess.run(words, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False)

    assert (done.returncode == 0) == is_well, done.stderr
    assert ("is a verdict" in done.stderr) == (code in (2, 4))


def test_the_demo_can_end_in_a_decision() -> None:
    """It states a need, and what was measured once is never GO."""
    quickstart = (ROOT / "scenarios" / "quickstart.toml").read_text()

    assert "\npeak_rps = " in quickstart
    assert "\nrepeats = 2 " in quickstart
